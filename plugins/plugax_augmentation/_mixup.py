"""Mixtures of two examples, which make a network linear between them.

    x̃ = λ x + (1 − λ) x′,    L̃ = λ L(f(x̃), y) + (1 − λ) L(f(x̃), y′),    λ ~ Beta(α, α)

with one λ for a batch, and the pairs drawn by permuting it. For a loss that is linear in the
target, such as a cross-entropy, L̃ is the loss with the target λ y + (1 − λ) y′; written like this,
it works for any loss.

Source: Zhang, Cissé, Dauphin and Lopez-Paz 2018, doi 10.48550/arXiv.1710.09412.
"""

from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
from jaxtyping import PRNGKeyArray, PyTree

from ._check import check_number


class Mixup(eqx.Module):
    """Mix every example of a batch with another one.

    Arguments:
        alpha: α, greater than 0; small values leave most examples almost as they are.
    """

    alpha: float | int = eqx.field(static=True)

    def __check_init__(self):
        check_number("Mixup", "alpha", self.alpha)
        if self.alpha == 0:
            raise ValueError("Mixup: alpha must be greater than 0; leave mixup out for no mixture.")

    def __call__(
        self, inputs: PyTree, targets: PyTree, key: PRNGKeyArray
    ) -> tuple[PyTree, Callable[[Callable[..., Any]], Any]]:
        """The mixed inputs, and what makes the mixed loss of a loss.

        Arguments:
            inputs: the inputs of a batch, arrays of floats with examples along axis 0.
            targets: what belongs to each example: targets, or a tuple of targets and weights.
            key: draws λ and the pairs.

        Returns:
            x̃, and a function that takes `loss(targets)` and returns λ loss(y) + (1 − λ) loss(y′),
            for a loss that returns an array or a pytree of arrays.
        """
        share_key, pair_key = jr.split(key)
        arrays = jax.tree.leaves(inputs)
        dtype = jnp.result_type(*arrays)
        share = jr.beta(share_key, self.alpha, self.alpha, (), dtype)
        partner = jr.permutation(pair_key, len(arrays[0]))
        others = lambda tree: jax.tree.map(lambda a: a[partner], tree)  # noqa: E731

        def between(one: PyTree, other: PyTree) -> PyTree:
            # In the precision of each array: a loss may have another than the inputs.
            return jax.tree.map(
                lambda a, b: share.astype(a.dtype) * a + (1 - share).astype(a.dtype) * b, one, other
            )

        def mixed(loss: Callable[..., Any]) -> Any:
            return between(loss(targets), loss(others(targets)))

        return between(inputs, others(inputs)), mixed
