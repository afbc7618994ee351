"""`load`: a solution or a population from its directory."""

import dataclasses
import os
import pathlib
import warnings
from collections.abc import Mapping
from typing import Any, cast

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
from jaxtyping import PyTree

from ...errors import PlugaxError, VersionWarning
from ...plugins import build
from ...problems import AbstractProblem, rebuild_variations
from ...solution import Population, SavedRun, Solution, history_figure, read_saved_run
from ...solvers import AbstractSolver
from ..loop._best import keeping
from ..loop._program import Task, start, unknowns_of
from ..loop._skip import bare
from ..members._population import population
from ..request._length import Length
from ..request._race import Race
from ..request._record import recording
from ..request._snapshots import USUAL, Snapshots
from ..run._data_files import with_checked_files
from ..run._job import Job, single
from ..run._provenance import plugin_versions, versions
from ..run._result import parts_of
from ._saved_sweep import check_finished, each_group, read_sweep


def load(
    path: str | os.PathLike,
    *,
    problem: AbstractProblem | None = None,
    solver: AbstractSolver | None = None,
) -> Any:
    """The solution, or the population, saved in the directory `path`.

    Arguments:
        path: the directory that `Solution.save` or `solve(out=…)` wrote.
        problem: the problem, if it was not made by name (`plugax.problem`).
        solver: the solver, if it was not made by name (`plugax.solver`).

    Returns:
        a `Solution`, or a `Population` if a sweep was saved; `Populations` if it has several.

    Errors: `PlugaxError` if there is no solution, if a problem or solver is needed and not given,
    if the saved arrays do not fit them, or if a data file that the problem was made from is gone or
    has changed.
    """
    check_finished(path)
    sweep = read_sweep(path)
    if sweep is not None:
        given = {"problem": problem, "solver": solver}
        return each_group(path, sweep, lambda place: load(place, **given), lambda *_: None)
    saved = read_saved_run(path)
    origin = saved.provenance
    if origin["precision"] == "float64" and jnp.result_type(float) != "float64":
        raise PlugaxError(
            f"The run in {saved.directory} is in float64, and JAX makes float32 here. Write "
            'jax.config.update("jax_enable_x64", True) before it is loaded, or set '
            "JAX_ENABLE_X64=1."
        )
    _tell_versions(origin, saved.directory)
    made, fitted = components_of(origin, saved.directory, problem, solver)
    if problem is None and origin.get("variations"):
        made = rebuild_variations(made, origin["variations"], saved.series("variations"))
    job = job_of(saved, made, fitted)
    if saved.is_population:
        return population_from(saved, job)
    best = saved.best()
    return dataclasses.replace(
        _solution(saved, job), best=None if best is None else _solution(best, job)
    )


def components_of(
    origin: Mapping[str, Any],
    directory: pathlib.Path,
    problem: AbstractProblem | None,
    solver: AbstractSolver | None,
) -> tuple[AbstractProblem, AbstractSolver]:
    """Problem and solver of a saved run: those that are given, or else made again by name."""
    if problem is None:
        spec = with_checked_files(origin["problem"], origin["data"], directory)
        problem = cast(AbstractProblem, _rebuild("problem", spec, directory))
    if solver is None:
        solver = cast(AbstractSolver, _rebuild("solver", origin["solver"], directory))
    return problem, solver


