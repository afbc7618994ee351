"""`resume`: go on with a saved run."""

import itertools
import os
import pathlib
import warnings
from collections.abc import Iterable, Mapping
from typing import Any

import equinox as eqx
import numpy as np

from ..data._block import streams_in
from ..errors import PlugaxError, ResumeWarning
from ..observers import AbstractObserver
from ..problems import AbstractProblem
from ..solution import Population, Populations, Solution, finite
from ..solvers import AbstractSolver
from .devices._device import find_devices
from .loop._best import keeping
from .loop._rollback import rates_after
from .members._population import population
from .request._length import Length, Plan
from .run._data_files import data_files
from .run._job import single
from .run._place import check_call
from .run._provenance import spec_of, variations_of
from .run._run import run
from .saved._blueprint import read_blueprint
from .saved._branch import branch
from .saved._load import told_of
from .saved._nearest import newest
from .saved._saved_sweep import each_group, is_unfinished, read_sweep
from .slices._on_cluster import resume_divided
from .sweeps._groups import checked


def resume(
    path: str | os.PathLike,
    *,
    steps: int | None = None,
    epochs: int | float | None = None,
    problem: AbstractProblem | None = None,
    solver: AbstractSolver | None = None,
    chunk: int | None = None,
    device: str | None = None,
    devices: int | str | Iterable[str] | None = None,
    observers: Iterable[AbstractObserver | str] = (),
    throw: bool = False,
    prepare_anew: bool = False,
    from_step: int | None = None,
    options: Mapping[str, Any] | None = None,
    out: str | os.PathLike | None = None,
    force: bool = False,
) -> Any:
    """Go on with the run in the directory `path`, and save it there again.

    The result is that of a run that was never interrupted, bit for bit. If the newest snapshot is
    damaged, the run goes on from the newest that is not, and a warning says so.

    A solver may prepare for all steps of a run, for example a learning rate that decays until the
    last one. If the run goes on for longer, what it has prepared stays: the rate has come to its
    end. A warning says so.

    Arguments:
        path: the directory of the saved run.
        steps: the total number of steps, those done included; by default as many as were asked for
            before.
        epochs: the total number of passes over the data, instead of `steps`.
        problem: as for `load`.
        solver: as for `load`.
        chunk: as for `solve`.
        device: as for `solve`.
        devices: as for `solve`; they need not be those of the run before, nor as many.
        observers: as for `solve`.
        throw: as for `solve`.
        prepare_anew: let the solver prepare for the new number of steps: from here on, the rate is
            that of a longer run.
        from_step: branch off after this step instead, in the directory `out`: both directories say
            which run came from which. The state there is that of the nearest snapshot before it,
            and the steps from there are run again.
        options: of a branch: other values of options and array leaves of problem and solver, by
            their paths as in `sweep`, such as `{"optimizer.learning_rate": 1e-4}`.
        out: the directory of a branch; the run in `path` stays as it is.
        force: replace another run in `out`.

    Returns:
        a `Solution`, or a `Population` if a sweep was saved, or its `Populations`, of which those
        that were never begun are run too; members that failed, or that a race has stopped, stay as
        they are.

    Errors: those of `load` and `solve`; `PlugaxError` if the run has done all its steps, or the
    data do not last for the steps asked for.
    """
    sweep = read_sweep(path)
    length = Length(steps, epochs)
    call = {
        "chunk": chunk,
        "devices": find_devices(device, devices),
        "observers": observers,
        "throw": throw,
    }
    if from_step is not None or options or out is not None:
        if sweep is not None:
            raise PlugaxError(
                f"{path} is a sweep of several populations; a branch goes off one of them: give "
                "its directory, inside of this one."
            )
        given = {"problem": problem, "solver": solver}
        told = {"options": options or {}, "length": length, "force": force, "given": given}
        return branch(path, out=out, from_step=from_step, **told, **call)
    if is_unfinished(path):
        asked = {"chunk": chunk, "device": device, "devices": devices, "observers": observers}
        asked |= {"throw": False, "steps": steps, "epochs": epochs, "anew": prepare_anew}
        given = {"problem": problem, "solver": solver}
        return checked(_finish_slices(pathlib.Path(path), sweep, asked, **given), throw=throw)
    if sweep is None:
        before = newest(path, problem=problem, solver=solver)
        return _go_on(before, path, length, prepare_anew=prepare_anew, **call)

    went_on = interrupted = False

    def note(group: Population) -> Population:
        nonlocal went_on, interrupted
        went_on, interrupted = True, bool((group.names == "interrupted").any())
        return group

    def saved(place: pathlib.Path) -> Population:
        before = newest(place, problem=problem, solver=solver)
        if interrupted or _nothing_left(before, _plan(before, length).steps, place) is not None:
            return before
        return note(_go_on(before, place, length, prepare_anew=prepare_anew, **call))

    def missing(origin: dict[str, Any], place: pathlib.Path) -> Population | None:
        if interrupted:
            return None
        given = {"problem": problem, "solver": solver}
        job = read_blueprint(
            pathlib.Path(path), origin, sweep.get("arrays"), length=length, **given
        )
        return note(run(job, out=place, **call))

    found = each_group(path, sweep, saved, missing)
    if not went_on:
        raise PlugaxError(
            f"Nothing is left to do in {path}: no member of any population can go on."
        )
    return found


