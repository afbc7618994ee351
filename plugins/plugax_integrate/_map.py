"""Models whose time is discrete: a loop over x_{n+1} = f(t_n, x_n)."""

from typing import Any, ClassVar

import equinox as eqx
from jaxtyping import Array, Float, PyTree

from plugax import AbstractIntegrator, PlugaxError

from ._loop import loop
from ._state import VectorField, state_and_times, tendency


class Map(AbstractIntegrator):
    """x_{n+1} = f(t_n, x_n): the model itself computes the next state; for discrete time.

    It is for maps, populations by generation, and models with their own time-stepping scheme. There
    is no state between two steps, so `dense` and `until` are errors.

    Laws: those of `AbstractIntegrator`, with the map in place of the differential equation.

    Arguments:
        rematerialise: compute each step again in reverse mode instead of storing its results; for
            ensembles and long windows.
    """

    # For code that would otherwise use f(t, x) as a tendency, or choose another dt.
    discrete: ClassVar[bool] = True

    rematerialise: bool = eqx.field(static=True, default=False)

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
        """The states after every `every` steps; dt only defines the times passed to the map.

        Errors: `PlugaxError` if `every` does not divide `steps`, or the next state does not have
        the form of the state.
        """
        y0, dt, starts = state_and_times(y0, dt=dt, steps=steps, every=every, t0=t0)
        return loop(
            lambda y, start: tendency(field, start, y),
            y0,
            starts,
            every=every,
            rematerialise=self.rematerialise,
        )

    def dense(self, *arguments: Any, **grid: Any) -> Any:  # noqa: ARG002
        """Not to be had.

        Errors: `PlugaxError`, always.
        """
        raise PlugaxError("A map has no states between its steps; use `trajectory`.")

    def until(self, *arguments: Any, **grid: Any) -> Any:  # noqa: ARG002
        """Not to be had.

        Errors: `PlugaxError`, always.
        """
        raise PlugaxError("A map has no states between its steps; search in its `trajectory`.")
