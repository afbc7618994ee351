"""Kinds of problem: the laws of each, and reference problems for testing solvers of the kind."""
