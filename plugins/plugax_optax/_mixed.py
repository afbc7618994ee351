"""Mixed precision: the loss and its gradient in half precision, the weights in single.

The weights and the floating-point arrays of a batch are cast to the short type when a step needs
them; the gradient arrives in the precision of the weights, which change by less than half precision
can express. `float16` has few exponents, so small gradients would become zero: there the loss is
multiplied by a scale c, and the gradient divided by it,

    g = ∇(c L) / c

If g is not finite, the step is left out and c halved; after 2000 steps that were, c is doubled, up
to 2¹⁵. `bfloat16` has the exponents of single precision, and needs no scale.

Source: Micikevicius et al., 2018, arXiv:1710.03740.
"""

from typing import Any, Literal

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int, PyTree

ShortFloat = Literal["bfloat16", "float16"]

LARGEST = 2.0**15  # the largest power of two below the largest number of float16
PATIENCE = 2000


class LossScale(eqx.Module):
    """The scale of the loss.

    Attributes:
        scale: c.
        good: steps since it changed that were not left out.
    """

    scale: Float[Array, ""]
    good: Int[Array, ""]


def begin_scale() -> LossScale:
    """The scale of the first step."""
    return LossScale(jnp.asarray(LARGEST, "float32"), jnp.zeros((), "int32"))


def next_scale(before: LossScale, finite: Bool[Array, ""]) -> LossScale:
    """The scale of the next step."""
    good = jnp.where(finite, before.good + 1, 0)
    is_long = good == PATIENCE
    grown = jnp.where(is_long, jnp.minimum(2 * before.scale, LARGEST), before.scale)
    scale = jnp.where(finite, grown, jnp.maximum(before.scale / 2, 1))
    return LossScale(scale, jnp.where(is_long, 0, good))


def all_finite(tree: PyTree) -> Bool[Array, ""]:
    """Whether all numbers in a tree are."""
    return jnp.all(jnp.stack([jnp.all(jnp.isfinite(leaf)) for leaf in jax.tree.leaves(tree)]))


def cast(tree: PyTree, dtype: Any) -> PyTree:
    """The tree with its floating-point arrays in one dtype; everything else as it is."""
    return jax.tree.map(
        lambda leaf: leaf.astype(dtype) if eqx.is_inexact_array(leaf) else leaf, tree
    )


def widened(tree: PyTree) -> PyTree:
    """The tree with short floats in single precision."""

    def wide(leaf: Any) -> Any:
        short = eqx.is_inexact_array(leaf) and leaf.dtype.itemsize < 4
        return leaf.astype("float32") if short else leaf

    return jax.tree.map(wide, tree)


def cast_like(tree: PyTree, like: PyTree) -> PyTree:
    """The tree with floating-point arrays in the dtypes of their counterparts."""
    return jax.tree.map(
        lambda leaf, old: leaf.astype(old.dtype) if eqx.is_inexact_array(old) else leaf, tree, like
    )


def choose(condition: Bool[Array, ""], yes: PyTree, no: PyTree) -> PyTree:
    """Array by array, `yes` if the condition holds."""
    return jax.tree.map(lambda a, b: jnp.where(condition, a, b), yes, no)
