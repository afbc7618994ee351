"""The arrays of a pytree by names, for a history that keeps arrays by name."""

from collections.abc import Mapping
from typing import Any

import equinox as eqx
import jax
from jaxtyping import Array, PyTree

from ..errors import PlugaxError


def named_arrays(tree: PyTree, prefix: str) -> dict[str, Array]:
    """The arrays of a pytree by the paths to them, such as `draw.layers.0.weight`.

    A pytree that is itself an array has the name `prefix`. A solver that draws from a posterior
    returns its draws as metrics in this way.

    Arguments:
        tree: the pytree, such as the unknowns.
        prefix: what the names begin with.
    """
    return {
        _name(path, prefix): leaf
        for path, leaf in jax.tree_util.tree_leaves_with_path(tree)
        if eqx.is_array(leaf)
    }


def from_named_arrays(like: PyTree, arrays: Mapping[str, Any], prefix: str) -> PyTree:
    """The pytree `like` with its arrays taken by their names; they may have further axes.

    Arguments:
        like: a pytree of this structure.
        arrays: arrays by name, such as the series of a solution.
        prefix: what the names begin with.

    Errors: `PlugaxError` if an array is missing, because it was not recorded.
    """

    def find(path: tuple, leaf: Any) -> Any:
        if not eqx.is_array(leaf):
            return leaf
        name = _name(path, prefix)
        if name not in arrays:
            raise PlugaxError(
                f"The metric {name!r} was not recorded. Leave out `record`, or name it there; and "
                "a solver has to name what problem.constrained returns, fixed unknowns included."
            )
        return arrays[name]

    return jax.tree_util.tree_map_with_path(find, like)


def _name(path: tuple, prefix: str) -> str:
    inside = jax.tree_util.keystr(path, simple=True, separator=".")
    return f"{prefix}.{inside}" if inside else prefix
