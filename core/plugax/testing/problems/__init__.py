"""Checks of problems: types and shapes, numbers, whole runs, figures, derivatives of models."""