def told_of(run: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments of a job, besides problem, solver, values and length, of a saved run."""
    told = {
        "seed": run["seed"],
        "record": recording(run["record"], run["record_every"]),
        "snapshots": Snapshots(
            run.get("snapshot_every", USUAL.every), run.get("keep_last", USUAL.last)
        ),
        "since": run.get("since", 0),
        "branch": run.get("branch"),
        "on_non_finite": run.get("on_non_finite", "stop"),
    }
    if "over" in run:
        race = run.get("race")
        told |= {"block": run.get("block"), "race": None if race is None else Race(**race)}
    return told


def job_of(saved: SavedRun, problem: AbstractProblem, solver: AbstractSolver) -> Job:
    """The job of a saved run."""
    run = saved.provenance["run"]
    if isinstance(run["seed"], list):
        raise PlugaxError(
            f"The run in {saved.directory} is a row of a comparison, in which every seed has data "
            "of its own: compare again with the same directory, which goes on with it."
        )
    asked = Length(run["steps"], evaluate_every=run["evaluate_every"])
    plan = asked.in_steps(solver.data(problem), 1)
    told = told_of(run) | {"plan": plan, "prepared_for": run["prepared_for"]}
    told |= {"keep_best": keeping(run.get("keep_best"), plan)}
    if not saved.is_population:
        return single(problem, solver, **told)
    swept = saved.swept
    told |= {"lineage": saved.lineage}
    if "start" in swept:
        one = eqx.filter_eval_shape(problem.init, jr.key(0))
        swept["start"] = saved.starts(_with_axes(one, (run["over"]["start"],), 0))
    return population(problem, solver, swept, **told)


def population_from(saved: SavedRun, job: Job) -> Population:
    """The saved population, whose job is known."""
    best = saved.best()
    bests = None if best is None else _population(best, job)
    return dataclasses.replace(_population(saved, job), bests=bests)


def _solution(saved: SavedRun, job: Job) -> Solution:
    unknowns, state = _shapes(job.task())
    return Solution(
        unknowns=saved.unknowns(unknowns),
        status=saved.statuses[0],
        metrics=saved.summary["metrics"],
        steps=saved.summary["steps"],
        state=saved.state(state),
        schedule=saved.schedule,
        points=saved.points(state),
        **_common(saved, job),
    )


def _population(saved: SavedRun, job: Job) -> Population:
    lineage = saved.lineage
    task = job.task() if lineage is None else job.task(lineage.values)
    unknowns, state = (_with_axes(tree, job.shape, 1) for tree in _shapes(task))
    members = saved.series("members")
    steps = members.pop("steps")
    status = np.empty(job.shape, object)
    status.ravel()[:] = saved.statuses
    return Population(
        unknowns=saved.unknowns(unknowns),
        status=status,
        metrics={name.removeprefix("metrics."): value for name, value in members.items()}
        | saved.summary["metrics"],
        joint_metrics=saved.summary["joint_metrics"],
        steps=steps,
        state=saved.state(state),
        swept=job.swept or {},
        parts=parts_of(job, task, saved.provenance),
        lineage=lineage,
        **_common(saved, job),
    )


def _common(saved: SavedRun, job: Job) -> dict[str, Any]:
    return {
        "compile_seconds": saved.summary["compile_seconds"],
        "run_seconds": saved.summary["run_seconds"],
        "wait_seconds": saved.summary.get("wait_seconds", 0.0),
        "place": saved.summary.get("place"),
        "recoveries": saved.recoveries,
        "provenance": saved.provenance,
        "series": saved.series("history"),
        "evaluation_series": saved.series("evaluations"),
        "problem": job.problem,
        "solver": job.solver,
        "directory": saved.directory,
    }


def _shapes(task: Task) -> tuple[PyTree, PyTree]:
    """The shapes of unknowns and state, members along the leading axis."""
    state = eqx.filter_eval_shape(start, task).state
    return eqx.filter_eval_shape(unknowns_of, task, state), bare(state)


def _with_axes(tree: PyTree, axes: tuple[int, ...], instead_of: int) -> PyTree:
    """The shapes with other leading axes, instead of some or none."""
    return jax.tree.map(
        lambda leaf: (
            jax.ShapeDtypeStruct((*axes, *leaf.shape[instead_of:]), leaf.dtype)
            if isinstance(leaf, jax.ShapeDtypeStruct)
            else leaf
        ),
        tree,
    )


def figures_of(path: str | os.PathLike, **given: Any) -> dict[str, Any]:
    """The figures of a saved run; only its history if a problem made by hand is not given.

    Arguments:
        path: the directory of the run, as for `load`.
        given: problem and solver, as for `load`.
    """
    if read_sweep(path) is not None:
        return load(path, **given).figures()
    saved = read_saved_run(path)
    origin = saved.provenance
    if all(origin[kind]["name"] or kind in given for kind in ("problem", "solver")):
        return load(path, **given).figures()
    sweep = tuple(origin["run"].get("over", {}).values())
    series = saved.series("history"), saved.series("evaluations")
    history = history_figure(*series, every=origin["run"]["record_every"], sweep=sweep)
    return {} if history is None else {"history": history}


def _rebuild(kind: str, spec: dict[str, Any], directory: pathlib.Path) -> Any:
    if spec["name"] is None:
        raise PlugaxError(
            f"The {kind} of {directory} was made by hand from {spec['class']}, so it cannot be "
            f"made again from the file; pass it: load(path, {kind}=…)."
        )
    return build(kind, spec, {})


def _tell_versions(origin: dict[str, Any], directory: pathlib.Path) -> None:
    """Warn if versions differ from those of the run."""
    now = {**versions(), **plugin_versions()}
    then = {**origin["versions"], **origin["plugins"]}
    differ = [
        f"{name} {then[name]} (now {now.get(name, 'missing')})"
        for name in then
        if now.get(name) != then[name]
    ]
    if differ:
        warnings.warn(
            VersionWarning(f"{directory} was saved with {', '.join(differ)}."), stacklevel=3
        )
