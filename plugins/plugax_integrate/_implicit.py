"""Implicit schemes in fixed steps: Euler's, for stiff equations, and the midpoint rule.

    y_{n+1} = y_n + dt f(t_n + θ dt, (1 − θ) y_n + θ y_{n+1})

θ = 1 is the implicit Euler scheme: order 1, L-stable, so that fast modes are damped.
θ = 1/2 is the implicit midpoint rule: order 2, A-stable, symplectic, and it keeps every quadratic
invariant (the energy of an oscillator, an angular momentum) to rounding.
"""

import equinox as eqx
import jax
import jax.numpy as jnp
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Float, PyTree

from plugax import AbstractIntegrator

from ._loop import loop
from ._newton import Residual, root
from ._state import VectorField, check_real, state_and_times, tendency
from ._trial import trial

# The last change in Newton's method, in units of rounding: a stiff field loses a few bits.
_ROUNDINGS = 256
_MAX_ITERATIONS = 20


class ImplicitTheta(AbstractIntegrator):
    """y_{n+1} = y_n + dt f(t_n + θ dt, (1 − θ) y_n + θ y_{n+1}), solved by Newton's method.

    The Jacobian of the whole state, a dense matrix, is factorised in every iteration. Failure is a
    value: if Newton's method does not converge, all states from there on are NaN.

    Laws: those of `AbstractIntegrator`, in forward and in reverse mode; the derivative is that of
    the implicit function theorem.

    Arguments:
        theta: where between the old and the new state the field is evaluated.
        rematerialise: compute each step again in reverse mode instead of storing its results.
    """

    theta: float = eqx.field(static=True)
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
        check_real(y0, "Implicit")
        y0, dt, starts = state_and_times(y0, dt=dt, steps=steps, every=every, t0=t0)
        return loop(
            lambda y, start: self._step(field, y, start, dt),
            y0,
            starts,
            every=every,
            rematerialise=self.rematerialise,
        )

    def _step(self, field: VectorField, y: PyTree, start: Array, dt: Array) -> PyTree:
        flat, unravel = ravel_pytree(y)
        h, theta = dt.astype(flat.dtype), self.theta

        def residual(z: Array) -> Array:
            between = unravel((1 - theta) * flat + theta * z)
            change = ravel_pytree(tendency(field, start + theta * dt, between))[0]
            return z - flat - h * change

        z, converged = trial(lambda: root(residual, flat, _newton, _size, _MAX_ITERATIONS))
        return unravel(jnp.where(converged, z, jnp.nan))


def _newton(residual: Residual, z: Array) -> Array:
    return jnp.linalg.solve(jax.jacfwd(residual)(z), residual(z))


def _size(change: Array, z: Array) -> Array:
    limits = jnp.finfo(z.dtype)
    allowed = _ROUNDINGS * limits.eps * jnp.max(jnp.abs(z)) + limits.tiny
    return jnp.max(jnp.abs(change)) / allowed


def implicit_euler(rematerialise: bool = False) -> ImplicitTheta:
    """Euler's implicit scheme in fixed steps: order 1, L-stable.

    Source: Curtiss and Hirschfelder, PNAS 38, 1952, doi:10.1073/pnas.38.3.235.

    Arguments:
        rematerialise: compute each step again in reverse mode instead of storing its results; for
            ensembles and long windows.
    """
    return ImplicitTheta(1.0, rematerialise)


def implicit_midpoint(rematerialise: bool = False) -> ImplicitTheta:
    """The implicit midpoint rule in fixed steps: order 2, A-stable, symplectic.

    Source: Sanz-Serna, BIT 28, 1988, doi:10.1007/BF01954907.

    Arguments:
        rematerialise: compute each step again in reverse mode instead of storing its results; for
            ensembles and long windows.
    """
    return ImplicitTheta(0.5, rematerialise)
