"""One step of each stochastic scheme, for dy = f(t, y) dt + g(t, y) dW.

Euler–Maruyama (Itô), strong order 1/2, order 1 where g does not depend on y:

    y + f dt + g ΔW

Heun (Stratonovich), order 1 for commutative noise and 1/2 otherwise, with z = y + f dt + g ΔW:

    y + (f(t, y) + f(t + dt, z)) dt / 2 + (g(t, y) + g(t + dt, z)) ΔW / 2

Milstein (Itô), order 1 for commutative noise (a single Brownian motion; noise that does not depend
on y; diagonal noise where g_i depends on y_i alone), with the columns g_j of g:

    y + f dt + g ΔW + ½ Σ_jk (∂g_k/∂y) g_j (ΔW_j ΔW_k − δ_jk dt)
"""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, PyTree

from ._noise import Noise

Coefficient = Callable[[Array, PyTree], PyTree]
StochasticStep = Callable[[Coefficient, Coefficient, Noise, PyTree, Array, Array, PyTree], PyTree]
"""From f, g, the noise, y, t, dt and ΔW to the next y."""


def euler_maruyama_step(
    f: Coefficient, g: Coefficient, noise: Noise, y: PyTree, t: Array, dt: Array, increment: PyTree
) -> PyTree:
    """Y + f dt + g ΔW."""
    return _plus(y, _times(dt, f(t, y)), noise.product(g(t, y), increment))


def heun_step(
    f: Coefficient, g: Coefficient, noise: Noise, y: PyTree, t: Array, dt: Array, increment: PyTree
) -> PyTree:
    """The mean of the changes at both ends of an Euler step."""

    def change(t: Array, y: PyTree) -> PyTree:
        return _plus(_times(dt, f(t, y)), noise.product(g(t, y), increment))

    first = change(t, y)
    second = change(t + dt, _plus(y, first))
    return jax.tree.map(lambda y, a, b: y + (a + b) / 2, y, first, second)


def milstein_step(
    f: Coefficient, g: Coefficient, noise: Noise, y: PyTree, t: Array, dt: Array, increment: PyTree
) -> PyTree:
    """An Euler–Maruyama step, and the change of g along its own noise."""
    here = g(t, y)
    if noise.shared is None:
        correction = _diagonal(lambda y: g(t, y), y, here, dt, increment)
    else:
        correction = _general_step(lambda y: g(t, y), noise, y, here, dt, increment)
    return _plus(y, _times(dt, f(t, y)), noise.product(here, increment), correction)


def _diagonal(
    g: Callable[[PyTree], PyTree], y: PyTree, here: PyTree, dt: Array, increment: PyTree
) -> PyTree:
    """½ g_i ∂g_i/∂y_i (ΔW_i² − dt); g_i depends on y_i alone, so one derivative gives them all."""
    _, along = jax.jvp(g, (y,), (here,))
    return jax.tree.map(lambda a, w: a * (w**2 - dt.astype(w.dtype)) / 2, along, increment)


def _general_step(
    g: Callable[[PyTree], PyTree], noise: Noise, y: PyTree, here: PyTree, dt: Array, increment: Any
) -> PyTree:
    """½ (∂(g ΔW)/∂y) g ΔW − ½ dt Σ_j (∂g_j/∂y) g_j."""
    _, change = jax.jvp(
        lambda y: noise.product(g(y), increment), (y,), (noise.product(here, increment),)
    )

    def itself(j: Array) -> PyTree:
        column = lambda g: jax.tree.map(lambda leaf: leaf[..., j], g)  # noqa: E731
        return jax.jvp(lambda y: column(g(y)), (y,), (column(here),))[1]

    drifts = jax.vmap(itself)(jnp.arange(noise.shared))
    return jax.tree.map(
        lambda a, b: (a - dt.astype(a.dtype) * jnp.sum(b, axis=0)) / 2, change, drifts
    )


def _times(dt: Array, tree: PyTree) -> PyTree:
    return jax.tree.map(lambda leaf: dt.astype(leaf.dtype) * leaf, tree)


def _plus(*trees: PyTree) -> PyTree:
    return jax.tree.map(lambda *leaves: sum(leaves[1:], leaves[0]), *trees)
