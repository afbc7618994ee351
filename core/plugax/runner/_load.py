"""`load`: a solution from its directory."""

import os
import pathlib
import warnings
from typing import Any, cast

import equinox as eqx
import jax.numpy as jnp
import jax.random as jr
import numpy as np

from ..errors import PlugaxError, VersionWarning
from ..plugins import build
from ..problems import AbstractProblem, rebuild_variations
from ..solution import Solution, Status, arrays_from, history_figure, read_run, series_from
from ..solvers import AbstractSolver
from ._data_files import with_checked_files
from ._program import Task, start, unknowns_of
from ._provenance import plugin_versions, versions


def load(
    path: str | os.PathLike,
    *,
    problem: AbstractProblem | None = None,
    solver: AbstractSolver | None = None,
) -> Solution:
    """The solution saved in the directory `path`.

    Arguments:
        path: the directory that `Solution.save` or `solve(out=…)` wrote.
        problem: the problem, if it was not made by name (`plugax.problem`).
        solver: the solver, if it was not made by name (`plugax.solver`).

    Errors: `PlugaxError` if there is no solution, if a problem or solver is needed and not given,
    if the saved arrays do not fit them, or if a data file that the problem was made from is gone or
    has changed.
    """
    directory = pathlib.Path(path)
    summary, files = read_run(directory)
    origin = summary["provenance"]
    if origin["precision"] == "float64" and jnp.result_type(float) != "float64":
        raise PlugaxError(
            f"The run in {directory} is in float64, and JAX makes float32 here. Write "
            'jax.config.update("jax_enable_x64", True) before it is loaded, or set '
            "JAX_ENABLE_X64=1."
        )
    _tell_versions(origin, directory)
    if problem is None:
        spec = with_checked_files(origin["problem"], origin["data"], directory)
        problem = _rebuild("problem", spec, directory)
        if origin.get("variations"):
            arrays = series_from(files["variations.npz"], summary["dtypes"]["variations"])
            problem = rebuild_variations(
                cast(AbstractProblem, problem), origin["variations"], arrays
            )
    solver = _rebuild("solver", origin["solver"], directory) if solver is None else solver
    task = _task(problem, solver, origin["run"])
    state = eqx.filter_eval_shape(start, task).state
    unknowns = eqx.filter_eval_shape(unknowns_of, task, state)
    stored = arrays_from(
        files["state.npz"], {"step": np.asarray(0), "state": state}, directory / "state.npz"
    )
    return Solution(
        unknowns=arrays_from(files["unknowns.npz"], unknowns, directory / "unknowns.npz"),
        status=Status(**summary["status"]),
        metrics=summary["metrics"],
        steps=int(stored["step"]),
        compile_seconds=summary["compile_seconds"],
        run_seconds=summary["run_seconds"],
        provenance=origin,
        series=series_from(files["history.npz"], summary["dtypes"]["history"]),
        evaluation_series=series_from(files["evaluations.npz"], summary["dtypes"]["evaluations"]),
        state=stored["state"],
        problem=problem,
        solver=solver,
    )


def figures_of(path: str | os.PathLike, **given: Any) -> dict[str, Any]:
    """The figures of a saved run; only its history if a problem made by hand is not given.

    Arguments:
        path: the directory of the run, as for `load`.
        given: problem and solver, as for `load`.
    """
    summary, files = read_run(pathlib.Path(path))
    if all(summary["provenance"][kind]["name"] or kind in given for kind in ("problem", "solver")):
        return load(path, **given).figures()
    dtypes = summary["dtypes"]
    history = history_figure(
        series_from(files["history.npz"], dtypes["history"]),
        series_from(files["evaluations.npz"], dtypes["evaluations"]),
    )
    return {} if history is None else {"history": history}


def _task(problem: Any, solver: Any, run: dict[str, Any]) -> Task:
    return Task(problem, solver, solver.prepare(problem, run["prepared_for"]), jr.key(run["seed"]))


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
