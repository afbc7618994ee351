"""Checks of optimizers, data and observers, and of any component as a module."""
