"""The no-U-turn sampler."""

from typing import Any

import equinox as eqx
import jax.numpy as jnp
from blackjax.mcmc import hmc, nuts
from jaxtyping import PRNGKeyArray, PyTree

from ._energy import energy
from ._sampler import AbstractSampler, Density, Metrics
from ._tuning import Tuned, Tuning


class NUTS(AbstractSampler):
    """Hamiltonian Monte Carlo whose trajectories grow until they turn back.

    Draws are taken from a trajectory by their weights (multinomial), and it doubles until its ends
    approach each other, also within its halves. Hoffman and Gelman 2014,
    https://jmlr.org/papers/v15/hoffman14a.html; Betancourt 2017, arXiv:1701.02434. The transition
    is blackjax's.

    Arguments:
        warmup: the number of steps that learn step size and mass matrix.
        target: the mean probability of acceptance; nearer to 1, steps are smaller.
        dense: a full mass matrix instead of a diagonal one, for unknowns that are correlated.
        doublings: the most doublings of a trajectory, of 2ᵏ − 1 steps then.

    Errors: `ValueError` for a warm-up below 0, a target outside (0, 1), doublings below 1.
    """

    warmup: int = eqx.field(static=True, default=1000)
    target: float = 0.8
    dense: bool = eqx.field(static=True, default=False)
    doublings: int = eqx.field(static=True, default=10)

    def __check_init__(self):
        if self.doublings < 1:
            raise ValueError(f"doublings must be at least 1; got {self.doublings}.")

    @property
    def tuning(self) -> Tuning:
        """The rules of the warm-up."""
        return Tuning(self.target, self.dense)

    def first(self, density: Density, unknowns: PyTree) -> hmc.HMCState:
        """The first place, with the log-density and its gradient."""
        return hmc.init(unknowns, density)

    def move(
        self, density: Density, place: hmc.HMCState, tuned: Tuned, key: PRNGKeyArray
    ) -> tuple[hmc.HMCState, Metrics]:
        """One trajectory."""
        kernel: Any = nuts.build_kernel()
        start = place
        place, told = kernel(
            key, place, density, tuned.step_size, tuned.inverse_mass, self.doublings
        )
        return place, {
            "acceptance": told.acceptance_rate,
            "divergent": told.is_divergent,
            "energy": energy(start, told.momentum, tuned),
            "gradients": jnp.asarray(told.num_integration_steps, "int32"),
        }
