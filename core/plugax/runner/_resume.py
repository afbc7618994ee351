"""`resume`: go on with a saved run."""

import os
from collections.abc import Iterable

import equinox as eqx

from .._errors import PlugaxError
from ..observers import AbstractObserver
from ..problems import AbstractProblem
from ..solution import Solution, finite
from ..solvers import AbstractSolver
from ._data_files import data_files
from ._length import Length
from ._load import load
from ._provenance import spec_of, variations_of
from ._run import run


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
    new_plan: bool = False,
) -> Solution:
    """Go on with the run in the directory `path`, and save it there again.

    The result is that of a run that was never interrupted, bit for bit. A solver may plan over all
    its steps, for example with a learning rate that decays until the last one. Then another number
    of steps means different steps from the start; that is refused unless `new_plan` is set.

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
        new_plan: continue from the saved state with the plan for the new number of steps.

    Errors: those of `load` and `solve`; `PlugaxError` if the run has done all its steps, or the
    data do not last for the steps asked for.
    """
    before = load(path, problem=problem, solver=solver)
    _check_same(before)
    asked = before.provenance["run"]
    usual = Length(asked["steps"], evaluate_every=asked["evaluate_every"])
    plan = Length(steps, epochs).or_else(usual).in_steps(before.solver.data(before.problem), 1)
    if before.status.name == "converged":
        raise PlugaxError(
            f"Nothing is left to do in {path}: {before.status} For a closer answer, solve again "
            "with a finer tolerance."
        )
    if before.status.name == "stalled":
        raise PlugaxError(f"More steps would change nothing in {path}: {before.status}")
    if before.steps >= plan.steps:
        raise PlugaxError(
            f"Nothing is left to do in {path}: {before.status} To go on, ask for a total of more "
            f"than the {before.steps} steps it has done."
        )
    if not new_plan:
        _check_plan(before, asked["steps"], plan.steps)
    return run(
        before.problem,
        before.solver,
        before,
        seed=asked["seed"],
        plan=plan,
        chunk=chunk,
        device=device,
        observers=observers,
        out=path,
        throw=throw,
    )


def _check_plan(before: Solution, old: int, new: int) -> None:
    """Raise `PlugaxError` if the solver's plan depends on the number of steps."""
    if old == new:
        return
    planned, again, other = (
        before.solver.planned(before.problem, steps) for steps in (old, old, new)
    )
    # A plan that holds functions made anew each time is not even equal to itself.
    if eqx.tree_equal(planned, again) and not eqx.tree_equal(planned, other):
        raise PlugaxError(
            f"{type(before.solver).__name__} plans over all its steps (a learning rate that "
            f"decays, for example): to go on from {old} steps to {new} would differ from a run of "
            f"{new} steps. Solve again with the steps you want, or go on by the new plan with "
            "new_plan=True, on the command line with --new-plan."
        )


def _check_same(before: Solution) -> None:
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
