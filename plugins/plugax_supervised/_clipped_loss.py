"""A loss whose derivative is the mean of the clipped gradients of its examples."""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
from jaxtyping import Array, Float, PRNGKeyArray, PyTree

from plugax.losses import AbstractLoss

from ._model import output_of_one
from ._per_example import PerExample, gradients, statistics_of, with_gradient


def clipped_loss(
    measure: AbstractLoss,
    unknowns: PyTree,
    batch: tuple[PyTree, Array, Array | None],
    key: PRNGKeyArray,
    options: PerExample,
) -> tuple[Float[Array, ""], dict[str, Array]]:
    """The loss of a batch, and the statistics of the gradients of its examples.

    Its value is that of `measure`. Any solver that differentiates it gets the clipped gradient.

    Arguments:
        measure: the loss.
        unknowns: a model without a state.
        batch: inputs, targets and weights.
        key: as in training without clipping, split into one for every example.
        options: C and the size of a block.
    """
    inputs, targets, weights = batch
    parameters, rest = eqx.partition(unknowns, eqx.is_inexact_array)
    dtype = jnp.result_type(*jax.tree.leaves(parameters))
    number = len(targets)
    counts = jnp.ones(number, dtype) if weights is None else weights.astype(dtype)
    total = jnp.sum(counts)
    shares = counts / jnp.where(total > 0, total, 1)

    def loss(parameters: PyTree, example: tuple[PyTree, Array, Any]) -> Float[Array, ""]:
        x, y, own_key = example
        output = output_of_one(eqx.combine(parameters, rest), x, own_key)
        return measure.values(jax.tree.map(lambda a: a[None], output), y[None])[0]

    examples = inputs, targets, jr.split(key, number)
    constant = jax.lax.stop_gradient(parameters)
    found = gradients(loss, constant, examples, shares, options)
    value = with_gradient(found.loss, parameters, found.mean)
    return value if measure.reduction == "mean" else value * total, statistics_of(found, shares)
