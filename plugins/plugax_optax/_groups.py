"""Learning rates of their own for groups of arrays: η_group = factor · η.

A group is named by a pattern of paths. The path of an array is written with dots, as in
`layers.0.weight`; in a pattern `*` stands for anything, and `?` for one character. The first
pattern that fits an array decides; the factor of others is 1. A factor of 0 keeps them as they are.

What is multiplied is the update. For every rule that is proportional to its learning rate (all but
those with a line search) that is the same as another rate, weight decay included.
"""

import fnmatch
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PyTree

from plugax import PlugaxError
from plugax.errors import did_you_mean

Rule = Callable[[str], Any]


class Groups(eqx.Module):
    """The factors of groups.

    Attributes:
        patterns: the patterns, in the order in which they are tried.
        factors: the factor of each, array leaves.
        rule: a function that gives the factor of a path, in place of patterns.
    """

    patterns: tuple[str, ...] = eqx.field(static=True)
    factors: tuple[Float[Array, "..."], ...]
    rule: Rule | None = eqx.field(static=True, default=None)


def read_groups(given: Any) -> Groups | None:
    """The groups as users write them; None for none.

    Arguments:
        given: factors by pattern; texts `PATTERN=FACTOR`, as a command line has them; a function
            of a path; or None.

    Errors: `ValueError` for a text or a number that is none of this.
    """
    if given is None:
        return None
    if callable(given):
        return Groups((), (), given)
    if not isinstance(given, Mapping):
        given = dict(map(_read, [given] if isinstance(given, str) else given))
    return Groups(tuple(given), tuple(_number(pattern, x) for pattern, x in given.items()))


def factors_of(params: PyTree, groups: Groups) -> PyTree:
    """The factor of every array.

    Errors: `PlugaxError` for a pattern that fits no array.
    """
    paths = jax.tree_util.tree_map_with_path(lambda path, _: _name(path), params)
    names = jax.tree.leaves(paths)
    for pattern in groups.patterns:
        if not any(fnmatch.fnmatchcase(name, pattern) for name in names):
            raise PlugaxError(
                f"rate_factors: no array among the unknowns fits {pattern!r}."
                f"{did_you_mean(pattern, names)} The arrays are {_listed(names)}."
            )

    def factor(name: str) -> Any:
        if groups.rule is not None:
            return jnp.asarray(groups.rule(name))
        pairs = zip(groups.patterns, groups.factors, strict=True)
        fits = (factor for pattern, factor in pairs if fnmatch.fnmatchcase(name, pattern))
        return next(fits, jnp.asarray(1.0))

    return jax.tree.map(factor, paths)


def scaled(updates: PyTree, factors: PyTree) -> PyTree:
    """Every update times its factor."""
    return jax.tree.map(lambda update, f: update * f.astype(update.dtype), updates, factors)


def _name(path: tuple) -> str:
    return jax.tree_util.keystr(path, simple=True, separator=".")


def _listed(names: Sequence[str], most: int = 12) -> str:
    shown = ", ".join(repr(name) for name in names[:most])
    return shown if len(names) <= most else f"{shown}, and {len(names) - most} more"


def _read(text: Any) -> tuple[str, Any]:
    pattern, equals, number = text.rpartition("=") if isinstance(text, str) else ("", "", "")
    try:
        return pattern, float(number) if pattern and equals else None
    except ValueError:
        return pattern, None


def _number(pattern: str, factor: Any) -> Float[Array, "..."]:
    if isinstance(factor, bool) or not isinstance(factor, int | float | jax.Array):
        raise ValueError(
            "rate_factors are numbers by pattern, such as {'layers.0.*': 0.1}, on the command line "
            f"'layers.0.*=0.1'; got {factor!r} for {pattern!r}."
        )
    if isinstance(factor, int | float) and not factor >= 0:
        raise ValueError(f"A factor of rate_factors must not be negative; got {factor}.")
    return jnp.asarray(factor, float) if isinstance(factor, int | float) else factor
