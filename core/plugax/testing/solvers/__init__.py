"""Checks of solvers: of single steps, and of runs."""
