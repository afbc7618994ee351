"""Kværnø's stiff scheme as a diffrax solver whose stages are solved, and differentiated, in JAX.

An ESDIRK scheme of order 5(4) with seven stages, the first explicit, the others each a root z of

    z − p − dt γ f(t + c_i dt, z) = 0,    p = y + dt Σ_{j<i} a_ij k_j,    k_i = (z − p)/(dt γ),

found by Newton's method with the Jacobian at the step's start, factorised once per step. The
derivative of a root is that of the implicit function theorem. Diffrax's own solver of this name
leaves run-time checks of its linear solves in the gradient, which call the host; and it gives up
on many stages that converge, and so takes four to eleven times as many steps at the same tolerance
(Lorenz96, van der Pol, Robertson), for errors smaller than were asked for.
"""

from collections.abc import Callable
from typing import Any, ClassVar

import diffrax
import equinox as eqx
import jax
import jax.lax as lax
import jax.numpy as jnp
import jax.scipy.linalg as jsl
import numpy as np
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Bool, Float, PyTree

from ._fixed import combine

_TABLEAU: Any = diffrax.Kvaerno5.tableau
_STAGES = len(_TABLEAU.b_sol)
_GAMMA = float(_TABLEAU.a_diagonal[1])
_MATRIX = np.zeros((_STAGES, _STAGES))
_PREDICTOR = np.zeros((_STAGES, _STAGES))
for _i in range(1, _STAGES):
    _MATRIX[_i, :_i] = _TABLEAU.a_lower[_i - 1]
    _PREDICTOR[_i, :_i] = _TABLEAU.a_predictor[_i - 1]
_TIMES = np.asarray([0.0, *_TABLEAU.c])

# A stage is solved to this fraction of the tolerance of a step, so that its error does not count,
# or to rounding where that is more.
_FRACTION = 1e-3
_MAX_ITERATIONS = 10


class Kvaerno5(diffrax.AbstractAdaptiveSolver):
    """Order 5, L-stable, stiffly accurate; error estimate of order 4.

    A step whose stages do not converge has an infinite error, and so is rejected.

    Source: Kværnø, BIT 44, 2004, doi:10.1023/B:BITN.0000046811.70614.38.

    Arguments:
        rtol: relative tolerance of a step.
        atol: absolute tolerance of a step [units of the state].
    """

    rtol: float
    atol: float

    term_structure: ClassVar = diffrax.AbstractTerm
    interpolation_cls: ClassVar = diffrax.LocalLinearInterpolation

    def order(self, terms: Any) -> int:  # noqa: ARG002
        """Of convergence."""
        return 5

    def init(self, terms: Any, t0: Any, t1: Any, y0: PyTree, args: Any) -> None:  # noqa: ARG002
        """Nothing is carried from step to step."""
        return

    def func(self, terms: Any, t0: Any, y0: PyTree, args: Any) -> PyTree:
        """The vector field."""
        return terms.vf(t0, y0, args)

    def step(
        self,
        terms: Any,
        t0: Any,
        t1: Any,
        y0: PyTree,
        args: Any,
        solver_state: None,
        made_jump: Any,  # noqa: ARG002
    ) -> Any:
        """One step from t0 to t1, with its error estimate."""
        start, unravel = ravel_pytree(y0)
        t0, dt = jnp.asarray(t0, start.dtype), jnp.asarray(t1 - t0, start.dtype)

        def field(t: Array, y: Array) -> Array:
            return ravel_pytree(terms.vf(t, unravel(y), args))[0]

        jacobian = jax.jacfwd(lambda y: field(t0, y))(start)
        identity = jnp.eye(start.size, dtype=start.dtype)
        factors = jsl.lu_factor(lax.stop_gradient(identity - dt * _GAMMA * jacobian))

        def stage(ks: Array, coefficients: Any) -> tuple[Array, Bool[Array, ""]]:
            time, row, predictor, i = coefficients
            base = start + dt * combine(row, ks)

            def residual(z: Array) -> Array:
                return z - base - dt * _GAMMA * field(t0 + time * dt, z)

            guess = base + dt * _GAMMA * combine(predictor, ks)
            z, converged = _root(residual, guess, factors, self._size)
            return ks.at[i].set((z - base) / (dt * _GAMMA)), converged

        first = jnp.zeros((_STAGES, start.size), start.dtype).at[0].set(field(t0, start))
        constants = [jnp.asarray(c[1:], start.dtype) for c in (_TIMES, _MATRIX, _PREDICTOR)]
        ks, converged = lax.scan(stage, first, (*constants, jnp.arange(1, _STAGES)))
        end = start + dt * combine(jnp.asarray(_TABLEAU.b_sol, start.dtype), ks)
        error = dt * combine(jnp.asarray(_TABLEAU.b_error, start.dtype), ks)
        # Diffrax shrinks the step by this error, if what it compares it with is finite.
        solved = jnp.all(converged)
        error = unravel(jnp.where(solved, error, jnp.inf))
        y1 = unravel(jnp.where(solved, end, start))
        return y1, error, {"y0": y0, "y1": y1}, solver_state, diffrax.RESULTS.successful

    def _size(self, change: Array, z: Array) -> Array:
        """The largest change, in what a stage may be wrong by: see `_FRACTION`."""
        allowed = _FRACTION * (self.atol + self.rtol * jnp.abs(z))
        rounding = 16 * jnp.finfo(z.dtype).eps * jnp.max(jnp.abs(z))
        return jnp.max(jnp.abs(change) / (allowed + rounding))


class _Newton(eqx.Module):
    z: Float[Array, " size"]
    change: Float[Array, ""]
    rate: Float[Array, ""]
    iterations: Any


def _root(
    residual: Callable[[Array], Array], guess: Array, factors: Any, size: Callable[..., Array]
) -> tuple[Array, Bool[Array, ""]]:
    """The root of `residual` next to `guess`, and whether it was reached."""

    def iterate(residual: Callable[[Array], Array], guess: Array) -> tuple[Array, Any]:
        def undecided(state: _Newton) -> Array:
            contracts = (state.iterations < 2) | (state.rate < 1)
            return ~done(state) & contracts & (state.iterations < _MAX_ITERATIONS)

        def improve(state: _Newton) -> _Newton:
            change = jsl.lu_solve(factors, residual(state.z))
            z = state.z - change
            now = size(change, z)
            return _Newton(z, now, now / state.change, state.iterations + 1)

        infinite = jnp.asarray(jnp.inf, guess.dtype)
        start = _Newton(guess, infinite, infinite, jnp.asarray(0))
        last = lax.while_loop(undecided, improve, start)
        # As a number, since custom_root gives whatever comes beside the root a tangent like it.
        return last.z, done(last).astype(guess.dtype)

    def done(state: _Newton) -> Array:
        # After a change d at the rate r, d r/(1 − r) is left.
        left = state.change * state.rate / (1 - state.rate)
        predicted = (state.iterations >= 2) & (state.rate < 1) & (left < 1)
        return predicted | (state.change < 0.1)

    def tangent(linear: Callable[[Array], Array], right: Array) -> Array:
        return jnp.linalg.solve(jax.jacfwd(linear)(jnp.zeros_like(right)), right)

    z, converged = lax.custom_root(residual, guess, iterate, tangent, has_aux=True)
    return z, converged > 0
