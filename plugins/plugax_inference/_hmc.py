"""Hamiltonian Monte Carlo with trajectories of one length."""

from typing import Any

import equinox as eqx
from blackjax.mcmc import hmc

from ._hamiltonian import AbstractHamiltonian


class HMC(AbstractHamiltonian):
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
    def kernel(self) -> Any:
        """blackjax's."""
        return hmc.build_kernel()

    @property
    def length(self) -> int:
        """The number of leapfrog steps."""
        return self.leapfrogs
