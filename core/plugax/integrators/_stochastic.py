"""The interface of integrators of stochastic differential equations."""

import abc
from collections.abc import Callable

from jaxtyping import Array, Float, PRNGKeyArray, PyTree

from ._any import AbstractAnyIntegrator

Coefficient = Callable[[Float[Array, ""], PyTree], PyTree]
"""`drift(t, y)` or `diffusion(t, y)`; usually an `eqx.Module` with parameters."""


class AbstractStochasticIntegrator(AbstractAnyIntegrator):
    """Advances dy = f(t, y) dt + g(t, y) dW in time, with Brownian motions W.

    Laws: the noise of a time step depends only on the key and the number of the step, so the
    sample path is the same for the same key, whatever `every`; each is differentiable with respect
    to `y0`, the parameters of drift and diffusion, and `dt`.
    """

    @abc.abstractmethod
    def trajectory(
        self,
        drift: Coefficient,
        diffusion: Coefficient,
        y0: PyTree,
        *,
        key: PRNGKeyArray,
        dt: float | Float[Array, ""],
        steps: int,
        every: int = 1,
        t0: float | Float[Array, ""] = 0.0,
    ) -> PyTree:
        """The states at t0 + `every` dt, t0 + 2 `every` dt, …, t0 + `steps` dt.

        Arguments:
            drift: f(t, y), with the structure and shapes of y.
            diffusion: g(t, y). With the structure and shapes of y, every number of the state has a
                Brownian motion of its own (diagonal noise). With one more axis at the end of every
                array, that axis numbers Brownian motions which the whole state shares (general
                noise).
            y0: the state at t0, any pytree of real arrays.
            key: the random key for the noise.
            dt: the time step, positive.
            steps: number of time steps, a multiple of `every`.
            every: time steps from one state that is kept to the next.
            t0: the time of y0.

        Returns:
            the pytree of y0 with a leading axis of size `steps // every` on every array.
        """
