"""Compiles programs, places arrays on devices and runs solvers; no other code does."""

from ._breach import find_breach as find_breach
from ._data_time import data_seconds as data_seconds
from ._device import find_device as find_device
from ._implicit import Implicit as Implicit
from ._implicit import implicit as implicit
from ._length import Length as Length
from ._load import figures_of as figures_of
from ._load import load as load
from ._race import Race as Race
from ._range import Range as Range
from ._recipe import recipe_of as recipe_of
from ._recipe import recipe_with_parts as recipe_with_parts
from ._resolve import fitting as fitting
from ._resolve import resolve as resolve
from ._resume import resume as resume
from ._saved_sweep import CLUSTER as CLUSTER
from ._saved_sweep import is_unfinished as is_unfinished
from ._solve import solve as solve
from ._sweep import sweep as sweep
from ._unrolled import Unrolled as Unrolled
from ._unrolled import unrolled as unrolled
