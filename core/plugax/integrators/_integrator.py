"""The interface of integrators: a trajectory on an even grid of times."""

import abc
from collections.abc import Callable

import equinox as eqx
from jaxtyping import Array, Float, PyTree

VectorField = Callable[[Float[Array, ""], PyTree], PyTree]
"""`field(t, y)` gives dy/dt; an `eqx.Module` with parameters of its own as a rule."""


class AbstractIntegrator(eqx.Module):
    """Advances dy/dt = f(t, y) in time.

    Laws: differentiable in `y0`, in the parameters of `field` and in `dt`, with the exact gradient
    of what was computed; `steps` of a trajectory cost compile time once, whatever their number.
    """

    @abc.abstractmethod
    def trajectory(
        self,
        field: VectorField,
        y0: PyTree,
        *,
        dt: float | Float[Array, ""],
        steps: int,
        every: int = 1,
        t0: float | Float[Array, ""] = 0.0,
    ) -> PyTree:
        """The states at t0 + `every` dt, t0 + 2 `every` dt, …, t0 + `steps` dt.

        Arguments:
            field: the vector field f(t, y).
            y0: the state at t0, any pytree of arrays.
            dt: the time step; adaptive schemes take it as their first guess.
            steps: number of time steps, a multiple of `every`.
            every: time steps from one state that is kept to the next.
            t0: the time of y0.

        Returns:
            the pytree of y0 with a leading axis of size `steps // every` on every array.
        """
