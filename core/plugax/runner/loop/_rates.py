"""The learning rates of a solver: the leaves of that name, wherever they lie in it.

Each has the name under which it can be swept, such as `optimizer.learning_rate`.
"""

from collections.abc import Mapping
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp

from ...errors import PlugaxError
from ...solvers import AbstractSolver

RATE = "learning_rate"


def rates_of(solver: AbstractSolver) -> dict[str, Any]:
    """The learning rates of a solver by the path under which they can be swept.

    Errors: `PlugaxError` if it has none.
    """
    found = {_name(solver, path): leaf for path, leaf in _leaves(solver)}
    if not found:
        raise PlugaxError(
            f"on_non_finite='rollback' goes on with a smaller learning rate, and "
            f"{type(solver).__name__} has no option {RATE!r} that is a number. Take 'skip' or "
            "'stop', or a solver with a learning rate, such as 'gradient'."
        )
    return {name: jnp.asarray(leaf) for name, leaf in found.items()}


def with_rates(solver: AbstractSolver, rates: Mapping[str, Any]) -> AbstractSolver:
    """The solver with these learning rates, those of `rates_of` or smaller ones."""
    paths = {_name(solver, path): path for path, _ in _leaves(solver)}
    for name, rate in rates.items():
        solver = eqx.tree_at(_getter(paths[name]), solver, rate)
    return solver


def _leaves(solver: AbstractSolver) -> list[tuple[tuple, Any]]:
    """The learning rates among the leaves of a solver, each with its path."""
    return [
        (path, leaf)
        for path, leaf in jax.tree_util.tree_leaves_with_path(solver)
        if _key(path[-1]) == RATE
        and eqx.is_array_like(leaf)
        and jnp.issubdtype(jnp.result_type(leaf), jnp.floating)
    ]


def _key(entry: Any) -> Any:
    """The name of an entry of a path."""
    for attribute in ("name", "key", "idx"):
        if hasattr(entry, attribute):
            return getattr(entry, attribute)
    return None


def _name(solver: AbstractSolver, path: tuple) -> str:
    """The path with dots between attributes; what an attribute gives directly needs no more."""
    *parents, last = path
    names, holder = [], solver
    for place, entry in enumerate(parents):
        if getattr(holder, str(_key(last)), None) is _getter(path[place:])(holder):
            break
        names.append(str(_key(entry)))
        holder = _getter((entry,))(holder)
    return ".".join([*names, str(_key(last))])


def _getter(path: tuple) -> Any:
    """The function that follows a path into a pytree."""

    def get(tree: Any) -> Any:
        for entry in path:
            tree = getattr(tree, entry.name) if hasattr(entry, "name") else tree[_key(entry)]
        return tree

    return get
