"""Several solvers on one problem: run side by side, and shown as a table or a figure."""

from ._compare import compare as compare
from ._comparison import Comparison as Comparison
from ._comparison import Row as Row
from ._correlation import error_of_mean as error_of_mean
from ._decision import Decision as Decision
from ._decision import Pair as Pair
