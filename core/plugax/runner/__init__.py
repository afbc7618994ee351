"""Compiles, places and runs: the only code that does."""

from ._load import load as load
from ._resume import resume as resume
from ._solve import solve as solve
from ._sweep import sweep as sweep
