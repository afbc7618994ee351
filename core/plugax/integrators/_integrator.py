"""The interface of integrators: a trajectory on an even grid of times, and what follows from it."""

import abc
from collections.abc import Callable, Sequence
from typing import Any, Literal

from jaxtyping import Array, ArrayLike, Float, PyTree, Real

from ._any import AbstractAnyIntegrator
from ._at import states_at
from ._path import AbstractPath, cubic_path
from ._until import Crossing, first_crossing

VectorField = Callable[[Float[Array, ""], PyTree], PyTree]
"""`field(t, y)` gives dy/dt; an `eqx.Module` with parameters of its own as a rule."""


class AbstractIntegrator(AbstractAnyIntegrator):
    """Advances dy/dt = f(t, y) in time.

    A scheme brings `trajectory`. All else is made of it, and may be replaced by something better.

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

    def at(
        self,
        field: VectorField,
        y0: PyTree,
        times: Real[ArrayLike, " times"] | Sequence[Any],
        *,
        substeps: int,
        t0: float | Float[Array, ""] = 0.0,
    ) -> PyTree:
        """The states at any times, one after the other.

        Every interval, from t0 to the first time and from each to the next, is `substeps` equal
        time steps: so every time is hit, none is interpolated, and times may be traced.

        Arguments:
            field: the vector field f(t, y).
            y0: the state at t0.
            times: in the order of integration, away from t0; equal ones are allowed.
            substeps: time steps from one of the times to the next.
            t0: the time of y0.

        Returns:
            the pytree of y0 with a leading axis of the size of `times` on every array.

        Errors: `PlugaxError` if the times are none, or known and not in order.

        Laws: differentiable as `trajectory` is, and in the times.
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
        """The solution from t0 to t0 + `steps` dt as a function of time, `path(t)`.

        Cubic in every time step, unless a scheme knows better.

        Arguments:
            field: the vector field f(t, y).
            y0: the state at t0.
            dt: the time step; adaptive schemes take it as their first guess.
            steps: number of time steps.
            t0: the time of y0.

        Returns:
            a module that is called with one time; `jax.vmap(path)` takes several. Outside of its
            times the state is NaN.
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

        Signs are compared from time step to time step, so two crossings within one are not seen.
        The time is then found to rounding, by time steps that end at it. Zero at t0 is no crossing.

        Arguments:
            field: the vector field f(t, y).
            event: a real number that changes its sign at what is looked for.
            y0: the state at t0.
            dt: the time step, also of the search.
            steps: most time steps, all of which are made.
            t0: the time of y0.
            direction: which crossings count: from below zero ("up"), from above ("down"), or both.

        Returns:
            a `Crossing`: whether it `happened`, its `time` and its `state`; time and state are the
            last ones where it did not.

        Errors: `PlugaxError` if the event is no real number; ValueError for the direction.

        Laws: differentiable as `trajectory` is, by the implicit function theorem.
        """
        return first_crossing(
            self.trajectory, field, event, y0, dt=dt, steps=steps, t0=t0, direction=direction
        )
