"""`compare`: solvers on one problem, over seeds; all seeds of a solver are one population."""

import dataclasses
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np

from ..plugins import build, origin_of
from ..problems import AbstractProblem
from ..runner._device import find_device
from ..runner._job import Job
from ..runner._length import Length
from ..runner._members import stack_members
from ..runner._place import check_call
from ..runner._prepare import prepare_seeds
from ..runner._program import Task
from ..runner._provenance import provenance_of
from ..runner._record import EVERYTHING
from ..runner._run import run
from ..solution import Population
from ._comparison import LOST, Comparison, Row
from ._contestants import (
    Contestant,
    Entry,
    check_seeds,
    contestant_of,
    label_entries,
    option_of,
)


def compare(
    problem: AbstractProblem | str,
    solvers: Iterable[Entry] | Mapping[str, Entry],
    *,
    seeds: Iterable[int] = range(3),
    over: Mapping[str, Iterable[Any]] | None = None,
    steps: int | None = None,
    epochs: int | float | None = None,
    metrics: Iterable[str] | None = None,
    chunk: int | None = None,
    device: str | None = None,
    after_each: Callable[[Comparison], None] | None = None,
) -> Comparison:
    """Compare solvers on a problem.

    Every seed gives the solver other random numbers and, if the problem's data are random, other
    data: its run is `solve(problem.reseeded(seed), solver, seed=seed)`. All seeds of a solver are
    one program. What a problem recommends for a solver applies as in `solve`.

    Arguments:
        problem: as for `solve`.
        solvers: names, objects, names with options `("etkf", {"members": 40})` or specs; or a
            mapping from labels to these.
        seeds: whole numbers, one or more.
        over: one option of the solvers with its values, `{"members": (10, 20, 40)}`: every solver
            is run with each value. An option may change shapes, so each value needs a program of
            its own.
        steps: as for `solve`; for every solver.
        epochs: as for `solve`; for every solver.
        metrics: the names of the metrics to show, which must be scalars; by default the `scores` of
            the problem that any solver has, or else the metrics that all solvers have.
        chunk: as for `solve`.
        device: as for `solve`.
        after_each: called with the comparison so far, whenever a row is done.

    Returns:
        the comparison. A run that diverges is left out of the means and mentioned in its row; so is
        an exception that a solver raises. Ctrl-C ends the comparison and returns the rows done so
        far.

    Errors: those of `solve` for any of the solvers, before anything is run; `PlugaxError` for
    invalid seeds, and if reseeding changes more than values.
    """
    numbers = check_seeds(seeds)
    name, values = option_of(over)
    asked = Length(steps, epochs, None)
    made: AbstractProblem = build("problem", problem, {})
    contestants = [
        contestant_of(made, label, entry, asked, name, value)
        for label, entry in label_entries(solvers)
        for value in values
    ]
    check_call(made, seed=numbers[0], chunk=chunk)
    chosen = find_device(device)
    with jax.default_device(chosen):
        problems = [made.reseeded(seed) for seed in numbers]
        everyone = stack_members(problems, f"Problems of several seeds ({type(made).__name__})")
    comparison = Comparison(
        problem=(origin_of(made) or {}).get("name", type(made).__name__),
        rows=(),
        metrics=tuple(metrics or ()),
        seeds=numbers,
        over=name,
        provenance=provenance_of(made, None, chosen, seed=numbers, steps=steps, epochs=epochs),
    )
    try:
        for contestant in contestants:
            row = _row(made, contestant, problems, everyone, numbers, chunk, device)
            rows = (*comparison.rows, row)
            shown = comparison.metrics if metrics else _usual(made, rows)
            comparison = dataclasses.replace(comparison, rows=rows, metrics=shown)
            if comparison.interrupted:
                break
            if after_each is not None:
                after_each(comparison)
    except KeyboardInterrupt:
        pass
    rest = contestants[len(comparison.rows) :]
    return _with_missing(comparison, rest, name) if rest else comparison


def _row(
    problem: AbstractProblem,
    contestant: Contestant,
    problems: list[AbstractProblem],
    everyone: tuple[AbstractProblem, Any],
    seeds: tuple[int, ...],
    chunk: int | None,
    device: str | None,
) -> Row:
    """One solver, run on all seeds."""
    numbers = np.asarray(seeds)

    solver, steps = contestant.solver, contestant.plan.steps

    def task() -> Task:
        prepared, axes = prepare_seeds(problems, solver, steps)
        key = jax.vmap(jr.key)(jnp.asarray(numbers))
        same = jax.tree.map(lambda _: None, solver)
        return Task(everyone[0], solver, prepared, key, (everyone[1], same, axes, 0))

    job = Job(problem, solver, seeds, contestant.plan, steps, EVERYTHING, task, {"seed": numbers})
    try:
        population = run(job, chunk=chunk, device=device, observers=(), out=None, throw=False)
    # If one solver fails or lacks memory, the results of the others must not be lost.
    except Exception as error:
        none = np.empty(0)
        return Row(contestant.label, contestant.value, {}, (), none, np.nan, np.nan, error)
    steps = population.steps
    return Row(
        solver=contestant.label,
        value=contestant.value,
        scores=_scores(population),
        statuses=tuple(population.status),
        steps=steps,
        seconds_per_step=population.run_seconds / steps.sum() if steps.any() else np.nan,
        compile_seconds=population.compile_seconds,
        provenance=population.provenance,
    )


def _scores(population: Population) -> dict[str, np.ndarray]:
    """Every metric that is a single number, for every seed; NaN if the run was lost."""
    lost = np.isin(population.names, LOST)
    scores = {}
    for name, values in population.metrics.items():
        single = isinstance(values, np.ndarray) and values.shape == lost.shape
        if single and np.issubdtype(values.dtype, np.number):
            scores[name] = np.where(lost, np.nan, values)
    return scores


def _usual(problem: AbstractProblem, rows: tuple[Row, ...]) -> tuple[str, ...]:
    """The metrics that are shown by default."""
    ran = [row for row in rows if row.scores]
    if problem.scores:
        return tuple(name for name in problem.scores if any(name in row.scores for row in ran))
    first = ran[0].scores if ran else {}
    return tuple(name for name in first if all(name in row.scores for row in ran))


def _with_missing(comparison: Comparison, rest: list[Contestant], over: str | None) -> Comparison:
    """The comparison after an interrupt, with the rows that were not run."""
    missing = (c.label if over is None else f"{c.label}, {over} {c.value}" for c in rest)
    return dataclasses.replace(comparison, missing=tuple(missing))
