"""Variations of a problem as plain data and arrays, for the directory of a run.

The fields of a constraint, and a start, are pytrees with the structure of the problem's unknowns.
That structure is not stored: the problem makes it again. What is stored for every leaf is whether
it is an array, plain data, nothing, or the problem's own leaf, such as an activation function.
"""

import dataclasses
import hashlib
import importlib
from collections.abc import Mapping
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
from jaxtyping import PyTree

from ..errors import PlugaxError
from ._problem import AbstractProblem
from ._variant import variant
from ._variation import Variation, origin_and_variations

Described = tuple[list[dict[str, Any]], dict[str, np.ndarray]]
ARRAY, OWN = "array", "own"


def describe_variations(problem: Any) -> Described | None:
    """The variations of a problem, as plain data and as arrays by name.

    None if one of them has a field that is neither plain data nor structured as the unknowns.
    """
    _, variations = origin_and_variations(problem)
    arrays: dict[str, np.ndarray] = {}
    try:
        plain = [_plain(one, place, arrays) for place, one in enumerate(variations)]
    except TypeError:
        return None
    return plain, arrays


def rebuild_variations(
    problem: AbstractProblem, variations: list[dict[str, Any]], arrays: Mapping[str, np.ndarray]
) -> AbstractProblem:
    """The problem with the variations that `describe_variations` returned.

    Errors: `PlugaxError` if it does not fit this problem or this version of Plugax.
    """
    try:
        for place, one in enumerate(variations):
            unknowns = _unknowns(problem)
            read = {
                name: _tree(tree, f"{place}.{name}", arrays, unknowns)
                for name, tree in one["trees"].items()
            }
            start = read.pop("start", None)
            problem = variant(problem, _constraint(one["constraint"], read), start)
    except (AttributeError, ImportError, KeyError, TypeError, ValueError) as error:
        raise PlugaxError(
            f"The bounds, fixed unknowns or start of the problem cannot be read: {error}. Give the "
            "problem itself: load(path, problem=…)."
        ) from error
    return problem


def _plain(variation: Variation, place: int, arrays: dict[str, np.ndarray]) -> dict[str, Any]:
    """One variation as plain data; its arrays are added to `arrays`."""
    constraint, unknowns = variation.constraint, _unknowns(variation.problem)
    trees = {field.name: getattr(constraint, field.name) for field in _fields(type(constraint))}
    if variation.start is not None:
        trees["start"] = variation.start
    own: dict[str, np.ndarray] = {}
    plain = {name: _leaves(tree, f"{place}.{name}", own, unknowns) for name, tree in trees.items()}
    arrays |= own
    digest = hashlib.sha256()
    for name, array in own.items():
        digest.update(f"{name} {array.dtype} {array.shape}".encode())
        digest.update(np.ascontiguousarray(array).tobytes())
    kind = type(constraint)
    where = f"{kind.__module__}:{kind.__qualname__}"
    return {"constraint": where, "trees": plain, "sha256": digest.hexdigest()}


def _leaves(
    tree: PyTree, name: str, arrays: dict[str, np.ndarray], unknowns: PyTree
) -> list[Any] | dict[str, Any]:
    """What every leaf is; or the value of a field that is not structured as the unknowns."""
    if _paths(tree) != _paths(unknowns):
        return {"value": _as_plain(tree)}
    leaves = jax.tree.leaves(tree, is_leaf=_is_none)
    found: list[Any] = []
    for place, (leaf, own) in enumerate(
        zip(leaves, jax.tree.leaves(unknowns, is_leaf=_is_none), strict=True)
    ):
        if eqx.is_array(leaf) or isinstance(leaf, np.ndarray):
            arrays[f"{name}.{place}"] = np.asarray(leaf)
            found.append(ARRAY)
        elif leaf is not None and not isinstance(leaf, bool | int | float | str):
            found.append(OWN)
        else:
            found.append(OWN if leaf is own and leaf is not None else {"value": leaf})
    return found


def _tree(
    leaves: list[Any] | dict[str, Any], name: str, arrays: Mapping[str, Any], unknowns: PyTree
) -> Any:
    """The pytree that `_leaves` described."""
    if isinstance(leaves, dict):
        return leaves["value"]
    owns, form = jax.tree.flatten(unknowns, is_leaf=_is_none)
    made = [
        jnp.asarray(arrays[f"{name}.{place}"])
        if leaf == ARRAY
        else own
        if leaf == OWN
        else leaf["value"]
        for place, (leaf, own) in enumerate(zip(leaves, owns, strict=True))
    ]
    return jax.tree.unflatten(form, made)


def _constraint(where: str, fields: Mapping[str, Any]) -> Any:
    """A constraint made of its fields without its constructor, as JAX does with leaves."""
    module, _, name = where.partition(":")
    kind = getattr(importlib.import_module(module), name)
    names = {field.name for field in _fields(kind)}
    if names != fields.keys():
        raise ValueError(
            f"{name} has {', '.join(sorted(names))}, saved {', '.join(sorted(fields))}"
        )
    made = object.__new__(kind)
    for name, value in fields.items():
        object.__setattr__(made, name, value)
    return made


def _fields(kind: type) -> tuple[dataclasses.Field, ...]:
    return dataclasses.fields(kind)


def _unknowns(problem: AbstractProblem) -> PyTree:
    return eqx.filter_eval_shape(problem.init, jr.key(0))


def _paths(tree: PyTree) -> list[str]:
    return [
        jax.tree_util.keystr(path)
        for path, _ in jax.tree_util.tree_leaves_with_path(tree, is_leaf=_is_none)
    ]


def _is_none(leaf: Any) -> bool:
    return leaf is None


def _as_plain(value: Any) -> Any:
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise TypeError(f"{type(value).__name__} is neither plain data nor structured as the unknowns")
