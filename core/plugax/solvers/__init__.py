"""Solvers find the unknowns of a problem."""

from ._solver import AbstractSolver as AbstractSolver
