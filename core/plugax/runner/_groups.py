"""A sweep over options that need a program each: one population after the other.

The directory of such a sweep has `sweep.json`, which lists the populations and how each is made,
`swept-ID.npz` with the arrays that all of them are swept over, and a directory for every
population.
"""

import itertools
import os
import pathlib
import uuid
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import jax
import numpy as np

from ..errors import PlugaxError, RunFailedError
from ..plugins import origin_of
from ..problems import AbstractProblem
from ..solution import (
    POINTS,
    SUMMARY,
    SWEEP,
    Populations,
    claim,
    directory_of,
    finite,
    read_arrays,
    replace_file,
    sealed,
    swept_arrays,
    unsealed,
    write_arrays,
)
from ..solvers import AbstractSolver
from ._device import Devices
from ._job import Job
from ._length import Length, Plan
from ._option_paths import has_option, with_option
from ._population import is_array_leaf, root_of, run_population
from ._processes import writes
from ._provenance import plain, provenance_of
from ._range import Range
from ._resolve import resolve

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
    **told: Any,
) -> Populations:
    """Run a population for every combination of the options.

    Arguments:
        choices: the combinations.
        jobs: the jobs of their populations.
        out: the directory of the whole sweep, or None.
        force: whether to replace other runs there.
        throw: whether to raise if a member was not successful.
        told: further arguments of `run`.
    """
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
    if throw and not found.success.all():
        raise RunFailedError(str(found.overall()), found)
    return found


def read_sweep(path: str | os.PathLike) -> dict[str, Any] | None:
    """The content of `sweep.json`, with the swept arrays as `swept`; None if there is none.

    Errors: `PlugaxError` if it is damaged.
    """
    directory = pathlib.Path(path)
    if not (directory / SWEEP).exists():
        return None
    try:
        content = unsealed((directory / SWEEP).read_bytes())
        if "arrays" in content:
            swept = read_arrays(directory / content["file"], content["arrays"])
        else:  # the first format
            with np.load(directory / "swept.npz", allow_pickle=False) as stored:
                swept = {name: stored[name] for name in content["dtypes"]}
        return content | {"swept": swept}
    except (OSError, ValueError, KeyError) as error:
        raise PlugaxError(f"The sweep in {directory} is damaged: {error}.") from error


def each_group(
    path: str | os.PathLike,
    sweep: Mapping[str, Any],
    saved: Callable[[pathlib.Path], Any],
    missing: Callable[[dict[str, Any], pathlib.Path], Any],
) -> Populations:
    """The populations of a saved sweep, until the first that is not there.

    Arguments:
        path: the directory of the sweep.
        sweep: what `read_sweep` returns.
        saved: gives the population that is saved in a directory.
        missing: gives a population that was never begun, or None; its arguments are its provenance
            and its directory.
    """
    directory, groups = pathlib.Path(path), []
    for one in sweep["groups"]:
        place = directory / one["directory"]
        group = saved(place) if (place / SUMMARY).exists() else missing(one["provenance"], place)
        if group is None:
            break
        groups.append(group)
    options = tuple(one["options"] for one in sweep["groups"])
    done = len(groups)
    if not groups:
        raise PlugaxError(f"No population of the sweep in {directory} has been run yet.")
    return Populations(tuple(groups), options[:done], options[done:], directory)


def _write(
    out: pathlib.Path, choices: list[dict[str, Any]], jobs: list[Job], devices: Devices
) -> None:
    """Write what is needed to make the populations of a sweep, before the first of them is run."""
    if not writes():
        return
    arrays = swept_arrays({n: v for n, v in (jobs[0].swept or {}).items() if n != "start"})
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
    file = f"swept-{uuid.uuid4().hex[:12]}.npz"
    entries = write_arrays(out / file, arrays)
    with replace_file(out / SWEEP) as opened:
        opened.write(sealed({"groups": finite(groups), "file": file, "arrays": entries}))
    for path in out.glob("swept*.npz"):  # of a sweep that is replaced
        if path.name != file:
            path.unlink()


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
