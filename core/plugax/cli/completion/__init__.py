"""What may follow on a command line, within a tenth of a second and without JAX.

The scripts of the shells call `plugax completion` at every <TAB>; `_answer` answers from what is
known, `_known` keeps that in a file, and `_gather` makes the file in the background.
"""

from ._answer import answer as answer
from ._known import file as file
from ._known import is_current as is_current
from ._known import read as read
