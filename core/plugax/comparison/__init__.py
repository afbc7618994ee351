"""Several solvers on one problem: run side by side, and shown as a table or a figure."""

from ._compare import compare as compare
from ._comparison import Comparison as Comparison
from ._comparison import Row as Row
