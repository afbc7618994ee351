"""Finds a problem's unknowns."""

from ._solver import AbstractSolver as AbstractSolver
