"""The problem `NEW_name`: a curved valley, a classic hard minimum."""

from typing import ClassVar

import jax
import jax.numpy as jnp
from plugax import AbstractProblem


class NEW_class(AbstractProblem):
    """Minimise Σ a (y[i+1] − y[i]²)² + (1 − y[i])²; the minimum is at y = 1.

    Arguments:
        size: number of unknowns.
        steepness: the factor a of the valley's walls.

    Source: Rosenbrock 1960, doi 10.1093/comjnl/3.3.175.
    """

    # Recommended solvers, best first, each with recommended options.
    recipes: ClassVar = {
        "bfgs": {"rtol": 1e-5, "atol": 1e-5},
        "gradient": {"optimizer": {"name": "adam", "learning_rate": 0.05}, "steps": 5000},
    }

    size: int = 2
    steepness: float = 100.0

    def init(self, key):
        return jax.random.normal(key, (self.size,))

    def loss(self, unknowns, batch, key):
        y, ahead = unknowns[:-1], unknowns[1:]
        return jnp.sum(self.steepness * (ahead - y**2) ** 2 + (1 - y) ** 2), {}

    def evaluate(self, unknowns):
        return {"distance": jnp.linalg.norm(unknowns - 1)}

    def reference(self):
        return jnp.ones(self.size)
