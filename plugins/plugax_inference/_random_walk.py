"""Metropolis's random walk."""

from typing import Any

import equinox as eqx
import jax.numpy as jnp
import jax.random as jr
from blackjax.mcmc import random_walk
from jax.flatten_util import ravel_pytree
from jaxtyping import PRNGKeyArray, PyTree

from ._sampler import AbstractSampler, Density, Metrics
from ._tuning import Tuned, Tuning


class RandomWalk(AbstractSampler):
    """A normal step with the covariance ε² C, then a Metropolis test; no gradients are needed.

    ε and the diagonal or full C are learnt. Metropolis et al. 1953, doi 10.1063/1.1699114; the
    target of Roberts, Gelman and Gilks 1997, doi 10.1214/aoap/1034625254. The transition is
    blackjax's.

    Arguments:
        warmup: the number of steps that learn ε and C.
        target: the mean probability of acceptance.
        dense: a full C instead of a diagonal one.

    Errors: `ValueError` for a warm-up below 0, a target outside (0, 1).
    """

    warmup: int = eqx.field(static=True, default=1000)
    target: float = 0.234
    dense: bool = eqx.field(static=True, default=False)

    @property
    def tuning(self) -> Tuning:
        """The rules of the warm-up."""
        return Tuning(self.target, self.dense)

    def first(self, density: Density, unknowns: PyTree) -> random_walk.RWState:
        """The first place, with its log-density."""
        return random_walk.init(unknowns, density)

    def move(
        self, density: Density, place: random_walk.RWState, tuned: Tuned, key: PRNGKeyArray
    ) -> tuple[random_walk.RWState, Metrics]:
        """One move."""

        def normal(key: PRNGKeyArray, position: PyTree) -> PyTree:
            flat, unravel = ravel_pytree(position)
            noise = jr.normal(key, flat.shape, flat.dtype)
            root = (
                jnp.linalg.cholesky(tuned.inverse_mass) @ noise
                if self.dense
                else jnp.sqrt(tuned.inverse_mass) * noise
            )
            return unravel(tuned.step_size * root)

        kernel: Any = random_walk.build_additive_step()
        place, told = kernel(key, place, density, normal)
        return place, {"acceptance": told.acceptance_rate}
