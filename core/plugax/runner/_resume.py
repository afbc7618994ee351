"""`resume`: go on with a saved run."""

import os
import warnings
from collections.abc import Iterable
from typing import Any

import equinox as eqx
import numpy as np

from ..errors import PlugaxError, ResumeWarning
from ..observers import AbstractObserver
from ..problems import AbstractProblem
from ..solution import Population, Solution, finite
from ..solvers import AbstractSolver
from ._best import keeping
from ._data_files import data_files
from ._job import single
from ._length import Length
from ._load import load
from ._place import check_call
from ._provenance import spec_of, variations_of
from ._record import recording
from ._run import run
from ._sweep import population


def resume(
    path: str | os.PathLike,
    *,
    steps: int | None = None,
    epochs: int | float | None = None,
    problem: AbstractProblem | None = None,
    solver: AbstractSolver | None = None,
    chunk: int | None = None,
    device: str | None = None,
    observers: Iterable[AbstractObserver | str] = (),
    throw: bool = False,
    prepare_anew: bool = False,
) -> Any:
    """Go on with the run in the directory `path`, and save it there again.

    The result is that of a run that was never interrupted, bit for bit. A solver may prepare for
    all steps of a run, for example a learning rate that decays until the last one. If the run goes
    on for longer, what it has prepared stays: the rate has come to its end. A warning says so.

    Arguments:
        path: the directory of the saved run.
        steps: the total number of steps, those done included; by default as many as were asked for
            before.
        epochs: the total number of passes over the data, instead of `steps`.
        problem: as for `load`.
        solver: as for `load`.
        chunk: as for `solve`.
        device: as for `solve`.
        observers: as for `solve`.
        throw: as for `solve`.
        prepare_anew: let the solver prepare for the new number of steps: from here on, the rate is
            that of a longer run.

    Returns:
        a `Solution`, or a `Population` if a sweep was saved; its members that failed stay as they
        are.

    Errors: those of `load` and `solve`; `PlugaxError` if the run has done all its steps, or the
    data do not last for the steps asked for.
    """
    before = load(path, problem=problem, solver=solver)
    _check_same(before)
    asked = before.provenance["run"]
    usual = Length(asked["steps"], evaluate_every=asked["evaluate_every"])
    plan = Length(steps, epochs).or_else(usual).in_steps(before.solver.data(before.problem), 1)
    _check_something_is_left(before, plan.steps, path)
    check_call(before.problem, seed=asked["seed"], chunk=chunk)
    prepared_for = plan.steps if prepare_anew else asked["prepared_for"]
    _tell_what_changes(before, asked["prepared_for"], plan.steps, anew=prepare_anew)
    told = {
        "seed": asked["seed"],
        "plan": plan,
        "prepared_for": prepared_for,
        "record": recording(asked["record"], asked["record_every"]),
        "keep_best": keeping(asked.get("keep_best"), plan),
    }
    job = (
        single(before.problem, before.solver, **told)
        if isinstance(before, Solution)
        else population(before.problem, before.solver, before.swept, **told)
    )
    return run(job, before, chunk=chunk, device=device, observers=observers, out=path, throw=throw)


def _check_something_is_left(
    before: Solution | Population, steps: int, path: str | os.PathLike
) -> None:
    """Raise `PlugaxError` if the run has done all its steps, or if more would change nothing."""
    if isinstance(before, Solution):
        statuses, taken = [before.status], [before.steps]
        if before.status.name == "converged":
            raise PlugaxError(
                f"Nothing is left to do in {path}: {before.status} For a closer answer, solve "
                "again with a finer tolerance."
            )
        if before.status.name == "stalled":
            raise PlugaxError(f"More steps would change nothing in {path}: {before.status}")
    else:
        running = ~np.isin(before.names, ("converged", "stalled", "non-finite"))
        statuses, taken = before.status[running], before.steps[running]
        if not running.any():
            raise PlugaxError(
                f"Nothing is left to do in {path}: every member has converged, stalled or failed."
            )
    if max(taken) >= steps:
        raise PlugaxError(
            f"Nothing is left to do in {path}: {statuses[0]} To go on, ask for a total of more "
            f"than the {max(taken)} steps it has done."
        )


def _tell_what_changes(before: Solution | Population, old: int, new: int, *, anew: bool) -> None:
    """Warn if the solver would prepare something else for the new number of steps."""
    if old == new:
        return
    was, again, other = (before.solver.prepare(before.problem, steps) for steps in (old, old, new))
    # What holds functions made anew each time is not even equal to itself.
    if not eqx.tree_equal(was, again) or eqx.tree_equal(was, other):
        return
    name = type(before.solver).__name__
    if anew:
        told = (
            f"From step {before.steps} on, {name} goes by what it prepares for {new} steps; the "
            f"steps before went by what it had prepared for {old}. The result is that of no run of "
            "one length."
        )
    else:
        told = (
            f"{name} had prepared for {old} steps (a learning rate that decays, for example, ends "
            f"there), and goes on by that to {new}. To prepare for {new} steps from here on, give "
            "prepare_anew=True, on the command line --prepare-anew; to have it from the start, "
            "solve again."
        )
    warnings.warn(ResumeWarning(told), stacklevel=3)


def _check_same(before: Solution | Population) -> None:
    """Raise `PlugaxError` if a given problem or solver differs from that of the saved run."""
    for kind in ("problem", "solver"):
        saved = before.provenance[kind]
        given = finite(spec_of(getattr(before, kind), kind))
        if saved["name"] is None or given["name"] is None:
            continue
        # For data files only the content counts: it may have moved, or been replaced.
        was, now = before.provenance["data"] if kind == "problem" else {}, data_files(given, kind)
        differ = [
            f"{name} {saved.get(name)!r} (given {given.get(name)!r}, with other content)"
            for name in was
            if was[name]["files"] != now.get(name, {}).get("files")
        ] + [
            f"{name} {saved.get(name)!r} (given {given.get(name)!r})"
            for name in {**saved, **given}
            if name not in was and saved.get(name) != given.get(name)
        ]
        if kind == "problem" and before.provenance.get("variations", []) != finite(
            variations_of(before.problem, given)
        ):
            differ.append("other bounds, fixed unknowns or start (px.bounded, px.fixed, …)")
        if differ:
            raise PlugaxError(
                f"The {kind} given differs from that of the saved run, which has "
                f"{', '.join(differ)}. Leave it out to go on with the saved one, or solve anew."
            )
