"""Variants of a problem for users: fixed parameters, bounds, another start."""

from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
from jaxtyping import PyTree

from ..errors import PlugaxError
from ._constraint import Box, Fixed, Unconstrained
from ._problem import AbstractProblem
from ._variant import variant


def starting_at(problem: AbstractProblem, unknowns: PyTree) -> AbstractProblem:
    """The problem with given unknowns to start from.

    Arguments:
        problem: any problem.
        unknowns: in the structure that `problem.init` makes; of an earlier solution, for example.

    Errors: `PlugaxError` if structure or shapes are not those of `problem.init`.
    """
    shapes = _shapes(problem)
    _check_structure(shapes, unknowns, type(problem).__name__)
    as_made = lambda shape, leaf: (  # noqa: E731
        jnp.asarray(leaf, shape.dtype) if _is_array(shape) else leaf
    )
    return variant(problem, Unconstrained(), jax.tree.map(as_made, shapes, unknowns))


def stack_starts(problem: AbstractProblem, starts: PyTree) -> PyTree:
    """Several starts, stacked along the leading axis of every array, as NumPy arrays.

    Errors: `PlugaxError` if structure or shapes, apart from that axis, are not those of
    `problem.init`, or if there is no start at all.
    """
    shapes = _shapes(problem)
    arrays = [np.asarray(leaf) for leaf in jax.tree.leaves(starts) if _is_array(leaf)]
    count = min((len(array) if array.ndim else 0 for array in arrays), default=0)
    if not count:
        raise PlugaxError(
            "Starts are one or more sets of unknowns, stacked along a leading axis of every array; "
            f"got {_describe(starts)}."
        )
    stacked = jax.tree.map(
        lambda shape: (
            jax.ShapeDtypeStruct((count, *shape.shape), shape.dtype) if _is_array(shape) else shape
        ),
        shapes,
    )
    name = f"{type(problem).__name__}, {count} at once,"
    _check_structure(stacked, starts, name)
    return jax.tree.map(
        lambda shape, leaf: np.asarray(leaf, shape.dtype) if _is_array(shape) else leaf,
        shapes,
        starts,
    )


def fixed(
    problem: AbstractProblem, where: Callable[[PyTree], Any] | PyTree, *, seed: int = 0
) -> AbstractProblem:
    """The problem with some of its unknowns held at their start; a solver sees only the others.

    With `starting_at` they are held at values of your own. The values are the same for every member
    of a population.

    Arguments:
        problem: any problem.
        where: picks the unknowns to hold, as in `lambda model: model.layers[0]` or
            `lambda u: (u["a"], u["b"])`; or a pytree of booleans, true for every leaf to hold.
        seed: the seed of the start, if that is random.

    Errors: `PlugaxError` if nothing is picked, or everything is.
    """
    unknowns = problem.init(jr.key(seed))
    nowhere = jax.tree.map(lambda _: False, unknowns)
    try:
        mask = eqx.tree_at(where, nowhere, replace_fn=lambda _: True) if callable(where) else where
        held, free = eqx.partition(unknowns, mask)
    except (ValueError, TypeError, AttributeError, KeyError, IndexError) as error:
        raise PlugaxError(
            f"where does not fit the unknowns of {type(problem).__name__}, which are "
            f"{_describe(unknowns)}: {error}"
        ) from error
    for part, word in ((held, "nothing"), (free, "everything")):
        if not any(eqx.is_inexact_array(leaf) for leaf in jax.tree.leaves(part)):
            raise PlugaxError(
                f"where picks {word} that could be solved for from the unknowns of "
                f"{type(problem).__name__}, which are {_describe(unknowns)}."
            )
    return variant(problem, Fixed(held))


def bounded(
    problem: AbstractProblem, *, lower: PyTree = None, upper: PyTree = None
) -> AbstractProblem:
    """The problem with its unknowns kept between bounds, whatever the solver.

    This is a change of variables (see `plugax.problems.Box`), not a projection, which every solver
    would have to do in its own way. A least-squares problem remains one. If the minimum is on a
    bound, full Gauss–Newton steps (`gauss-newton`) do not reach it, since they ignore the curvature
    that the bound adds; methods with a trust region do reach it, and `newton` is quickest.

    A start on a bound or beyond it is moved just inside.

    Arguments:
        problem: any problem.
        lower: the smallest values: a number for all, or a pytree of numbers or arrays with the
            structure of the unknowns or of their first levels. None and −∞ are no bound.
        upper: the largest values: a number for all, or a pytree of numbers or arrays with the
            structure of the unknowns or of their first levels. None and ∞ are no bound.

    Errors: `PlugaxError` if the bounds do not have the structure of the unknowns, or cross.
    """
    shapes = _shapes(problem)
    lower, upper = _bounds("lower", lower, -np.inf, shapes), _bounds("upper", upper, np.inf, shapes)
    for (path, low), high in zip(
        jax.tree_util.tree_leaves_with_path(lower), jax.tree.leaves(upper), strict=True
    ):
        if not np.all(np.asarray(low) < np.asarray(high)):
            raise PlugaxError(
                f"Bounds must leave room between them; unknowns{jax.tree_util.keystr(path)} has "
                f"lower {low} and upper {high}."
            )
    return variant(problem, Box.around(problem.init(jr.key(0)), lower, upper))


def _bounds(name: str, given: PyTree, unbounded: float, shapes: PyTree) -> PyTree:
    """An array for every floating-point leaf of the unknowns, and None for every other leaf."""

    def spread(bound: Any, shapes: PyTree) -> PyTree:
        return jax.tree.map(lambda shape: _bound(bound, unbounded, shape), shapes)

    try:
        return jax.tree.map(spread, given, shapes, is_leaf=lambda leaf: leaf is None)
    except (ValueError, TypeError) as error:
        raise PlugaxError(
            f"{name} must be a number, or have the structure of the unknowns, which are "
            f"{_describe(shapes)}; got {given!r}: {error}"
        ) from error


def _bound(bound: Any, unbounded: float, shape: Any) -> Any:
    if not _is_array(shape) or not jnp.issubdtype(shape.dtype, jnp.floating):
        return None
    bound = np.asarray(unbounded if bound is None else bound, shape.dtype)
    if np.isnan(bound).any():
        raise ValueError("a bound is not a number (NaN)")
    return jnp.asarray(np.broadcast_to(bound, shape.shape))


def _shapes(problem: AbstractProblem) -> PyTree:
    return eqx.filter_eval_shape(problem.init, jr.key(0))


def _check_structure(shapes: PyTree, unknowns: PyTree, name: str) -> None:
    same = jax.tree.structure(shapes) == jax.tree.structure(unknowns)
    same = same and all(
        not _is_array(shape) or np.shape(leaf) == shape.shape
        for shape, leaf in zip(jax.tree.leaves(shapes), jax.tree.leaves(unknowns), strict=True)
    )
    if not same:
        raise PlugaxError(
            f"The unknowns of {name} are {_describe(shapes)}; got {_describe(unknowns)}."
        )


def _is_array(leaf: Any) -> bool:
    """Whether the leaf is an array, or the shape of an array; a plain number is not."""
    return isinstance(leaf, jax.ShapeDtypeStruct | np.ndarray) or eqx.is_array(leaf)


def _describe(tree: PyTree) -> str:
    """A pytree in one line, arrays by dtype and shape."""
    return eqx.tree_pformat(tree, width=10_000, struct_as_array=True)
