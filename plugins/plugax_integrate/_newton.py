"""Roots of a stage's equation by Newton's method, with the derivative of the implicit function."""

from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.lax as lax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

Residual = Callable[[Array], Array]


class _Newton(eqx.Module):
    z: Float[Array, " size"]
    change: Float[Array, ""]
    rate: Float[Array, ""]
    iterations: Any


def root(
    residual: Residual,
    guess: Float[Array, " size"],
    correction: Callable[[Residual, Array], Array],
    size: Callable[[Array, Array], Array],
    most: int = 10,
) -> tuple[Float[Array, " size"], Bool[Array, ""]]:
    """The root of `residual` near `guess`, and whether it was found.

    Arguments:
        residual: the function whose root is sought.
        guess: the start of the iteration.
        correction: maps the residual function and a point to the change subtracted from the point.
        size: the size of a change at a point, as a multiple of the allowed error.
        most: the largest number of iterations.
    """

    def iterate(residual: Residual, guess: Array) -> tuple[Array, Any]:
        def is_undecided(state: _Newton) -> Array:
            contracts = (state.iterations < 2) | (state.rate < 1)
            return ~done(state) & contracts & (state.iterations < most)

        def improve(state: _Newton) -> _Newton:
            change = correction(residual, state.z)
            z = state.z - change
            now = size(change, z)
            return _Newton(z, now, now / state.change, state.iterations + 1)

        infinite = jnp.asarray(jnp.inf, guess.dtype)
        start = _Newton(guess, infinite, infinite, jnp.asarray(0))
        last = lax.while_loop(is_undecided, improve, start)
        # As a float, since custom_root gives auxiliary outputs a tangent of their own dtype.
        return last.z, done(last).astype(guess.dtype)

    def done(state: _Newton) -> Array:
        # After a change d with the convergence rate r, the remaining error is d r/(1 − r).
        left = state.change * state.rate / (1 - state.rate)
        predicted = (state.iterations >= 2) & (state.rate < 1) & (left < 1)
        return predicted | (state.change < 0.1)

    def tangent(linear: Residual, right: Array) -> Array:
        return jnp.linalg.solve(jax.jacfwd(linear)(jnp.zeros_like(right)), right)

    z, converged = lax.custom_root(residual, guess, iterate, tangent, has_aux=True)
    return z, converged > 0
