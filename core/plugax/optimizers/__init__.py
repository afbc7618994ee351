"""Optimizers turn gradients into updates."""

from ._optimizer import AbstractOptimizer as AbstractOptimizer
