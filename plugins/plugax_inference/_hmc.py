"""Hamiltonian Monte Carlo with trajectories of one length."""

from typing import Any

import equinox as eqx
import jax.numpy as jnp
from blackjax.mcmc import hmc
from jaxtyping import PRNGKeyArray, PyTree

from ._energy import energy
from ._sampler import AbstractSampler, Density, Metrics
from ._tuning import Tuned, Tuning


class HMC(AbstractSampler):
    """Hamiltonian Monte Carlo: a trajectory of so many leapfrog steps, then a Metropolis test.

    All chains do the same work in every step, which suits many chains on an accelerator. Duane,
    Kennedy, Pendleton and Roweth 1987, doi 10.1016/0370-2693(87)91197-X; Neal 2011,
    arXiv:1206.1901. The transition is blackjax's.

    Arguments:
        warmup: the number of steps that learn step size and mass matrix.
        target: the mean probability of acceptance.
        dense: a full mass matrix instead of a diagonal one.
        leapfrogs: the number of leapfrog steps of a trajectory.

    Errors: `ValueError` for a warm-up below 0, a target outside (0, 1), no leapfrog steps.
    """

    warmup: int = eqx.field(static=True, default=1000)
    target: float = 0.8
    dense: bool = eqx.field(static=True, default=False)
    leapfrogs: int = eqx.field(static=True, default=10)

    def __check_init__(self):
        if self.leapfrogs < 1:
            raise ValueError(f"leapfrogs must be at least 1; got {self.leapfrogs}.")

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
        kernel: Any = hmc.build_kernel()
        start = place
        place, told = kernel(
            key, place, density, tuned.step_size, tuned.inverse_mass, self.leapfrogs
        )
        return place, {
            "acceptance": told.acceptance_rate,
            "divergent": told.is_divergent,
            "energy": energy(start, told.momentum, tuned),
            "gradients": jnp.asarray(self.leapfrogs, "int32"),
        }
