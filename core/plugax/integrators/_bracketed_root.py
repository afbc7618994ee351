"""A root between two numbers, to rounding, and its derivative.

Chandrupatla's method: inverse quadratic interpolation if three points show that it is safe, else
bisection; it is never slower than bisection. The derivative follows from the implicit function
theorem.

Source: Chandrupatla, Adv. Eng. Softw. 28, 1997, doi:10.1016/S0965-9978(96)00051-8.
"""

from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.lax as lax
import jax.numpy as jnp
from jaxtyping import Array, Float

# Twice the number that bisection needs in double precision.
_MAX_ITERATIONS = 110


class _Bracket(eqx.Module):
    """The newest point a, b on the other side of the root, the previous c; the next fraction."""

    a: Float[Array, ""]
    b: Float[Array, ""]
    c: Float[Array, ""]
    fa: Float[Array, ""]
    fb: Float[Array, ""]
    fc: Float[Array, ""]
    fraction: Float[Array, ""]
    iterations: Any


def bracketed_root(
    function: Callable[[Float[Array, ""]], Float[Array, ""]],
    low: Float[Array, ""],
    high: Float[Array, ""],
) -> Float[Array, ""]:
    """The root of `function` between `low` and `high`, at which it has different signs.

    Arguments:
        function: a function of one number.
        low: one end.
        high: the other end.
    """

    def solve(function: Callable[[Array], Array], guess: Array) -> Array:  # noqa: ARG001
        tolerance = 2 * jnp.finfo(low.dtype).eps * jnp.maximum(jnp.abs(low), jnp.abs(high))
        half = jnp.full_like(low, 0.5)
        end = function(high)
        start = _Bracket(high, low, high, end, function(low), end, half, jnp.asarray(0))

        def undecided(state: _Bracket) -> Array:
            apart = jnp.abs(state.b - state.a) > tolerance
            return apart & (state.fa != 0) & (state.iterations < _MAX_ITERATIONS)

        last = lax.while_loop(undecided, lambda state: _narrower(function, state, tolerance), start)
        return jnp.where(jnp.abs(last.fa) <= jnp.abs(last.fb), last.a, last.b)

    def tangent(linear: Callable[[Array], Array], right: Array) -> Array:
        return right / jax.jvp(linear, (jnp.zeros_like(right),), (jnp.ones_like(right),))[1]

    return lax.custom_root(function, high, solve, tangent)


def _narrower(function: Callable[[Array], Array], state: _Bracket, tolerance: Array) -> _Bracket:
    """A smaller bracket, with one more point."""
    x = state.a + state.fraction * (state.b - state.a)
    fx = function(x)
    same = jnp.sign(fx) == jnp.sign(state.fa)
    c, fc = jnp.where(same, state.a, state.b), jnp.where(same, state.fa, state.fb)
    b, fb = jnp.where(same, state.b, state.a), jnp.where(same, state.fb, state.fa)
    xi, phi = (x - b) / (c - b), (fx - fb) / (fc - fb)
    safe = (phi**2 < xi) & ((1 - phi) ** 2 < 1 - xi)
    quadratic = fx / (fb - fx) * fc / (fb - fc) + (c - x) / (b - x) * fx / (fc - fx) * fb / (
        fc - fb
    )
    least = jnp.minimum(tolerance / jnp.abs(b - x), 0.5)
    fraction = jnp.clip(jnp.where(safe, quadratic, 0.5), least, 1 - least)
    return _Bracket(x, b, c, fx, fb, fc, fraction, state.iterations + 1)
