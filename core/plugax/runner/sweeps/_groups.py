"""A sweep over options that need a program each: one population after the other.

Its directory is described in `_saved_sweep.py`.
"""

import functools
import itertools
import pathlib
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import jax
import numpy as np

from ...cluster import Cluster
from ...errors import PlugaxError, RunFailedError
from ...plugins import origin_of
from ...problems import AbstractProblem
from ...solution import (
    POINTS,
    SUMMARY,
    SWEEP,
    Populations,
    claim,
    directory_of,
    finite,
    replace_file,
    sealed,
)
from ...solvers import AbstractSolver
from ..devices._device import Devices
from ..devices._processes import writes
from ..members._population import is_array_leaf, root_of, run_population
from ..request._length import Length, Plan
from ..request._option_paths import has_option, with_option
from ..request._range import Range
from ..request._resolve import resolve
from ..run._job import Job
from ..run._provenance import plain, provenance_of
from ..saved._blueprint import write_blueprint
from ..slices._on_cluster import run_divided

MakeJob = Callable[[AbstractProblem, AbstractSolver, Plan, Mapping[str, Any]], Job]


def needs_programs(name: str, problem: AbstractProblem, solver: AbstractSolver) -> bool:
    """Whether what is swept is an option that needs a program for each of its values."""
    trees = {"problem": problem, "solver": solver}
    if is_array_leaf(name, trees):
        return False
    root, path = root_of(name)
    return has_option(trees[root], root, path.split("."))


def with_numbers(
    over: Mapping[str, Any], problem: AbstractProblem, solver: AbstractSolver
) -> tuple[AbstractProblem, AbstractSolver]:
    """Problem and solver with a number in place of None in every option that is swept over numbers.

    A momentum of None, for example, is no array, but any number in its place is one, so that its
    values can share a program.
    """
    trees = {"problem": problem, "solver": solver}
    points = over.get(POINTS)
    named = {**over, **points} if isinstance(points, Mapping) else over
    for name, given in named.items():
        root, path = root_of(name)
        if not _are_numbers(given) or not needs_programs(name, trees["problem"], trees["solver"]):
            continue
        first = given.low if isinstance(given, Range) else float(np.asarray(given)[0])
        changed = trees | {root: with_option(trees[root], root, path.split("."), first)}
        if is_array_leaf(name, changed):
            trees = changed
    return trees["problem"], trees["solver"]


def group_jobs(
    problem: AbstractProblem,
    solver: AbstractSolver,
    asked: Length,
    programs: Mapping[str, Any],
    rest: Mapping[str, Any],
    job_of: MakeJob,
) -> tuple[list[dict[str, Any]], list[Job]]:
    """Every combination of the options, and the job of its population.

    Arguments:
        problem: the problem, before anything is swept.
        solver: the solver, before anything is swept.
        asked: the length that was asked for.
        programs: the values of the options, by name.
        rest: what is swept within each population.
        job_of: makes the job of one of them.
    """
    choices = [
        dict(zip(programs, chosen, strict=True))
        for chosen in itertools.product(*map(_plain_values, programs, programs.values()))
    ]
    jobs = []
    for options in choices:  # all are made first: a wrong value is found before anything is run
        trees = {"problem": problem, "solver": solver}
        for name, value in options.items():
            root, path = root_of(name)
            trees[root] = with_option(trees[root], root, path.split("."), value)
        jobs.append(job_of(*resolve(trees["problem"], trees["solver"], asked, {}), rest))
    return choices, jobs


def run_groups(
    choices: list[dict[str, Any]],
    jobs: list[Job],
    *,
    out: pathlib.Path | None,
    force: bool,
    throw: bool,
    cluster: Cluster | None = None,
    device: str | None = None,
    **told: Any,
) -> Populations:
    """Run a population for every combination of the options.

    Arguments:
        choices: the combinations.
        jobs: the jobs of their populations.
        out: the directory of the whole sweep, or None.
        force: whether to replace other runs there.
        throw: whether to raise if a member was not successful.
        cluster: where the populations are run, in slices; None for this process.
        device: on a cluster, as for `solve`.
        told: further arguments of `run`.
    """
    if cluster is not None and out is not None:
        places = [out / directory_of(options) for options in choices]
        groups = run_divided(
            cluster,
            dict(zip(places, jobs, strict=True)),
            out,
            force=force,
            chunk=told["chunk"],
            device=device,
            before=functools.partial(_write, out, choices, jobs, told["devices"]),
        )
        return checked(Populations(tuple(groups), tuple(choices), (), out), throw=throw)
    if out is not None:
        for options in choices:
            claim(out / directory_of(options), force=force)
        _write(out, choices, jobs, told["devices"])
    return _run_all(choices, jobs, out, throw=throw, **told)


def _run_all(
    choices: list[dict[str, Any]],
    jobs: list[Job],
    out: pathlib.Path | None,
    *,
    throw: bool,
    **told: Any,
) -> Populations:
    groups = []
    for options, job in zip(choices, jobs, strict=True):
        place = None if out is None else out / directory_of(options)
        groups.append(run_population(job, out=place, throw=False, **told))
        if (groups[-1].names == "interrupted").any():
            break
    done = len(groups)
    found = Populations(tuple(groups), tuple(choices[:done]), tuple(choices[done:]), out)
    return checked(found, throw=throw)


def checked(found: Any, *, throw: bool) -> Any:
    """What was found; `RunFailedError` if a member was not successful and `throw` asks for it."""
    if throw and not found.success.all():
        raise RunFailedError(str(found.overall()), found)
    return found


def _write(
    out: pathlib.Path, choices: list[dict[str, Any]], jobs: list[Job], devices: Devices
) -> None:
    """Write what is needed to make the populations of a sweep, before the first of them is run."""
    if not writes():
        return
    groups = [
        {
            "options": options,
            "directory": directory_of(options),
            "provenance": provenance_of(job.problem, job.solver, devices, **job.asked),
        }
        for options, job in zip(choices, jobs, strict=True)
    ]
    for place in (out, *(out / group["directory"] for group in groups)):
        (place / SUMMARY).unlink(missing_ok=True)  # of a run that is replaced
    entries = write_blueprint(out, jobs[0])
    with replace_file(out / SWEEP) as file:
        file.write(sealed({"groups": finite(groups), "arrays": entries}))


def _are_numbers(given: Any) -> bool:
    """Whether values are a range, or numbers that are not whole."""
    if isinstance(given, Range):
        return True
    try:
        values = np.asarray(given)
    except ValueError:  # of different shapes
        return False
    return values.ndim == 1 and values.size > 0 and values.dtype.kind == "f"


def _plain_values(name: str, given: Any) -> list[Any]:
    """The values of an option, as Python's numbers and text; whole numbers as such."""
    values = given.grid() if isinstance(given, Range) else given
    values = values.tolist() if isinstance(values, np.ndarray | jax.Array) else values
    if isinstance(values, str) or not isinstance(values, Iterable):
        raise PlugaxError(f"{name!r} must be swept over one value or more; got {given!r}.")
    found = [plain(value) if origin_of(value) is None else value for value in values]
    if isinstance(given, Range) and all(float(value).is_integer() for value in found):
        found = [int(value) for value in found]
    if not found:
        raise PlugaxError(f"{name!r} must be swept over one value or more; got {given!r}.")
    return found
