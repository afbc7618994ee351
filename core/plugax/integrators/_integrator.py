"""The interface of integrators: trajectories on an even grid of times, and what builds on them."""

import abc
from collections.abc import Callable, Sequence
from typing import Any, Literal

from jaxtyping import Array, ArrayLike, Float, PyTree, Real

from ._any import AbstractAnyIntegrator
from ._at import states_at
from ._path import AbstractPath, cubic_path
from ._until import Crossing, first_crossing

VectorField = Callable[[Float[Array, ""], PyTree], PyTree]
"""`field(t, y)` gives dy/dt; usually an `eqx.Module` with parameters."""


class AbstractIntegrator(AbstractAnyIntegrator):
    """Advances dy/dt = f(t, y) in time.

    A scheme defines `trajectory`. The other methods use it, and may be overridden by better ones.

    Laws: differentiable with respect to `y0`, the parameters of `field` and `dt`, with the exact
    gradient of what was computed; compile time does not depend on the number of `steps`.
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

    def at(
        self,
        field: VectorField,
        y0: PyTree,
        times: Real[ArrayLike, " times"] | Sequence[Any],
        *,
        substeps: int,
        t0: float | Float[Array, ""] = 0.0,
    ) -> PyTree:
        """The states at given times.

        Every interval, from t0 to the first time and from each time to the next, is divided into
        `substeps` equal time steps. So every time is reached exactly, without interpolation, and
        the times may be traced.

        Arguments:
            field: the vector field f(t, y).
            y0: the state at t0.
            times: the times, in the order of integration, away from t0; equal ones are allowed.
            substeps: the number of time steps from one of the times to the next.
            t0: the time of y0.

        Returns:
            the pytree of y0 with a leading axis of the size of `times` on every array.

        Errors: `PlugaxError` if there are no times, or if they are known and not in order.

        Laws: differentiable as `trajectory` is, and also with respect to the times.
        """
        return states_at(self.trajectory, field, y0, times, substeps=substeps, t0=t0)

    def dense(
        self,
        field: VectorField,
        y0: PyTree,
        *,
        dt: float | Float[Array, ""],
        steps: int,
        t0: float | Float[Array, ""] = 0.0,
    ) -> AbstractPath:
        """Dense output: the path of the solution from t0 to t0 + `steps` dt, `path(t)`.

        Cubic in every time step, unless a scheme overrides this.

        Arguments:
            field: the vector field f(t, y).
            y0: the state at t0.
            dt: the time step; adaptive schemes take it as their first guess.
            steps: number of time steps.
            t0: the time of y0.

        Returns:
            a module that is called with one time; `jax.vmap(path)` takes several. Outside the range
            of its times, the state is NaN.
        """
        return cubic_path(self.trajectory, field, y0, dt=dt, steps=steps, t0=t0)

    def until(
        self,
        field: VectorField,
        event: Callable[[Float[Array, ""], PyTree], Float[Array, ""]],
        y0: PyTree,
        *,
        dt: float | Float[Array, ""],
        steps: int,
        t0: float | Float[Array, ""] = 0.0,
        direction: Literal["both", "up", "down"] = "both",
    ) -> Crossing:
        """The first time at which `event(t, y)` crosses zero, and the state then.

        Signs are compared from time step to time step, so two crossings within one time step are
        not detected. The time is then found to rounding, by a time step that ends there. A zero at
        t0 does not count as a crossing.

        Arguments:
            field: the vector field f(t, y).
            event: a function that gives a real number, which changes its sign at the event.
            y0: the state at t0.
            dt: the time step, also of the search.
            steps: the maximum number of time steps, all of which are computed.
            t0: the time of y0.
            direction: which crossings count: from below zero ("up"), from above ("down"), or both.

        Returns:
            a `Crossing`: whether it `happened`, its `time` and its `state`; if it did not happen,
            the last time and state.

        Errors: `PlugaxError` if the event is not a real number; `ValueError` for an invalid
        direction.

        Laws: differentiable as `trajectory` is, by the implicit function theorem.
        """
        return first_crossing(
            self.trajectory, field, event, y0, dt=dt, steps=steps, t0=t0, direction=direction
        )
