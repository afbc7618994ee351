"""One solver on several seeds: all of them as one population."""

import pathlib
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np

from ..cluster._worker import DONE
from ..problems import AbstractProblem
from ..runner.devices._device import Devices
from ..runner.loop._program import Task
from ..runner.members._members import stack_members
from ..runner.members._prepare import prepare_seeds
from ..runner.request._record import EVERYTHING
from ..runner.run._job import Job
from ..runner.run._provenance import provenance_of
from ..runner.run._run import run
from ..runner.saved._kept import run_or_go_on
from ..runner.slices._digest import digest_of
from ..solution import Population
from ._comparison import LOST, Row
from ._contestants import Contestant
from ._correlation import error_of_score

ROWS = "rows"
"""The directory of the rows in that of a comparison."""


class Seeded(NamedTuple):
    """A problem with the data of several seeds.

    Attributes:
        seeds: the seeds.
        problems: the problem of every seed.
        everyone: all problems as one, and its axes.
    """

    seeds: tuple[int, ...]
    problems: list[AbstractProblem]
    everyone: tuple[AbstractProblem, Any]


def seeded(problem: AbstractProblem, seeds: tuple[int, ...], device: Any) -> Seeded:
    """The problem with the data of these seeds.

    Errors: `PlugaxError` if reseeding changes more than values.
    """
    with jax.default_device(device):
        problems = [problem.reseeded(seed) for seed in seeds]
        what = f"Problems of several seeds ({type(problem).__name__})"
        return Seeded(seeds, problems, stack_members(problems, what))


def job_of(problem: AbstractProblem, contestant: Contestant, members: Seeded) -> Job:
    """The job of one solver on all seeds."""
    numbers = np.asarray(members.seeds)
    solver, steps = contestant.solver, contestant.plan.steps

    def task() -> Task:
        prepared, axes = prepare_seeds(members.problems, solver, steps)
        key = jax.vmap(jr.key)(jnp.asarray(numbers))
        same = jax.tree.map(lambda _: None, solver)
        together, own = members.everyone
        return Task(together, solver, prepared, key, (own, same, axes, 0))

    plan, swept = contestant.plan, {"seed": numbers}
    return Job(problem, solver, members.seeds, plan, steps, EVERYTHING, task, swept)


def row_of(
    problem: AbstractProblem,
    contestant: Contestant,
    members: Seeded,
    chunk: int | None,
    devices: Devices,
    out: pathlib.Path | None = None,
) -> Row:
    """One solver, run on all seeds; what is in `out` already is not run again."""
    job = job_of(problem, contestant, members)
    try:
        if out is None:
            population = run(job, chunk=chunk, devices=devices, observers=(), out=None, throw=False)
        else:
            place = place_of(job, out, devices)
            population = run_or_go_on(job, place, chunk=chunk, devices=devices)
            if not (population.names == "interrupted").any() and population.unsaved is None:
                (place / DONE).touch()
    # If one solver fails or lacks memory, the results of the others must not be lost.
    except Exception as error:
        return without_result(contestant, error)
    steps = population.steps
    scores = _scores(population)
    return Row(
        solver=contestant.label,
        value=contestant.value,
        scores=scores,
        statuses=tuple(population.status),
        steps=steps,
        seconds_per_step=population.run_seconds / steps.sum() if steps.any() else np.nan,
        compile_seconds=population.compile_seconds,
        provenance=population.provenance,
        time_errors=_time_errors(population, scores),
    )


def without_result(contestant: Contestant, error: Exception) -> Row:
    """The row of a solver whose runs an exception ended."""
    none = np.empty(0)
    return Row(contestant.label, contestant.value, {}, (), none, np.nan, np.nan, error)


def place_of(job: Job, out: pathlib.Path, device: Any) -> pathlib.Path:
    """The directory of a row in that of a comparison, by all that decides on its result."""
    origin = provenance_of(job.problem, job.solver, device, **job.asked)
    return out / ROWS / digest_of(origin, job.problem, job.solver, job.swept or {})


def _scores(population: Population) -> dict[str, np.ndarray]:
    """Every metric that is a single number, for every seed; NaN if the run was lost."""
    lost = np.isin(population.names, LOST)
    scores = {}
    for name, values in population.metrics.items():
        single = isinstance(values, np.ndarray) and values.shape == lost.shape
        if single and np.issubdtype(values.dtype, np.number):
            scores[name] = np.where(lost, np.nan, values)
    return scores


def _time_errors(population: Population, scores: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """For every score that has a history, the error of each seed's, if it is the mean of that."""
    found = {}
    for name, values in scores.items():
        series = population.series.get(name)
        if series is None or series.ndim != 2 or series.dtype.kind != "f":
            continue
        found[name] = np.asarray(
            [
                error_of_score(value, own[:steps])
                for value, own, steps in zip(values, series, population.steps, strict=True)
            ]
        )
    return found
