"""The members of a population: the values in which they differ, put into problem and solver."""

import dataclasses
import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
from jaxtyping import PyTree

from ...errors import PlugaxError
from ...problems import AbstractProblem, Unconstrained, stack_starts, variant
from ...solution import POINTS, Lineage, Population
from ...solvers import AbstractSolver
from ..loop._best import KeepBest
from ..loop._generation import first_generation
from ..loop._program import Task
from ..request._length import Plan
from ..request._on_non_finite import ANSWERS
from ..request._race import Race
from ..request._range import Range, draw_points
from ..request._record import EVERYTHING, Record
from ..request._snapshots import USUAL, Snapshots
from ..run._job import Job, length
from ..run._run import run
from ._prepare import Swept, prepare_members


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
    block: int | None = None,
    race: Race | None = None,
    snapshots: Snapshots = USUAL,
    since: int = 0,
    branch: Mapping[str, Any] | None = None,
    lineage: Lineage | None = None,
    on_non_finite: str = ANSWERS[0],
) -> Job:
    """The job of all members: every combination of the values; the last name varies fastest.

    Errors: `PlugaxError` if its members are to go back.
    """
    steps = prepared_for or plan.steps
    if on_non_finite == "rollback":
        raise PlugaxError(
            "on_non_finite='rollback' is for single runs, of which one goes back alone; the "
            "members of a sweep take their steps together. Sweep over the learning rate, or take "
            "'skip' or 'stop'."
        )
    members = math.prod(map(length, swept.values()))
    rungs = () if race is None else race.steps(plan.steps, members)
    plan = dataclasses.replace(plan, rungs=rungs)
    if race is not None and not race.stops and lineage is None:
        first = {leaf.name: leaf.own for leaf in _swept_leaves(problem, solver, swept)}
        lineage = first_generation(first, members, race.by)
    now = {} if lineage is None else lineage.values

    def task(options: Mapping[str, np.ndarray] = now) -> Task:
        made = _task(problem, solver, steps, seed, swept, record, options)
        return dataclasses.replace(made, skips=on_non_finite == "skip")

    told: Any = {"keep_best": keep_best, "block": block, "race": race, "lineage": lineage}
    told |= {"snapshots": snapshots, "since": since, "branch": branch}
    told |= {"on_non_finite": on_non_finite}
    return Job(problem, solver, seed, plan, steps, record, task, swept, **told)


def check_block(block: Any) -> None:
    """Raise `PlugaxError` if a block is not a whole number of members."""
    if block is not None and (isinstance(block, bool) or not isinstance(block, int) or block < 1):
        raise PlugaxError(f"block must be a whole number of members, at least 1; got {block!r}.")


def run_population(job: Job, **told: Any) -> Population:
    """Run a job; a count that cannot be swept is named.

    Errors: those of `run`.
    """
    try:
        return run(job, **told)
    except (TypeError, IndexError) as error:
        counts = [name for name in job.swept or () if is_count(name, job.problem, job.solver)]
        if not counts:
            raise
        raise PlugaxError(
            f"{counts[0]!r} cannot be swept: it is a Python number on which the program depends (a "
            "shape, a count, a branch), and a sweep is one program for all members. Call solve for "
            "each of its values."
        ) from error


def _task(
    problem: AbstractProblem,
    solver: AbstractSolver,
    steps: int,
    seed: int,
    values: Mapping[str, PyTree],
    record: Record,
    options: Mapping[str, np.ndarray],
) -> Task:
    """The task of all members; `options` stand in place of the swept values of the same name."""
    key, key_axis = jr.key(seed), None
    trees = {"problem": problem, "solver": solver}
    start = None
    for name, value, index in _each(values):
        if name == "start":
            start = take_values(value, index)
        elif name == "seed":
            key, key_axis = jax.vmap(jr.key)(jnp.asarray(value[index])), 0
    swept = [leaf.with_own(options) for leaf in _swept_leaves(problem, solver, values)]
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
        members = math.prod(map(length, values.values()))
        key, key_axis = jnp.broadcast_to(key, (members,)), 0
    everyone = (axes["problem"], axes["solver"], prepared_axes, key_axis)
    return Task(trees["problem"], trees["solver"], prepared, key, everyone, record)


def _each(values: Mapping[str, PyTree]) -> Iterator[tuple[str, PyTree, np.ndarray]]:
    """What is swept: its name, its values, and which of them each member has."""
    grid = np.meshgrid(*(np.arange(length(v)) for v in values.values()), indexing="ij")
    for (axis, along), index in zip(values.items(), grid, strict=True):
        for name, value in (along if axis == POINTS else {axis: along}).items():
            yield name, value, index.ravel()


