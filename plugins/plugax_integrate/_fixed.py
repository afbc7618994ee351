"""Explicit Runge–Kutta schemes in fixed steps: a scan over steps, within it a scan over stages.

The stages are a loop, too. Written out in Python, a step is a long program that XLA compiles slowly
and, on the CPU, runs operation by operation; a stage is a short one. If every stage depends only on
the previous one (all schemes up to the classical one), a stage carries only its own state and the
sum of the tendencies so far; otherwise it carries all tendencies.
"""

from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.lax as lax
import jax.numpy as jnp
from jaxtyping import Array, Float, PyTree

from plugax import AbstractIntegrator

from ._loop import loop
from ._state import VectorField, state_and_times, tendency
from ._tableau import BOSH3, EULER, HEUN, MIDPOINT, RALSTON, RK4, Tableau


class ExplicitRungeKutta(AbstractIntegrator):
    """y_{n+1} = y_n + dt Σ b_i k_i in steps of dt, whatever the error.

    Laws: those of `AbstractIntegrator`, in forward and in reverse mode, to any order. A trajectory
    that overflows becomes infinite or NaN from there on.

    Arguments:
        tableau: the scheme's coefficients.
        rematerialise: compute each step again in reverse mode instead of storing its results: this
            needs less memory, and is faster if memory is the limit (ensembles, long windows), but
            takes one more evaluation of the field per stage.
    """

    tableau: Tableau = eqx.field(static=True)
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
        """The states every `every` steps of dt; see `AbstractIntegrator.trajectory`.

        Errors: `PlugaxError` if `every` does not divide `steps`, or state or tendency is invalid.
        """
        y0, dt, starts = state_and_times(y0, dt=dt, steps=steps, every=every, t0=t0)
        step = self._step(field, dt, {leaf.dtype for leaf in jax.tree.leaves(y0)})
        return loop(step, y0, starts, every=every, rematerialise=self.rematerialise)

    def _step(self, field: VectorField, dt: Array, dtypes: set[Any]) -> Callable[..., PyTree]:
        """The function (y, t) → y after dt; coefficients times dt are computed outside loops."""

        def scale(coefficients: Any) -> dict[str, Array]:
            return {d.name: dt.astype(d) * jnp.asarray(coefficients, d) for d in dtypes}

        tableau = self.tableau
        times = dt * jnp.asarray(tableau.c, dt.dtype)
        weights = scale(tableau.b)
        following = tableau.next_from_last
        if following is not None:
            return _sequential_step(field, times, scale(following), weights)
        return _general_step(field, times, scale(tableau.matrix), weights)


def _sequential_step(field: VectorField, times: Array, following: Any, weights: Any) -> Any:
    """A step whose stages each depend on the previous one only."""

    def step(y: PyTree, start: Array) -> PyTree:
        def stage(carry: tuple[PyTree, PyTree], coefficients: Any) -> tuple[Any, None]:
            here, total = carry
            time, a, b = coefficients
            k = tendency(field, start + time, here)
            here = jax.tree.map(lambda y, k: y + a[k.dtype.name] * k, y, k)
            total = jax.tree.map(lambda total, k: total + b[k.dtype.name] * k, total, k)
            return (here, total), None

        (_, total), _ = lax.scan(stage, (y, y), (times, following, weights))
        return total

    return step


def _general_step(field: VectorField, times: Array, matrix: Any, weights: Any) -> Any:
    """A step whose stages may depend on all earlier stages; later stages count as zero."""

    def step(y: PyTree, start: Array) -> PyTree:
        def plus(row: dict[str, Array], ks: PyTree) -> PyTree:
            return jax.tree.map(lambda y, k: y + combine(row[k.dtype.name], k), y, ks)

        def stage(ks: PyTree, coefficients: Any) -> tuple[PyTree, None]:
            time, row, i = coefficients
            k = tendency(field, start + time, plus(row, ks))
            return jax.tree.map(lambda ks, k: ks.at[i].set(k), ks, k), None

        stages = times.shape[0]
        none = jax.tree.map(lambda y: jnp.zeros((stages, *y.shape), y.dtype), y)
        ks, _ = lax.scan(stage, none, (times, matrix, jnp.arange(stages)))
        return plus(weights, ks)

    return step


def combine(row: Array, ks: Array) -> Array:
    """Σ_j row_j k_j, as a sum: as a matrix product, accelerators would round it to half precision.

    Arguments:
        row: a coefficient per stage.
        ks: a tendency per stage, along the leading axis.
    """
    return jnp.sum(row.reshape(-1, *(1,) * (ks.ndim - 1)) * ks, axis=0)


def factory_of(tableau: Tableau) -> Callable[..., ExplicitRungeKutta]:
    """The factory that is registered for a tableau, documented."""

    def make(rematerialise: bool = False) -> ExplicitRungeKutta:
        return ExplicitRungeKutta(tableau, rematerialise)

    make.__name__ = make.__qualname__ = tableau.name
    make.__doc__ = f"""{tableau.title}

    Arguments:
        rematerialise: compute each step again in reverse mode instead of storing its results; for
            ensembles and long windows.
    """
    return make


euler = factory_of(EULER)
heun = factory_of(HEUN)
midpoint = factory_of(MIDPOINT)
ralston = factory_of(RALSTON)
bosh3 = factory_of(BOSH3)
rk4 = factory_of(RK4)
