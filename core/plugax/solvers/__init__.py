"""Solvers find the unknowns of a problem."""

from ._solver import AbstractSolver as AbstractSolver
from ._solver import Problem as Problem
from ._solver import State as State
