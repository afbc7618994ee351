"""A block of the unknowns, by the names of its parts or by a function."""

from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
from jaxtyping import PyTree

from plugax import PlugaxError
from plugax.errors import did_you_mean


def in_block(unknowns: PyTree, block: str | Callable[[PyTree], Any] | None) -> PyTree:
    """Whether each leaf of the unknowns belongs to the block: a pytree of booleans.

    Arguments:
        unknowns: the unknowns.
        block: names with commas between, each the path of a leaf or of a part with several, as in
            `"layers.0,bias"`; or a function that picks leaves, as in `lambda u: (u["a"], u["b"])`;
            None for the first of them.

    Errors: `PlugaxError` if a name names nothing, or the block holds none or all of the unknowns.
    """
    free = [eqx.is_inexact_array(leaf) for leaf in jax.tree.leaves(unknowns)]
    if block is None:
        first = [place == free.index(True) for place in range(len(free))] if any(free) else free
        chosen = jax.tree.unflatten(jax.tree.structure(unknowns), first)
    elif isinstance(block, str):
        chosen = _by_names(unknowns, [name.strip() for name in block.split(",") if name.strip()])
    else:
        chosen = _by_function(unknowns, block)
    inside = [own for own, may in zip(jax.tree.leaves(chosen), free, strict=True) if may]
    if not any(inside) or all(inside):
        amount = "all" if any(inside) else "none"
        raise PlugaxError(
            f"block={block!r} holds {amount} of the unknowns that can be solved for, which are "
            f"{_names(unknowns)}. Give some of them."
        )
    return chosen


def _by_names(unknowns: PyTree, names: list[str]) -> PyTree:
    paths, form = jax.tree_util.tree_flatten_with_path(unknowns)
    keys = [jax.tree_util.keystr(path, simple=True, separator=".") for path, _ in paths]
    for name in names:
        if not any(_belongs(key, name) for key in keys):
            raise PlugaxError(
                f"There is no unknown {name!r}.{did_you_mean(name, keys)} The unknowns are "
                f"{_names(unknowns)}."
            )
    chosen = [any(_belongs(key, name) for name in names) for key in keys]
    return jax.tree.unflatten(form, chosen)


def _by_function(unknowns: PyTree, where: Callable[[PyTree], Any]) -> PyTree:
    nowhere = jax.tree.map(lambda _: False, unknowns)
    try:
        return eqx.tree_at(
            where, nowhere, replace_fn=lambda part: jax.tree.map(lambda _: True, part)
        )
    except (ValueError, TypeError, AttributeError, KeyError, IndexError) as error:
        raise PlugaxError(
            f"block does not fit the unknowns, which are {_names(unknowns)}: {error}"
        ) from error


def _belongs(key: str, name: str) -> bool:
    return key == name or key.startswith(f"{name}.")


def _names(unknowns: PyTree) -> str:
    """The names of the leaves that can be solved for."""
    names = [
        jax.tree_util.keystr(path, simple=True, separator=".") or "one array"
        for path, leaf in jax.tree_util.tree_leaves_with_path(unknowns)
        if eqx.is_inexact_array(leaf)
    ]
    return ", ".join(names)
