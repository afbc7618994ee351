"""`sweep`: `solve`, vmapped over seeds and over any array leaves of problem and solver."""

import os
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
from jaxtyping import PyTree

from ..errors import PlugaxError
from ..observers import AbstractObserver
from ..problems import AbstractProblem, Unconstrained, stack_starts, variant
from ..solution import Population, claim
from ..solvers import AbstractSolver
from ._best import KeepBest, keeping
from ._job import Job, length
from ._length import EvaluateEvery, Length, Plan
from ._place import check_call
from ._prepare import Swept, prepare_members
from ._program import Task
from ._record import EVERYTHING, Record, recording
from ._resolve import check_suitable, resolve
from ._run import run


def sweep(
    problem: AbstractProblem | str,
    solver: AbstractSolver | str | None = None,
    *,
    over: Mapping[str, Any],
    seed: int = 0,
    steps: int | None = None,
    epochs: int | float | None = None,
    evaluate_every: EvaluateEvery | None = None,
    record: Iterable[str] | str | None = None,
    record_every: int = 1,
    keep_best: str | None = None,
    chunk: int | None = None,
    device: str | None = None,
    observers: Iterable[AbstractObserver | str] = (),
    out: str | os.PathLike | None = None,
    force: bool = False,
    throw: bool = False,
    **options: Any,
) -> Population:
    """Solve a problem for every combination of the swept values, all in one program.

    Arguments:
        problem: as for `solve`.
        solver: as for `solve`.
        over: values by name. `"seed"` sweeps over seeds; `"start"` over the unknowns to start from;
            any other name is the path of an array leaf, of the solver (`"optimizer.learning_rate"`)
            or of the problem (`"problem.forcing"`). The leading axis of the values is swept; a
            start is a pytree like the unknowns, with that axis on every array.
        seed: the seed of all members, if `over` has none.
        steps: as for `solve`.
        epochs: as for `solve`.
        evaluate_every: as for `solve`.
        record: as for `solve`.
        record_every: as for `solve`.
        keep_best: as for `solve`, for every member: `population.bests`.
        chunk: as for `solve`.
        device: as for `solve`.
        observers: as for `solve`; the arrays of their progress have the axes of the sweep in front.
        out: as for `solve`.
        force: as for `solve`.
        throw: raise `RunFailedError` if a member was not successful.
        options: as for `solve`.

    Returns:
        the population; its arrays have one leading axis for every name in `over`, in that order. A
        member that fails stops, and the others go on.

    Errors: those of `solve`; `PlugaxError` for a path that leads to no array.
    """
    asked = Length(steps, epochs, evaluate_every)
    if out is not None:
        out = claim(out, force=force)
    problem, solver, plan = resolve(problem, solver, asked, options)
    if not over:
        raise PlugaxError(
            "There is nothing to sweep over; give, for example, over={'seed': range(8)}."
        )
    swept = {name: _values(name, given, problem) for name, given in over.items()}
    check_call(problem, seed=seed, chunk=chunk)
    if "start" in swept:
        check_suitable(variant(problem, Unconstrained(), _take(swept["start"], 0)), solver)
    told = {"seed": seed, "plan": plan, "record": recording(record, record_every)}
    told |= {"keep_best": keeping(keep_best, plan)}
    job = population(problem, solver, swept, **told)
    try:
        return run(job, chunk=chunk, device=device, observers=observers, out=out, throw=throw)
    except (TypeError, IndexError) as error:
        counts = [name for name in swept if _is_count(name, problem, solver)]
        if not counts:
            raise
        raise PlugaxError(
            f"{counts[0]!r} cannot be swept: it is a Python number on which the program depends (a "
            "shape, a count, a branch), and a sweep is one program for all members. Call solve for "
            "each of its values."
        ) from error


def population(
    problem: AbstractProblem,
    solver: AbstractSolver,
    swept: Mapping[str, PyTree],
    *,
    seed: int,
    plan: Plan,
    prepared_for: int | None = None,
    record: Record = EVERYTHING,
    keep_best: KeepBest | None = None,
) -> Job:
    """The job of all members: every combination of the values; the last name varies fastest."""
    steps = prepared_for or plan.steps

    def task() -> Task:
        return _task(problem, solver, steps, seed, swept, record)

    return Job(problem, solver, seed, plan, steps, record, task, swept, keep_best)


