"""One component in both precisions.

A component is made once, in any precision; the checks cast its floats. Numbers are compared in
float64, in which rounding is far below every difference that matters. Runs are made as users make
them: in float32 with float64 switched off, or in float64 if the problem needs it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
from jaxtyping import PRNGKeyArray, PyTree

from ...problems import AbstractProblem
from ...solvers import AbstractSolver

_FLOATS = {32: jnp.float32, 64: jnp.float64}
_COMPLEX = {32: jnp.complex64, 64: jnp.complex128}
_PAIRS = ((_FLOATS.values(), _FLOATS), (_COMPLEX.values(), _COMPLEX))


def cast(tree: Any, bits: int) -> Any:
    """The pytree with its single and double precision arrays in one precision.

    Arguments:
        tree: any pytree; half precision, integers and keys are unchanged.
        bits: 32 or 64; 64 only under `jax.enable_x64(True)`.
    """

    def one(leaf: Any) -> Any:
        if not isinstance(leaf, jax.Array | np.ndarray | np.generic):
            return leaf
        for kinds, of_bits in _PAIRS:
            if any(leaf.dtype == kind for kind in kinds):
                return jnp.asarray(leaf, of_bits[bits])
        return leaf

    return jax.tree.map(one, tree)


@contextmanager
def native(problem: AbstractProblem) -> Iterator[int]:
    """Switch to the precision in which users run the problem, and give its bits."""
    wants_double = problem.precision == "float64"
    with jax.enable_x64(wants_double):
        yield 64 if wants_double else 32


def make_in_precision(make: Any, precision: str | None = None) -> Any:
    """The result of `make()`, called under `jax.enable_x64` if the result needs float64.

    Arguments:
        make: a constructor without arguments.
        precision: the precision of its result, if that is known before.
    """
    precision = precision or getattr(make, "precision", None)
    if precision != "float64":
        component = make()
        if getattr(component, "precision", None) != "float64":
            return component
    with jax.enable_x64(True):
        return make()


class Trial(NamedTuple):
    """The arguments of one evaluation of a loss."""

    problem: Any
    unknowns: PyTree
    batch: PyTree
    key: PRNGKeyArray


def trial(
    problem: AbstractProblem, key: PRNGKeyArray, bits: int, solver: AbstractSolver | None = None
) -> Trial:
    """The problem at its starting point and first batch, all in one precision.

    If a solver is given, the batch is the one that this solver takes.
    """
    problem = cast(problem, bits)
    init_key, data_key, loss_key = jr.split(key, 3)
    unknowns = cast(jax.tree.map(_as_array, problem.init(init_key)), bits)
    data = problem.data if solver is None else solver.data(problem)
    return Trial(problem, unknowns, cast(data.first(data_key), bits), loss_key)


def nearby(tree: PyTree, key: PRNGKeyArray, distance: float = 0.01) -> PyTree:
    """The pytree with a random change of every float, by about `distance` of its size.

    Zeros are changed by about `distance`. So other numbers keep their signs, and special points
    are left (such as a start at zero, which is often symmetric).
    """
    floats, rest = eqx.partition(tree, eqx.is_inexact_array)
    return eqx.combine(_move(floats, key, distance), rest)


@eqx.filter_jit
def _move(floats: PyTree, key: PRNGKeyArray, distance: float) -> PyTree:
    def move(leaf: Any, noise: Any) -> Any:
        return leaf + distance * noise * jnp.where(leaf == 0, 1, leaf).astype(leaf.dtype)

    return jax.tree.map(move, floats, noise_like(floats, key))


def noise_like(tree: PyTree, key: PRNGKeyArray) -> PyTree:
    """Standard normal numbers in place of every float."""
    leaves, structure = jax.tree.flatten(tree)
    keys = jr.split(key, max(len(leaves), 1))
    noise = [jr.normal(k, leaf.shape, leaf.dtype) for k, leaf in zip(keys, leaves, strict=False)]
    return jax.tree.unflatten(structure, noise)


def _as_array(leaf: Any) -> Any:
    """The leaf as the runner uses it: NumPy arrays become JAX arrays."""
    return jnp.asarray(leaf) if isinstance(leaf, np.ndarray | np.generic) else leaf