def _swept_leaves(
    problem: AbstractProblem, solver: AbstractSolver, values: Mapping[str, PyTree]
) -> list[Swept]:
    """The array leaves in which the members differ; neither seeds nor starts."""
    trees = {"problem": problem, "solver": solver}
    leaves = []
    for name, value, index in _each(values):
        if name not in ("seed", "start"):
            root, where = leaf_at(name, trees)
            precise = np.asarray(value, jnp.result_type(where(trees[root])))
            leaves.append(Swept(name, root, where, precise, index))
    return leaves


def leaf_at(name: str, trees: Mapping[str, Any]) -> tuple[str, Callable[[Any], Any]]:
    """Which tree a path belongs to, and the function that picks its leaf.

    Errors: `PlugaxError` if there is no array leaf.
    """
    root, path = root_of(name)

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
    if not _is_leaf(leaf, trees[root]):
        raise PlugaxError(
            f"{name!r} cannot be swept: it is {leaf!r}, not an array leaf. Array leaves of the "
            f"solver are {_leaves(trees['solver'])}; of the problem "
            f"{_leaves(trees['problem'], 'problem.')}."
        )
    return root, where


def root_of(name: str) -> tuple[str, str]:
    """The tree that a name belongs to, `"problem"` or `"solver"`, and the path in it."""
    root, _, rest = name.partition(".")
    return (root, rest) if root in ("problem", "solver") and rest else ("solver", name)


def is_array_leaf(name: str, trees: Mapping[str, Any]) -> bool:
    """Whether something can be swept within one program."""
    if name in ("seed", "start", POINTS):
        return True
    try:
        leaf_at(name, trees)
    except PlugaxError:
        return False
    return True


def _is_leaf(leaf: Any, tree: Any) -> bool:
    return eqx.is_array_like(leaf) and any(x is leaf for x in jax.tree.leaves(tree))


def is_count(name: str, problem: AbstractProblem, solver: AbstractSolver) -> bool:
    """Whether the leaf of this name is a whole number or a flag, not an array."""
    if name in ("seed", "start"):
        return False
    trees = {"problem": problem, "solver": solver}
    root, where = leaf_at(name, trees)
    return isinstance(where(trees[root]), int)


def _leaves(tree: PyTree, prefix: str = "") -> str:
    names = [
        prefix + jax.tree_util.keystr(path, simple=True, separator=".")
        for path, leaf in jax.tree_util.tree_leaves_with_path(tree)
        if eqx.is_array_like(leaf)
    ]
    return ", ".join(names) or "none"


def values_of(
    over: Mapping[str, Any], problem: AbstractProblem, points: int | None, sampling: str, seed: int
) -> dict[str, PyTree]:
    """What is swept along every axis, as NumPy arrays; all drawn points lie along one axis.

    Arguments:
        over: what is swept, by name.
        problem: the problem.
        points: the number of points to draw from the ranges; None for a grid.
        sampling: how they are drawn.
        seed: the seed they are drawn by.
    """
    ranges = {name: given for name, given in over.items() if isinstance(given, Range)}
    drawn = {} if points is None else draw_points(ranges, points, sampling, seed)
    swept: dict[str, PyTree] = {}
    for name, given in over.items():
        if name in drawn:
            swept[POINTS] = drawn
        else:
            swept[name] = _values(name, given.grid() if name in ranges else given, problem)
    return swept


def _values(name: str, given: Any, problem: AbstractProblem) -> PyTree:
    """The values that are swept under one name, as NumPy arrays."""
    if name == "start":
        return stack_starts(problem, given)
    if name == POINTS and isinstance(given, Mapping):
        points = {inner: _values(inner, values, problem) for inner, values in given.items()}
        if len({length(values) for values in points.values()}) != 1:
            raise PlugaxError(
                f"Points have the same number of values under every name; got {given!r}."
            )
        return points
    values = np.asarray(list(given) if isinstance(given, range) else given)
    if values.ndim == 0 or not len(values):
        raise PlugaxError(f"{name!r} must be swept over one value or more; got {given!r}.")
    if name == "seed" and not np.issubdtype(values.dtype, np.integer):
        raise PlugaxError(f"Seeds are whole numbers; got {given!r}.")
    return values


def take_values(values: PyTree, index: Any) -> PyTree:
    """The members' values: the elements at `index` of every array."""
    return jax.tree.map(lambda leaf: leaf[index] if eqx.is_array(leaf) else leaf, values)
