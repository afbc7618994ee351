"""The no-U-turn sampler."""

from typing import Any

import equinox as eqx
from blackjax.mcmc import nuts

from ._hamiltonian import AbstractHamiltonian


class NUTS(AbstractHamiltonian):
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
    def kernel(self) -> Any:
        """blackjax's."""
        return nuts.build_kernel()

    @property
    def length(self) -> int:
        """The most doublings."""
        return self.doublings