def _task(
    problem: AbstractProblem,
    solver: AbstractSolver,
    steps: int,
    seed: int,
    values: Mapping[str, PyTree],
    record: Record,
) -> Task:
    grid = np.meshgrid(*(np.arange(length(v)) for v in values.values()), indexing="ij")
    key, key_axis = jr.key(seed), None
    trees = {"problem": problem, "solver": solver}
    start, swept = None, []
    for (name, value), index in zip(values.items(), grid, strict=True):
        if name == "start":
            start = _take(value, index.ravel())
        elif name == "seed":
            key, key_axis = jax.vmap(jr.key)(jnp.asarray(value[index.ravel()])), 0
        else:
            root, where = _leaf(name, trees)
            precise = np.asarray(value, jnp.result_type(where(trees[root])))
            swept.append(Swept(root, where, precise, index.ravel()))
    prepared, prepared_axes = prepare_members(problem, solver, swept, steps)
    axes: dict[str, Any] = {
        root: jax.tree.map(lambda _: None, tree) for root, tree in trees.items()
    }
    for leaf in swept:
        trees[leaf.root] = leaf.put(trees[leaf.root], leaf.index)
        axes[leaf.root] = leaf.put_axis(axes[leaf.root])
    if start is not None:
        trees["problem"] = variant(trees["problem"], Unconstrained(), start)
        same = jax.tree.map(eqx.if_array(0), start)
        axes["problem"] = variant(axes["problem"], Unconstrained(), same)
    if key_axis is None and not jax.tree.leaves((axes, prepared_axes)):
        # No leaf differs between members, but there has to be an axis of members all the same.
        key, key_axis = jnp.broadcast_to(key, (grid[0].size,)), 0
    everyone = (axes["problem"], axes["solver"], prepared_axes, key_axis)
    return Task(trees["problem"], trees["solver"], prepared, key, everyone, record)


def _leaf(name: str, trees: Mapping[str, Any]) -> tuple[str, Callable[[Any], Any]]:
    """Which tree a path belongs to, and the function that picks its leaf."""
    root, _, rest = name.partition(".")
    root, path = (root, rest) if root in trees and rest else ("solver", name)

    def where(tree: Any) -> Any:
        for part in path.split("."):
            tree = tree[part] if isinstance(tree, dict) else getattr(tree, part)
        return tree

    try:
        leaf = where(trees[root])
    except (AttributeError, KeyError) as error:
        raise PlugaxError(
            f"{name!r} cannot be swept: {type(trees[root]).__name__} has nothing at that path "
            f"({error}). Array leaves of the solver are {_leaves(trees['solver'])}; of the problem "
            f"{_leaves(trees['problem'], 'problem.')}."
        ) from error
    if not eqx.is_array_like(leaf) or not any(x is leaf for x in jax.tree.leaves(trees[root])):
        raise PlugaxError(
            f"{name!r} cannot be swept: it is {leaf!r}, not an array leaf. Array leaves of the "
            f"solver are {_leaves(trees['solver'])}; of the problem "
            f"{_leaves(trees['problem'], 'problem.')}."
        )
    return root, where


def _is_count(name: str, problem: AbstractProblem, solver: AbstractSolver) -> bool:
    """Whether the leaf of this name is a whole number or a flag, not an array."""
    if name in ("seed", "start"):
        return False
    trees = {"problem": problem, "solver": solver}
    root, where = _leaf(name, trees)
    return isinstance(where(trees[root]), int)


def _leaves(tree: PyTree, prefix: str = "") -> str:
    names = [
        prefix + jax.tree_util.keystr(path, simple=True, separator=".")
        for path, leaf in jax.tree_util.tree_leaves_with_path(tree)
        if eqx.is_array_like(leaf)
    ]
    return ", ".join(names) or "none"


def _values(name: str, given: Any, problem: AbstractProblem) -> PyTree:
    """The values that are swept under one name, as NumPy arrays."""
    if name == "start":
        return stack_starts(problem, given)
    values = np.asarray(list(given) if isinstance(given, range) else given)
    if values.ndim == 0 or not len(values):
        raise PlugaxError(f"{name!r} must be swept over one value or more; got {given!r}.")
    if name == "seed" and not np.issubdtype(values.dtype, np.integer):
        raise PlugaxError(f"Seeds are whole numbers; got {given!r}.")
    return values


def _take(values: PyTree, index: Any) -> PyTree:
    """The members' values: the elements at `index` of every array."""
    return jax.tree.map(lambda leaf: leaf[index] if eqx.is_array(leaf) else leaf, values)
