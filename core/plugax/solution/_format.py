"""The format of a saved run: its files and what is in them, as `_saved_run.py` reads them.

    solution.json       status, steps, metrics, the names of the scores, provenance, seconds, when
                          it was saved, dtypes, SHA-256 of each file
    unknowns.npz        the answer
    state.npz           the solver's state, from which the run can go on, and its step
    history.npz         the metrics of the steps
    evaluations.npz     the results of `problem.evaluate` during the run
    variations.npz      bounds, fixed unknowns, a given start
    members.npz         of a population: the steps and the metrics of every member
    swept.npz           of a population: the values that its members differ in,
    starts.npz            and the unknowns that they start from
    lineage.npz         of population-based training: parents and options at every rung
    recoveries.npz      what was done about steps that came to nothing finite
    point-1.npz, …      of a run that may go back: the states that it may go back to, as state.npz
    schedule.npz        of one of its members: the options that led to it
    history.nc, evaluations.nc      for other programs (NetCDF); never read here
    best/               if the best is kept: the run as it was then, in the same format

Arrays of a population have the axes of its sweep in front.
"""

import dataclasses
import datetime
import os
import pathlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from ..problems import describe_variations
from ._arrays import array_bytes
from ._directory import BEST, POINT, finite, forget_run, write_run
from ._history import netcdf
from ._members import swept_arrays
from ._series import dtypes_of, series_bytes
from ._status import Status

if TYPE_CHECKING:
    from ._population import Population
    from ._solution import Solution

Arrays = Mapping[str, np.ndarray]


def save_run(run: "Solution | Population", path: str | os.PathLike) -> None:
    """Write a run into the directory `path`, in place of the one that is there, or not at all.

    Errors: `OSError` if the files cannot be written; an older run is then still there.
    """
    varied = describe_variations(run.problem) if run.provenance.get("variations") else None
    series: dict[str, Arrays] = {"history": run.series, "evaluations": run.evaluation_series}
    if varied:
        series["variations"] = varied[1]
    joint: dict[str, Any] = {}
    if run.recoveries:
        series["recoveries"] = run.recoveries
    files, metrics, status, steps = {}, dict(run.metrics), run.status, np.asarray(run.steps)
    if isinstance(status, Status):
        told = dataclasses.asdict(status)
        if schedule := dict(cast("Solution", run).schedule):
            series["schedule"] = schedule
        for number, (step, state) in enumerate(cast("Solution", run).points.items(), 1):
            files[f"{POINT}{number}.npz"] = array_bytes({"step": np.asarray(step), "state": state})
    else:
        told = [dataclasses.asdict(one) for one in status.ravel()]
        own = {name: value for name, value in metrics.items() if isinstance(value, np.ndarray)}
        series["members"] = {"steps": steps} | {f"metrics.{n}": v for n, v in own.items()}
        metrics = {name: value for name, value in metrics.items() if name not in own}
        population = cast("Population", run)
        joint, swept = population.joint_metrics, dict(population.swept)
        if "start" in swept:
            files["starts.npz"] = array_bytes(swept.pop("start"))
        series["swept"] = swept_arrays(swept)
        if population.lineage is not None:
            series["lineage"] = population.lineage.arrays()
    files |= {f"{name}.npz": series_bytes(arrays) for name, arrays in series.items()}
    files |= {
        "unknowns.npz": array_bytes(run.unknowns),
        "state.npz": array_bytes({"step": steps.max(), "state": run.state}),
        "history.nc": netcdf(run.history, run.provenance),
        "evaluations.nc": netcdf(run.evaluations, run.provenance),
    }
    summary = {
        "status": told,
        "steps": int(steps.max()),
        "metrics": metrics,
        "joint_metrics": joint,
        "scores": list(run.problem.scores),
        "compile_seconds": run.compile_seconds,
        "run_seconds": run.run_seconds,
        "wait_seconds": run.wait_seconds,
        "place": run.place,
        "saved": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "provenance": run.provenance,
        "dtypes": {name: dtypes_of(arrays) for name, arrays in series.items()},
    }
    directory = pathlib.Path(path)
    single = isinstance(status, Status)
    best = cast("Solution", run).best if single else cast("Population", run).bests
    if best is not None:
        # First: if the process is killed in between, a resumed run comes to the same best again.
        best.save(directory / BEST)
    else:
        forget_run(directory / BEST)
    write_run(directory, finite(summary), files)
