"""What samplers by Hamiltonian trajectories have in common."""

import abc
from typing import Any

import equinox as eqx
import jax.numpy as jnp
from blackjax.mcmc import hmc
from jaxtyping import PRNGKeyArray, PyTree

from ._energy import energy
from ._sampler import AbstractSampler, Density, Metrics
from ._tuning import Tuned, Tuning


class AbstractHamiltonian(AbstractSampler):
    """A sampler whose transition is a trajectory with a random momentum.

    A subclass says blackjax's `kernel`, and its last argument, `length`.
    """

    dense: eqx.AbstractVar[bool]

    @property
    @abc.abstractmethod
    def kernel(self) -> Any:
        """The transition."""

    @property
    @abc.abstractmethod
    def length(self) -> int:
        """What bounds a trajectory: leapfrog steps, or doublings."""

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
        step = tuned.step_size, tuned.inverse_mass
        following, told = self.kernel(key, place, density, *step, self.length)
        return following, {
            "acceptance": told.acceptance_rate,
            "divergent": told.is_divergent,
            "energy": energy(place, told.momentum, tuned),
            "gradients": jnp.asarray(told.num_integration_steps, "int32"),
        }
