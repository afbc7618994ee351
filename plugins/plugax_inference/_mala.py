"""Langevin's diffusion, adjusted."""

from typing import Any

import equinox as eqx
from blackjax.mcmc import mala
from jaxtyping import PRNGKeyArray, PyTree

from ._sampler import AbstractSampler, Density, Metrics
from ._tuning import Tuned


class MALA(AbstractSampler):
    """The Metropolis-adjusted Langevin algorithm: u + ε ∇ℓ + (2ε)^½ noise, then a Metropolis test.

    Roberts and Tweedie 1996, doi 10.2307/3318418; the target of Roberts and Rosenthal 1998,
    doi 10.1111/1467-9868.00123. The transition is blackjax's.

    Arguments:
        warmup: the number of steps that learn the step size ε.
        target: the mean probability of acceptance.

    Errors: `ValueError` for a warm-up below 0, a target outside (0, 1).
    """

    warmup: int = eqx.field(static=True, default=1000)
    target: float = 0.574

    def first(self, density: Density, unknowns: PyTree) -> mala.MALAState:
        """The first place, with the log-density and its gradient."""
        return mala.init(unknowns, density)

    def move(
        self, density: Density, place: mala.MALAState, tuned: Tuned, key: PRNGKeyArray
    ) -> tuple[mala.MALAState, Metrics]:
        """One move."""
        kernel: Any = mala.build_kernel()
        place, told = kernel(key, place, density, tuned.step_size)
        return place, {"acceptance": told.acceptance_rate}
