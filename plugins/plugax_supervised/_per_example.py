"""The gradient of every example of a batch, in blocks, so that memory is needed for one block only.

With the losses lᵢ of the examples and their gradients gᵢ, the gradient of the batch is the mean
G = Σ wᵢ gᵢ, Σ wᵢ = 1. Clipped at C it is Σ wᵢ gᵢ min(1, C/|gᵢ|): no example moves the weights by
more than C, as differential privacy needs, and one outlier does not spoil a batch.

The spread of the gᵢ says how much one batch knows: their variance is V = Σ wᵢ |gᵢ|² − |G|², and the
ratio |G|²/V, the signal to noise of one example, is one over the number of examples beyond which a
larger batch hardly helps.

Sources: Abadi and others 2016, doi 10.1145/2976749.2978318; McCandlish and others 2018,
doi 10.48550/arXiv.1812.06162.
"""

import operator
from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.lax as lax
import jax.numpy as jnp
from jaxtyping import Array, Float, PyTree

from plugax import PlugaxError


class PerExample(NamedTuple):
    """What is done with the gradients of single examples.

    Attributes:
        clip: C; None for no clipping.
        block: how many gradients are in memory at once.
    """

    clip: float | int | None
    block: int


class Gradients(NamedTuple):
    """What is known of the gradients of a batch.

    Attributes:
        loss: Σ wᵢ lᵢ.
        mean: the gradient of the batch, of the clipped ones.
        norms: |gᵢ| of every example, before it is clipped.
        square: |G|² of the gradients before they are clipped.
    """

    loss: Float[Array, ""]
    mean: PyTree
    norms: Float[Array, " examples"]
    square: Float[Array, ""]


def per_example_of(clip: float | int | None, statistics: bool, block: int) -> PerExample | None:
    """The options as one; None if neither is asked for.

    Errors: `PlugaxError` for a C or a block that is not positive.
    """
    if clip is None and not statistics:
        return None
    if clip is not None and not 0 < clip < float("inf"):
        raise PlugaxError(f"clip_per_example is a length, greater than 0; got {clip}.")
    if block < 1:
        raise PlugaxError(f"block is a number of examples, 1 or more; got {block}.")
    return PerExample(clip, block)


def gradients(
    loss: Callable[[PyTree, PyTree], Float[Array, ""]],
    weights: PyTree,
    examples: PyTree,
    shares: Float[Array, " examples"],
    options: PerExample,
) -> Gradients:
    """The gradients of all examples, a block at a time.

    Arguments:
        loss: l of one example.
        weights: what is differentiated by.
        examples: the arguments of `loss`, examples along axis 0.
        shares: wᵢ.
        options: C and the size of a block.
    """
    number = len(shares)
    blocks = -(-number // options.block)
    size = -(-number // blocks)
    # The last block is filled up with its last example, which then has no share.
    places = jnp.arange(blocks * size)
    inside = places < number
    places = jnp.minimum(places, number - 1)
    shape = (blocks, size)

    def add(
        sums: tuple[Array, PyTree, PyTree], at: tuple[Array, Array]
    ) -> tuple[tuple[Array, PyTree, PyTree], Array]:
        place, inside = at
        of_each = jax.vmap(jax.value_and_grad(loss), in_axes=(None, 0))
        losses, each = of_each(weights, jax.tree.map(lambda a: a[place], examples))
        norms = jnp.sqrt(sum_of_squares(each, keep=1))
        share = jnp.where(inside, shares[place], 0)
        total, whole, clipped = sums
        total = total + jnp.sum(share * losses)
        whole = add_to(whole, share, each)
        if options.clip is None:
            return (total, whole, clipped), norms
        shrunk = share * jnp.minimum(1, options.clip / jnp.where(norms > 0, norms, 1))
        return (total, whole, add_to(clipped, shrunk, each)), norms

    zeros = jax.tree.map(jnp.zeros_like, weights)
    at = places.reshape(shape), inside.reshape(shape)
    start = jnp.zeros((), shares.dtype), zeros, None if options.clip is None else zeros
    (total, whole, clipped), norms = lax.scan(add, start, at)
    return Gradients(
        loss=total,
        mean=whole if clipped is None else clipped,
        norms=norms.reshape(-1)[:number],
        square=sum_of_squares(whole, keep=0),
    )


def with_gradient(value: Float[Array, ""], weights: PyTree, gradient: PyTree) -> Float[Array, ""]:
    """A number of this value whose derivative by the weights is `gradient`, whatever made it.

    v + ⟨g, θ − θ₀⟩ at θ = θ₀, with v, g and θ₀ constant.
    """
    away = jax.tree.map(
        lambda g, leaf: jnp.sum(lax.stop_gradient(g) * (leaf - lax.stop_gradient(leaf))),
        gradient,
        weights,
    )
    return jax.tree.reduce(operator.add, away, lax.stop_gradient(value))


def statistics_of(
    found: Gradients, shares: Float[Array, " examples"]
) -> dict[str, Float[Array, ""]]:
    """The mean and the largest |gᵢ|, the variance V, and the signal to noise |G|²/V."""
    variance = jnp.maximum(jnp.sum(shares * jnp.square(found.norms)) - found.square, 0)
    least = jnp.finfo(variance.dtype).tiny
    return {
        "gradient_norm_mean": jnp.sum(shares * found.norms),
        "gradient_norm_max": jnp.max(jnp.where(shares > 0, found.norms, 0)),
        "gradient_variance": variance,
        "gradient_signal_to_noise": found.square / jnp.maximum(variance, least),
    }


def add_to(total: PyTree, factors: Float[Array, " block"], each: PyTree) -> PyTree:
    """A sum to which the gradients of a block are added, each with a factor."""
    return jax.tree.map(lambda t, g: t + jnp.tensordot(factors, g, axes=1), total, each)


def sum_of_squares(tree: PyTree, keep: int) -> Array:
    """The sum of the squares of all numbers, but over the first `keep` axes."""
    squares = [
        jnp.sum(jnp.square(leaf), axis=tuple(range(keep, leaf.ndim)))
        for leaf in jax.tree.leaves(tree)
    ]
    return jax.tree.reduce(operator.add, squares)
