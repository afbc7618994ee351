"""Pytrees that differ in the values of some arrays, stacked: the members of a population."""

import dataclasses
from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import PyTree

from ...errors import PlugaxError

_NUMBERS = bool | int | float


def stack_members(trees: Sequence[Any], what: str, member: str = "seed") -> tuple[Any, Any]:
    """One tree for all, and its axes: 0 for leaves that are stacked, None for shared leaves.

    Arguments:
        trees: pytrees that differ only in values.
        what: what the trees are, for the error message.
        member: what distinguishes the trees, such as the seed, for the error message.

    Errors: `PlugaxError` if they differ in more than the values of arrays and numbers.
    """
    first, *others = trees
    paths, structure = jax.tree_util.tree_flatten_with_path(first)
    columns = []
    for other in others:
        leaves, another = jax.tree.flatten(other)
        if another != structure:
            raise PlugaxError(
                f"{what} may differ only in the values of arrays, so that they share one program; "
                f"their structures differ: {_difference(first, other)}. What depends on the "
                f"{member} must be an array leaf, not a static field."
            )
        columns.append(leaves)
    joined = [
        _join([leaf, *(leaves[place] for leaves in columns)], f"{what}, {_name(path)}", member)
        for place, (path, leaf) in enumerate(paths)
    ]
    values, axes = zip(*joined, strict=True) if joined else ((), ())
    return jax.tree.unflatten(structure, values), jax.tree.unflatten(structure, axes)


def _join(leaves: list[Any], where: str, member: str) -> tuple[PyTree, int | None]:
    """The leaves of one place as one leaf, and its axis."""
    first = leaves[0]
    if all(leaf is first or _equal(first, leaf) for leaf in leaves):
        return first, None
    if all(_is_array(leaf) or isinstance(leaf, _NUMBERS) for leaf in leaves):
        kinds = {(jnp.shape(leaf), jnp.result_type(leaf)) for leaf in leaves}
        if len(kinds) == 1:
            return _stack(leaves, *kinds.pop()), 0
    raise PlugaxError(
        f"{where}: must be an array of one shape and dtype for every {member}, or the same; got "
        f"{_text(first)} and {_text(next(x for x in leaves if not _equal(first, x)))}."
    )


def _stack(leaves: list[Any], shape: tuple[int, ...], dtype: Any) -> jax.Array:
    """Leaves of one shape and dtype, stacked; on the host if possible, to compile nothing."""
    special = jnp.issubdtype(dtype, jax.dtypes.prng_key)
    # Weakly typed leaves, such as plain numbers, remain weakly typed.
    if special or any(getattr(leaf, "weak_type", isinstance(leaf, _NUMBERS)) for leaf in leaves):
        return jnp.stack([jnp.asarray(leaf) for leaf in leaves])
    whole = np.empty((len(leaves), *shape), dtype)
    for place, leaf in enumerate(leaves):
        whole[place] = leaf
    return jnp.asarray(whole)


def _equal(one: Any, other: Any) -> bool:
    if one is other:
        return True
    if _is_array(one) and _is_array(other):
        one, other = _plain(one), _plain(other)
        alike = (one.shape, one.dtype) == (other.shape, other.dtype)
        return alike and np.array_equal(one, other, equal_nan=one.dtype.kind in "fc")
    return type(one) is type(other) and not _is_array(one) and bool(one == other)


def _is_array(leaf: Any) -> bool:
    return isinstance(leaf, jax.Array | np.ndarray | np.generic)


def _plain(leaf: Any) -> np.ndarray:
    if isinstance(leaf, jax.Array) and jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key):
        leaf = jax.random.key_data(leaf)
    return np.asarray(leaf)


def _text(leaf: Any) -> str:
    return f"{leaf.dtype}{list(leaf.shape)}" if _is_array(leaf) else repr(leaf)


def _name(path: tuple) -> str:
    return jax.tree_util.keystr(path, simple=True, separator=".") or "the value"


def _difference(first: Any, other: Any) -> str:
    """The static fields that differ, if any; else the whole structures."""
    names = [
        field.name
        for field in (dataclasses.fields(first) if dataclasses.is_dataclass(first) else ())
        if field.metadata.get("static") and vars(first)[field.name] != vars(other)[field.name]
    ]
    if type(first) is type(other) and names:
        return ", ".join(f"{n} is {vars(first)[n]!r} and {vars(other)[n]!r}" for n in names)
    return f"{jax.tree.structure(first)} and {jax.tree.structure(other)}"