def _finish_slices(
    path: pathlib.Path, sweep: dict[str, Any] | None, asked: dict[str, Any], **given: Any
) -> Population | Populations:
    """Go on with a sweep on a cluster, as it was asked for."""
    if any(asked.values()):
        name = next(name for name, value in asked.items() if value)
        raise PlugaxError(
            f"The sweep on a cluster in {path} is not finished, and goes on as it was begun: leave "
            f"out {'prepare_anew' if name == 'anew' else name}, and resume once more when it is."
        )
    if sweep is None:
        return resume_divided(path, [path], **given)[0]
    places = [path / one["directory"] for one in sweep["groups"]]
    groups = resume_divided(path, places, **given)
    return Populations(tuple(groups), tuple(one["options"] for one in sweep["groups"]), (), path)


def _plan(before: Solution | Population, length: Length) -> Plan:
    """How far a run is to go: as far as is asked, or else as was asked before."""
    asked = before.provenance["run"]
    usual = Length(asked["steps"], evaluate_every=asked["evaluate_every"])
    return length.or_else(usual).in_steps(before.solver.data(before.problem), 1)


def _go_on(
    before: Solution | Population,
    path: str | os.PathLike,
    length: Length,
    *,
    prepare_anew: bool,
    **call: Any,
) -> Any:
    """Go on with one run or one population."""
    _check_same(before)
    asked, plan = before.provenance["run"], _plan(before, length)
    reason = _nothing_left(before, plan.steps, path)
    if reason is not None:
        raise PlugaxError(reason)
    if asked.get("race") is not None and plan.steps != asked["steps"]:
        raise PlugaxError(
            f"The race in {path} is over {asked['steps']} steps, by which members were stopped; it "
            f"cannot go on to {plan.steps}. Resume it without a number of steps, or sweep anew."
        )
    _check_place(before, path)
    check_call(before.problem, seed=asked["seed"], chunk=call["chunk"])
    prepared_for = plan.steps if prepare_anew else asked["prepared_for"]
    _tell_what_changes(before, asked["prepared_for"], plan.steps, anew=prepare_anew)
    told = told_of(asked) | {"plan": plan, "prepared_for": prepared_for}
    told |= {"keep_best": keeping(asked.get("keep_best"), plan)}
    if prepared_for != asked["prepared_for"]:
        told["since"] = int(np.max(before.steps))
    if isinstance(before, Solution) and told["on_non_finite"] == "rollback":
        told |= {"rates": rates_after(before, before.solver)}
    job = (
        single(before.problem, before.solver, **told)
        if isinstance(before, Solution)
        else population(before.problem, before.solver, before.swept, lineage=before.lineage, **told)
    )
    return run(job, before, out=path, **call)


def _nothing_left(before: Solution | Population, steps: int, path: str | os.PathLike) -> str | None:
    """Why nothing is left to do: all steps are done, or more would change nothing; or None."""
    if isinstance(before, Solution):
        statuses, taken = [before.status], [before.steps]
        if before.status.name == "converged":
            return (
                f"Nothing is left to do in {path}: {before.status} For a closer answer, solve "
                "again with a finer tolerance."
            )
        if before.status.name == "stalled":
            return f"More steps would change nothing in {path}: {before.status}"
    else:
        running = ~np.isin(before.names, ("converged", "stalled", "non-finite", "pruned"))
        statuses, taken = before.status[running], before.steps[running]
        if not running.any():
            return (
                f"Nothing is left to do in {path}: every member has converged, stalled or failed."
            )
    if max(taken) >= steps:
        return (
            f"Nothing is left to do in {path}: {statuses[0]} To go on, ask for a total of more "
            f"than the {max(taken)} steps it has done."
        )
    return None


def _check_place(before: Solution | Population, path: str | os.PathLike) -> None:
    """Raise `PlugaxError` if data that are read on the host cannot go on from where they were."""
    if not np.any(before.steps):
        return
    readers = [] if before.place is None else before.place["readers"]
    streams = streams_in(before.solver.data(before.problem))
    for stream, place in itertools.zip_longest(streams, readers):
        reason = None if stream is None else stream.cannot_resume(place)
        if reason is not None:
            raise PlugaxError(f"The run in {path} cannot be resumed. {reason}")


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
