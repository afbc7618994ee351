"""A step of a saved run, once more: what it computed, and where it came to nothing finite."""

from ._operation import Operation as Operation
from ._operation import Range as Range
from ._replay import Leaf as Leaf
from ._replay import Replay as Replay
from ._replay import replay as replay
