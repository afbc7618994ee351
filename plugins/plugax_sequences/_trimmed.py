"""A loss that computes no further than the sequences of a batch reach.

The shapes in a compiled program are fixed, but a program may have a branch for each of a few
lengths, and take the one that is long enough for its batch. The gradient is computed within the
branch: what it keeps from the loss would otherwise have the shapes of all branches at once.
"""

from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.lax as lax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray, PyTree

from plugax_supervised import Examples

Measured = Callable[
    [PyTree, Examples, PRNGKeyArray], tuple[Float[Array, ""], dict[str, Array], PyTree]
]


def trimmed(
    measured: Measured,
    longest: tuple[int, ...],
    unknowns: PyTree,
    batch: Examples,
    key: PRNGKeyArray,
) -> tuple[Float[Array, ""], dict[str, Array]]:
    """The loss of a batch and its metrics, without the steps that are padding in all of it.

    Arguments:
        measured: the loss of unknowns, a batch and a key, its metrics, and the state of a model,
            which has none.
        longest: the lengths that may be computed, in increasing order.
        unknowns: a model.
        batch: inputs, which are values and lengths, targets and weights.
        key: the key of the loss.

    Law: the loss, if padding has no effect on it.
    """
    if len(longest) == 1:
        return measured(unknowns, batch, key)[:2]
    parameters, rest = eqx.partition(unknowns, eqx.is_inexact_array)
    return _switched(parameters, (measured, rest, batch, key), longest)


@eqx.filter_custom_vjp
def _switched(parameters: PyTree, others: Any, longest: tuple[int, ...]) -> Any:
    return _in_branch(lambda loss: loss, parameters, others, longest)


@_switched.def_fwd
def _with_gradient(
    perturbed: PyTree, parameters: PyTree, others: Any, longest: tuple[int, ...]
) -> Any:
    del perturbed
    gradient_too = lambda loss: jax.value_and_grad(loss, has_aux=True)  # noqa: E731
    return _in_branch(gradient_too, parameters, others, longest)


@_switched.def_bwd
def _times_slope(
    gradient: PyTree,
    slopes: Any,
    perturbed: PyTree,
    parameters: PyTree,
    others: Any,
    longest: tuple[int, ...],
) -> PyTree:
    del perturbed, parameters, others, longest
    return jax.tree.map(lambda g: slopes[0] * g, gradient)


def _in_branch(
    transform: Callable[[Callable], Callable],
    parameters: PyTree,
    others: Any,
    longest: tuple[int, ...],
) -> Any:
    """What a transformation of the loss gives, in the branch of the batch's length."""
    measured, rest, ((values, lengths), targets, weights), key = others

    def of(steps: int) -> Callable[[PyTree], Any]:
        batch = (values[:, :steps], lengths), targets, weights
        return transform(lambda p: measured(eqx.combine(p, rest), batch, key)[:2])

    bounds = jnp.asarray(longest, lengths.dtype)
    branch = jnp.searchsorted(bounds, jnp.max(lengths))
    return lax.switch(branch, [of(steps) for steps in longest], parameters)
