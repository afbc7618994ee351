"""`sweep`: `solve`, vmapped over seeds and over any array leaves of problem and solver."""

import math
import time
from collections.abc import Callable, Mapping
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
from jaxtyping import PyTree

from .. import plugins
from ..errors import PlugaxError
from ..problems import AbstractProblem, Unconstrained, stack_starts, variant
from ..solution import Population, Status
from ..solvers import AbstractSolver
from ._breach import explain_breach
from ._chunks import RunState, run_chunks, warm_up
from ._compile import compile_ahead
from ._device import find_device
from ._evaluate import evaluate, evaluate_if_due, evaluations_of
from ._interrupt import deferred_interrupt
from ._length import EvaluateEvery, Length, Plan
from ._outcome import statuses_of, summaries
from ._place import check_call, place
from ._prepare import Swept, prepare_members
from ._program import Task, begin
from ._provenance import provenance_of
from ._resolve import resolve


def sweep(
    problem: AbstractProblem | str,
    solver: AbstractSolver | str | None = None,
    *,
    over: Mapping[str, Any],
    seed: int = 0,
    steps: int | None = None,
    epochs: int | float | None = None,
    evaluate_every: EvaluateEvery | None = None,
    chunk: int | None = None,
    device: str | None = None,
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
        chunk: as for `solve`.
        device: as for `solve`.
        options: as for `solve`.

    Returns:
        the population; its arrays have one leading axis for every name in `over`, in that order. A
        member that fails stops, and the others go on.

    Errors: those of `solve`; `PlugaxError` for a path that leads to no array.
    """
    asked = Length(steps, epochs, evaluate_every)
    problem, solver, plan = resolve(problem, solver, asked, options)
    if not over:
        raise PlugaxError(
            "There is nothing to sweep over; give, for example, over={'seed': range(8)}."
        )
    values = {name: _values(name, given, problem) for name, given in over.items()}
    check_call(problem, seed=seed, chunk=chunk)

    def make() -> Task:
        return _population(problem, solver, plan.steps, seed, values)

    try:
        return run_population(
            problem, solver, make, values, plan=plan, seed=seed, chunk=chunk, device=device
        )
    except (TypeError, IndexError) as error:
        counts = [name for name in values if _is_count(name, problem, solver)]
        if not counts:
            raise
        raise PlugaxError(
            f"{counts[0]!r} cannot be swept: it is a Python number on which the program depends (a "
            "shape, a count, a branch), and a sweep is one program for all members. Call solve for "
            "each of its values."
        ) from error


def run_population(
    problem: AbstractProblem,
    solver: AbstractSolver,
    make: Callable[[], Task],
    values: dict[str, PyTree],
    *,
    plan: Plan,
    seed: Any,
    chunk: int | None,
    device: str | None,
) -> Population:
    """Run the members of a population, in one program.

    Arguments:
        problem: the problem, before anything is swept; the hooks get it.
        solver: the solver, before anything is swept; the hooks get it.
        make: makes the task of all members; called with the device as JAX's default.
        values: the values in which the members differ, by name; the last name varies fastest.
        plan: the length of the run.
        seed: the seed, for the provenance.
        chunk: as for `solve`.
        device: as for `solve`.
    """
    chosen = find_device(device)
    hook = plugins.default_manager().hook
    origin = provenance_of(problem, solver, chosen, seed=seed, **plan.asked, chunk=chunk)

    def after_chunk(run_state: RunState) -> bool:
        evaluate_if_due(task, run_state, plan)
        return False

    try:
        hook.before_compile(problem=problem, solver=solver)
        with (
            jax.default_device(chosen),
            explain_breach(problem, solver),
            deferred_interrupt() as interrupt,
        ):
            task = make()
            task = task if device is None else place(task, chosen)
            run_state = RunState(None, 0, np.zeros(_size(values), int))
            began = time.perf_counter()
            warm = compile_ahead(task, run_state.taken.size)
            run_state.state = begin(task).state
            if not warm:
                warm_up(task, run_state)
            run_state.compile_seconds = time.perf_counter() - began
            hook.after_compile(problem=problem, solver=solver, seconds=run_state.compile_seconds)
            hook.before_run(problem=problem, solver=solver, steps=plan.steps)
            run_chunks(
                task,
                run_state,
                plan=plan,
                chunk=chunk,
                interrupt=interrupt,
                after_chunk=after_chunk,
            )
            unknowns, metrics = evaluate(task, run_state)
    except BaseException as error:
        hook.on_run_error(problem=problem, solver=solver, error=error)
        raise
    metrics = metrics | summaries(task, run_state)
    statuses = statuses_of(task, run_state, solver=solver, steps=plan.steps)
    population = _collect(run_state, values, unknowns, metrics, statuses, origin)
    hook.after_run(solution=population)
    return population


def _collect(
    run_state: RunState,
    values: dict[str, PyTree],
    unknowns: PyTree,
    metrics: dict[str, Any],
    statuses: list[Status],
    origin: dict[str, Any],
) -> Population:
    """The population, with the members of a run state along the axes of the sweep."""
    shape = tuple(_length(value) for value in values.values())
    status = np.empty(_size(values), object)
    status[:] = statuses

    def unravel(leaf: Any) -> Any:
        return leaf.reshape(*shape, *leaf.shape[1:]) if eqx.is_array(leaf) else leaf

    return Population(
        unknowns=jax.tree.map(unravel, unknowns),
        status=status.reshape(shape),
        metrics={
            name: np.asarray(unravel(value)) if eqx.is_array(value) else value
            for name, value in metrics.items()
        },
        steps=run_state.taken.reshape(shape),
        coordinates={name: _coordinate(value) for name, value in values.items()},
        compile_seconds=run_state.compile_seconds,
        run_seconds=run_state.run_seconds,
        provenance=origin,
        series={name: unravel(value) for name, value in run_state.series().items()},
        evaluation_series={
            name: value if name == "step" else unravel(value)
            for name, value in evaluations_of(run_state).items()
        },
    )


def _population(
    problem: AbstractProblem,
    solver: AbstractSolver,
    steps: int,
    seed: int,
    values: dict[str, PyTree],
) -> Task:
    """The task of all members: every combination of the values; the last name varies fastest."""
    grid = np.meshgrid(*(np.arange(_length(v)) for v in values.values()), indexing="ij")
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
        key, key_axis = jnp.broadcast_to(key, (_size(values),)), 0
    everyone = (axes["problem"], axes["solver"], prepared_axes, key_axis)
    return Task(trees["problem"], trees["solver"], prepared, key, everyone)


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


def _take(values: PyTree, index: np.ndarray) -> PyTree:
    """The members' values: the elements at `index` of every array."""
    return jax.tree.map(lambda leaf: leaf[index] if eqx.is_array(leaf) else leaf, values)


def _length(values: PyTree) -> int:
    return len(next(leaf for leaf in jax.tree.leaves(values) if eqx.is_array(leaf)))


def _coordinate(values: PyTree) -> np.ndarray:
    """The values along their axis; positions if a value is itself an array or a pytree."""
    single = isinstance(values, np.ndarray) and values.ndim == 1
    return values if single else np.arange(_length(values))


def _size(values: Mapping[str, PyTree]) -> int:
    return math.prod(_length(value) for value in values.values())
