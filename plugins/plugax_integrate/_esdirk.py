"""Kværnø's stiff schemes as diffrax solvers whose stages are solved, and differentiated, in JAX.

ESDIRK schemes, the first stage explicit, each of the others a root z of

    z − p − dt γ f(t + c_i dt, z) = 0,    p = y + dt Σ_{j<i} a_ij k_j,    k_i = (z − p)/(dt γ),

found by Newton's method with the Jacobian at the step's start, factorised once per step. The
derivative of a root is that of the implicit function theorem. diffrax's own solvers of these names
leave run-time checks of their linear solves in the gradient, which call the host, and are slower.
With `optx.Chord` as their root finder they take about as many steps as these.
"""

import dataclasses
from typing import Any, ClassVar

import diffrax
import equinox as eqx
import jax
import jax.lax as lax
import jax.numpy as jnp
import jax.scipy.linalg as jsl
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Bool, PyTree

from ._fixed import combine
from ._newton import Residual, root
from ._tableau import Row

# A stage is solved to this fraction of the tolerance of a step, so that its error does not count,
# or to rounding where that is more.
_FRACTION = 1e-3


@dataclasses.dataclass(frozen=True)
class ImplicitTableau:
    """The coefficients of an ESDIRK scheme; hashable.

    Arguments:
        order: the order of convergence.
        gamma: γ, the diagonal of a, except for the first stage.
        a: a row per stage; its own coefficient and later ones are zero.
        predictor: the rows for the first guess of each stage.
        b: the weights of the stages.
        error: the weights of the error estimate.
        c: the time of each stage, in steps from the step's start.
    """

    order: int
    gamma: float
    a: tuple[Row, ...]
    predictor: tuple[Row, ...]
    b: Row
    error: Row
    c: Row


def _tableau_of(solver: Any, order: int) -> ImplicitTableau:
    """The coefficients that a diffrax solver has."""
    theirs = solver.tableau
    stages = len(theirs.b_sol)

    def square(rows: Any) -> tuple[Row, ...]:
        filled = [[], *(list(map(float, row)) for row in rows)]
        return tuple((*row, *(0.0,) * (stages - len(row))) for row in filled)

    return ImplicitTableau(
        order,
        float(theirs.a_diagonal[1]),
        square(theirs.a_lower),
        square(theirs.a_predictor),
        tuple(map(float, theirs.b_sol)),
        tuple(map(float, theirs.b_error)),
        (0.0, *map(float, theirs.c)),
    )


KVAERNO3 = _tableau_of(diffrax.Kvaerno3, 3)
KVAERNO4 = _tableau_of(diffrax.Kvaerno4, 4)
KVAERNO5 = _tableau_of(diffrax.Kvaerno5, 5)


class Esdirk(diffrax.AbstractAdaptiveSolver):
    """An L-stable, stiffly accurate scheme with an error estimate of one order less.

    A step whose stages do not converge has an infinite error, and so is rejected.

    Source: Kværnø, BIT 44, 2004, doi:10.1023/B:BITN.0000046811.70614.38.

    Arguments:
        tableau: the scheme's coefficients.
        rtol: relative tolerance of a step.
        atol: absolute tolerance of a step [units of the state].
    """

    tableau: ImplicitTableau = eqx.field(static=True)
    rtol: float
    atol: float

    term_structure: ClassVar = diffrax.AbstractTerm
    interpolation_cls: ClassVar = diffrax.ThirdOrderHermitePolynomialInterpolation

    def order(self, terms: Any) -> int:  # noqa: ARG002
        """Of convergence."""
        return self.tableau.order

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

        ks, converged = self._stages(field, t0, dt, start)
        end = start + dt * combine(jnp.asarray(self.tableau.b, start.dtype), ks)
        error = dt * combine(jnp.asarray(self.tableau.error, start.dtype), ks)
        # diffrax reduces the step by this error, if the state to compare it with is finite.
        error = unravel(jnp.where(converged, error, jnp.inf))
        y1 = unravel(jnp.where(converged, end, start))
        # Stiffly accurate: the last stage is at the step's end.
        dense = {"y0": y0, "y1": y1, "k0": unravel(dt * ks[0]), "k1": unravel(dt * ks[-1])}
        return y1, error, dense, solver_state, diffrax.RESULTS.successful

    def _stages(self, field: Any, t0: Array, dt: Array, start: Array) -> tuple[Array, Any]:
        """All k_i, and whether every root was found."""
        tableau = self.tableau
        stages = len(tableau.b)
        jacobian = jax.jacfwd(lambda y: field(t0, y))(start)
        identity = jnp.eye(start.size, dtype=start.dtype)
        factors = jsl.lu_factor(lax.stop_gradient(identity - dt * tableau.gamma * jacobian))

        def correction(residual: Residual, z: Array) -> Array:
            return jsl.lu_solve(factors, residual(z))

        def stage(ks: Array, coefficients: Any) -> tuple[Array, Bool[Array, ""]]:
            time, row, predictor, i = coefficients
            base = start + dt * combine(row, ks)

            def residual(z: Array) -> Array:
                return z - base - dt * tableau.gamma * field(t0 + time * dt, z)

            guess = base + dt * tableau.gamma * combine(predictor, ks)
            z, converged = root(residual, guess, correction, self._size)
            return ks.at[i].set((z - base) / (dt * tableau.gamma)), converged

        first = jnp.zeros((stages, start.size), start.dtype).at[0].set(field(t0, start))
        given = (tableau.c, tableau.a, tableau.predictor)
        constants = [jnp.asarray(numbers[1:], start.dtype) for numbers in given]
        ks, converged = lax.scan(stage, first, (*constants, jnp.arange(1, stages)))
        return ks, jnp.all(converged)

    def _size(self, change: Array, z: Array) -> Array:
        """The largest change, relative to the allowed error of a stage: see `_FRACTION`."""
        allowed = _FRACTION * (self.atol + self.rtol * jnp.abs(z))
        rounding = 16 * jnp.finfo(z.dtype).eps * jnp.max(jnp.abs(z))
        return jnp.max(jnp.abs(change) / (allowed + rounding))
