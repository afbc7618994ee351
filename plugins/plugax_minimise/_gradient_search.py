"""A search along a straight line for a lower f + g: by values, or by gradients near the minimum."""

from collections.abc import Callable
from typing import NamedTuple

import jax.lax as lax
import jax.numpy as jnp
from jaxtyping import Array, Float

MOST_HALVINGS = 30
SUFFICIENT_DECREASE = 1e-4


class Point(NamedTuple):
    """A point, evaluated.

    Attributes:
        vector: u.
        value: f(u).
        gradient: ∇f(u).
        penalty: g(u).
    """

    vector: Float[Array, " n"]
    value: Float[Array, ""]
    gradient: Float[Array, " n"]
    penalty: Float[Array, ""]

    @property
    def loss(self) -> Float[Array, ""]:
        """f(u) + g(u)."""
        return self.value + self.penalty


def search(
    evaluate: Callable[[Float[Array, " n"]], Point], begin: Point, target: Float[Array, " n"]
) -> tuple[Float[Array, ""], Point]:
    """The first good point among u + τ p for τ = 1, ½, ¼, …, and its τ; u and 0 if none is good.

    Arguments:
        evaluate: gives the point at a vector.
        begin: u.
        target: u + p.
    """
    step = target - begin.vector
    rounding = jnp.sqrt(jnp.finfo(step.dtype).eps) * jnp.abs(begin.loss)

    def is_good(part: Array, end: Point) -> Array:
        rise = end.penalty - begin.penalty
        # Never positive, since p minimises a convex model that f and g begin with.
        promised = SUFFICIENT_DECREASE * (begin.gradient @ (end.vector - begin.vector) + rise)
        slopes = (begin.gradient + end.gradient) @ (end.vector - begin.vector) / 2 + rise
        hidden = (slopes <= promised) & (end.loss <= begin.loss + rounding)
        return (end.loss - begin.loss <= promised) | hidden | (part == 0)

    def is_unfinished(carry: tuple) -> Array:
        part, end, _ = carry
        return ~is_good(part, end)

    def halve(carry: tuple) -> tuple:
        part, _, count = carry
        part = jnp.where(count + 1 >= MOST_HALVINGS, 0, part / 2)
        return part, evaluate(begin.vector + part * step), count + 1

    first = (jnp.ones_like(begin.value), evaluate(target), jnp.asarray(0, "int32"))
    part, end, _ = lax.while_loop(is_unfinished, halve, first)
    return part, end
