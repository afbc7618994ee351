"""Brownian increments of a time step, and their products with a diffusion.

The noise of step n comes from the key folded with n, independent of all other steps. Refined r
times, a step becomes 2^r steps on the same path: an increment ΔW over h is split in two by a
Brownian bridge, into ΔW/2 ± √h/2 z with z standard normal (Lévy's construction).
"""

import dataclasses
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import jax.random as jr
from jaxtyping import Array, Float, PRNGKeyArray, PyTree

from plugax import PlugaxError


@dataclasses.dataclass(frozen=True)
class Noise:
    """The Brownian motions of a problem.

    Arguments:
        motions: their shapes and dtypes: those of the state for diagonal noise, else one row.
        shared: their number if the whole state shares them; None for diagonal noise.
    """

    motions: PyTree[jax.ShapeDtypeStruct]
    shared: int | None

    def increments(
        self, key: PRNGKeyArray, step: Any, dt: Float[Array, ""], refine: int
    ) -> PyTree[Array]:
        """The increments of 2^refine equal parts of a step, along a leading axis."""
        leaves, structure = jax.tree.flatten(self.motions)
        keys = jr.split(jr.fold_in(key, step), len(leaves))
        return jax.tree.unflatten(
            structure, [_bridge(*one, dt, refine) for one in zip(keys, leaves, strict=True)]
        )

    def coefficient(self, g: PyTree, y: PyTree[Array]) -> PyTree[Array]:
        """G in the dtypes of y; raises `PlugaxError` if the conversion would round it."""
        return jax.tree_util.tree_map_with_path(_as_coefficient, g, y)

    def product(self, g: PyTree[Array], increment: PyTree[Array]) -> PyTree[Array]:
        """G dW: number by number, or as a matrix and a vector."""
        if self.shared is None:
            return jax.tree.map(jnp.multiply, g, increment)

        def one(g: Array) -> Array:
            row = increment.astype(g.dtype).reshape((1,) * (g.ndim - 1) + (-1,))
            # As a sum: in a matrix product, accelerators would round to half precision.
            return jnp.sum(g * row, axis=-1)

        return jax.tree.map(one, g)


def _as_coefficient(path: Any, g: Any, y: Array) -> Array:
    weak = not hasattr(g, "dtype") or getattr(g, "weak_type", False)
    if not weak and g.dtype != y.dtype:
        where = jax.tree_util.keystr(path)
        raise PlugaxError(
            f"diffusion(t, y){where} must have the dtype of y{where}, {y.dtype}; got {g.dtype}. "
            "Make the constants of the diffusion in the dtype of y."
        )
    return jnp.asarray(g, y.dtype)


def _bridge(key: PRNGKeyArray, like: Any, dt: Array, refine: int) -> Array:
    h = dt.astype(like.dtype)
    parts = jnp.sqrt(h) * jr.normal(jr.fold_in(key, 0), (1, *like.shape), like.dtype)
    for level in range(refine):
        z = jr.normal(jr.fold_in(key, level + 1), parts.shape, like.dtype)
        apart = jnp.sqrt(h) / 2 * z
        halves = jnp.stack([parts / 2 + apart, parts / 2 - apart], axis=1)
        parts, h = halves.reshape(-1, *like.shape), h / 2
    return parts


def noise_of(diffusion: Callable[[Any, PyTree], PyTree], t: Array, y: PyTree[Array]) -> Noise:
    """The noise that g(t, y) needs; raises `PlugaxError` if it is neither diagonal nor shared."""
    g = jax.eval_shape(lambda: diffusion(t, y))
    if jax.tree.structure(g) != jax.tree.structure(y):
        raise PlugaxError(
            "diffusion(t, y) must return a pytree of the structure of y, "
            f"{jax.tree.structure(y)}; got {jax.tree.structure(g)}."
        )
    pairs = list(zip(jax.tree.leaves(g), jax.tree.leaves(y), strict=True))
    if all(a.shape == b.shape for a, b in pairs):
        return Noise(
            jax.tree.map(lambda leaf: jax.ShapeDtypeStruct(leaf.shape, leaf.dtype), y), None
        )
    motions = {a.shape[b.ndim :] for a, b in pairs}
    if len(motions) == 1 and all(a.shape[: b.ndim] == b.shape for a, b in pairs):
        (shape,) = motions
        if len(shape) == 1:
            dtype = max((b.dtype for _, b in pairs), key=lambda dtype: jnp.finfo(dtype).bits)
            return Noise(jax.ShapeDtypeStruct(shape, dtype), shape[0])
    raise PlugaxError(
        "diffusion(t, y) must have the shapes of y, for an independent Brownian motion in every "
        "number, or one more axis in all arrays, for motions that the whole state shares; "
        f"got {[a.shape for a, _ in pairs]} for a state of {[b.shape for _, b in pairs]}."
    )
