"""Which arrays weight decay applies to.

Decay pulls towards zero, which regularises the weights of sums. A bias, and the scale of a
normalisation, only shift or stretch, and are usually left out.

Source: Loshchilov and Hutter, 2019, arXiv:1711.05101; biases and normalisations left out as by He
et al., 2019, doi:10.1109/CVPR.2019.00065, section 2.
"""

from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
from jaxtyping import PyTree

NORMALISATIONS = (eqx.nn.BatchNorm, eqx.nn.GroupNorm, eqx.nn.LayerNorm, eqx.nn.RMSNorm)


def mask_of(value: str | Callable) -> Callable[[PyTree], PyTree] | None:
    """A mask in optax's form; None for its default, which is all.

    Arguments:
        value: `"all"`, `"matrices"`, `"weights"`, or a function of the parameters.
    """
    named = {"all": None, "matrices": _matrices, "weights": _weights}
    return named[value] if isinstance(value, str) else value


def _matrices(params: PyTree) -> PyTree:
    return jax.tree.map(lambda leaf: leaf.ndim >= 2, params)


def _weights(params: PyTree) -> PyTree:
    """Matrices that are no bias and no part of a normalisation; if there are none, all arrays."""

    def decays(path: tuple, leaf: Any) -> PyTree:
        if isinstance(leaf, NORMALISATIONS):
            return jax.tree.map(lambda _: False, leaf)
        name = jax.tree_util.keystr(path[-1:], simple=True)
        return leaf.ndim >= 2 and name != "bias"

    is_leaf = lambda node: isinstance(node, NORMALISATIONS)  # noqa: E731
    mask = jax.tree_util.tree_map_with_path(decays, params, is_leaf=is_leaf)
    return mask if any(jax.tree.leaves(mask)) else jax.tree.map(lambda _: True, mask)
