"""`load`: a solution from its directory."""

import json
import os
import pathlib
from typing import Any, cast

import equinox as eqx
import jax.random as jr
import numpy as np

from .._errors import PlugaxError
from ..plugins import build
from ..problems import AbstractProblem
from ..solution import Solution, Status, load_arrays
from ..solvers import AbstractSolver
from ._program import Task, start, unknowns_of


def load(
    path: str | os.PathLike,
    *,
    problem: AbstractProblem | None = None,
    solver: AbstractSolver | None = None,
) -> Solution:
    """The solution saved in the directory `path`.

    Arguments:
        path: where `Solution.save` or `solve(out=…)` wrote it.
        problem: the problem, where it was not made by name (`plugax.problem`).
        solver: the solver, likewise.

    Errors: `PlugaxError` where there is no solution, where a problem or solver is needed and not
    given, or where what was saved does not fit them.
    """
    directory = pathlib.Path(path)
    try:
        summary = json.loads((directory / "solution.json").read_text())
    except FileNotFoundError:
        raise PlugaxError(
            f"There is no solution in {directory}: no file solution.json. A run writes one with "
            "out=…, on the command line with --out."
        ) from None
    origin = summary["provenance"]
    problem = _rebuilt("problem", origin["problem"], directory) if problem is None else problem
    solver = _rebuilt("solver", origin["solver"], directory) if solver is None else solver
    task = Task(
        cast(AbstractProblem, problem), cast(AbstractSolver, solver), jr.key(origin["run"]["seed"])
    )
    state = eqx.filter_eval_shape(start, task).state
    unknowns = eqx.filter_eval_shape(unknowns_of, task, state)
    stored = load_arrays(directory / "state.npz", {"step": np.asarray(0), "state": state})
    return Solution(
        unknowns=load_arrays(directory / "unknowns.npz", unknowns),
        status=Status(**summary["status"]),
        metrics=summary["metrics"],
        steps=int(stored["step"]),
        compile_seconds=summary["compile_seconds"],
        run_seconds=summary["run_seconds"],
        provenance=origin,
        series=_series(directory / "history.nc"),
        evaluation_series=_evaluation_series(directory / "evaluations.nc"),
        state=stored["state"],
        problem=problem,
        solver=solver,
    )


def _rebuilt(kind: str, spec: dict[str, Any], directory: pathlib.Path) -> Any:
    if spec["name"] is None:
        raise PlugaxError(
            f"The {kind} of {directory} was made by hand from {spec['class']}, so it cannot be "
            f"made again from the file; give it: load(path, {kind}=…)."
        )
    return build(kind, spec, {})


def _evaluation_series(path: pathlib.Path) -> dict[str, np.ndarray]:
    import xarray as xr

    with xr.open_dataset(path, engine="scipy") as evaluations:
        return {str(name): np.array(values) for name, values in evaluations.variables.items()}


def _series(path: pathlib.Path) -> dict[str, np.ndarray]:
    import xarray as xr

    with xr.open_dataset(path, engine="scipy") as history:
        return {str(name): np.array(values) for name, values in history.data_vars.items()}
