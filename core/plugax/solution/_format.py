"""The format of a saved run: its files and what is in them, as `_saved_run.py` reads them.

    solution.json       status, steps, metrics, the names of the scores, provenance, seconds, when
                          it was saved, and what is known of every array: dtype, shape, SHA-256
    unknowns.npz        the answer
    state.npz           the solver's state, from which the run can go on, and its step
    history-ID.rows     the metrics of the steps: a file that only grows, see `_rows.py`
    evaluations-ID.rows the results of `problem.evaluate` during the run
    variations.npz      bounds, fixed unknowns, a given start
    members.npz         of a population: the steps and the metrics of every member
    swept.npz           of a population: the values that its members differ in,
    starts.npz            and the unknowns that they start from
    lineage.npz         of population-based training: parents and options at every rung
    recoveries.npz      what was done about steps that came to nothing finite
    point-1.npz, …      of a run that may go back: the states that it may go back to, as state.npz
    schedule.npz        of one of its members: the options that led to it
    history.nc, evaluations.nc      for other programs (NetCDF), of a run that has ended; never
                          read here, and not written if they would be larger than 64 MiB
    best/               if the best is kept: the run as it was then, in the same format
    snapshots/STEP/     earlier snapshots, the run as it was after so many steps

`best` and `snapshots` share the rows of the run that they are in. Arrays of a population have the
axes of its sweep in front.
"""

import dataclasses
import datetime
import os
import pathlib
import uuid
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from ..problems import describe_variations
from ._arrays import named_arrays
from ._directory import BEST, POINT, forget_run, write_run
from ._history import netcdf
from ._members import swept_arrays
from ._rows import Entry, RowsFile
from ._series import rows_first
from ._snapshots import forget_rows, rotate
from ._status import Status

if TYPE_CHECKING:
    from ._population import Population
    from ._solution import Solution

MOST_EXPORTED = 2**26
"""The most bytes of a history that is also written as NetCDF."""
BLOCK = 2**24


@dataclasses.dataclass(frozen=True)
class Shared:
    """Rows that are already in the directory of a run.

    Attributes:
        run: the name of the run, by which its snapshots are known.
        rows: of `history` and `evaluations`, the rows that belong to what is saved.
        best: the same for the best; None if it writes rows of its own.
        best_is_there: whether the best was saved already, and stays as it is.
        keep_last: how many snapshots are kept, the newest included.
        ended: whether the run has ended: files for other programs are then written.
    """

    run: str
    rows: Mapping[str, Entry]
    best: Mapping[str, Entry] | None = None
    best_is_there: bool = False
    keep_last: int = 1
    ended: bool = True


def save_run(
    run: "Solution | Population", path: str | os.PathLike, shared: Shared | None = None
) -> None:
    """Write a run into the directory `path`, in place of the one that is there, or not at all.

    Arguments:
        run: the run.
        path: the directory.
        shared: the rows that are there already; None if they are to be written.

    Errors: `OSError` if the files cannot be written; an older run is then still there.
    """
    directory = pathlib.Path(path)
    directory.mkdir(parents=True, exist_ok=True)
    shared = _with_rows(run, directory) if shared is None else shared
    _save_best(run, directory, shared)
    rotate(directory, shared.run, shared.keep_last, int(np.max(run.steps)))
    _write(run, directory, shared, {"root": ""})
    forget_rows(directory)


def _save_best(run: "Solution | Population", directory: pathlib.Path, shared: Shared) -> None:
    """Write the best first: a run that is killed in between comes to the same best again."""
    single = isinstance(run.status, Status)
    best = cast("Solution", run).best if single else cast("Population", run).bests
    if best is None:
        forget_run(directory / BEST)
        return
    if shared.best_is_there:
        return
    if shared.best is None:
        own = _with_rows(best, directory)
    else:
        own = dataclasses.replace(shared, rows=shared.best)
    _write(best, directory / BEST, own, {"root": "..", "best": True})


def _with_rows(run: "Solution | Population", directory: pathlib.Path) -> Shared:
    """Write the rows of a run into files of their own."""
    name, axes = uuid.uuid4().hex[:12], np.ndim(run.steps)
    files = {}
    for kind, series in (("history", run.series), ("evaluations", run.evaluation_series)):
        file = RowsFile(directory / f"{kind}-{name}.rows")
        values = rows_first(series, axes)
        count = len(next(iter(values.values()), ()))
        size = max(BLOCK * count // max(sum(array.nbytes for array in values.values()), 1), 1)
        for begin in range(0, count, size):
            file.append({n: array[begin : begin + size] for n, array in values.items()})
        file.sync()
        file.close()
        files[kind] = file.entry()
    return Shared(name, files)


def _write(
    run: "Solution | Population",
    directory: pathlib.Path,
    shared: Shared,
    further: Mapping[str, Any],
) -> None:
    varied = describe_variations(run.problem) if run.provenance.get("variations") else None
    metrics, status, steps = dict(run.metrics), run.status, np.asarray(run.steps)
    arrays: dict[str, Mapping[str, np.ndarray]] = {
        "unknowns": named_arrays(run.unknowns),
        "state": named_arrays({"step": steps.max(), "state": run.state}),
    }
    if varied:
        arrays["variations"] = varied[1]
    if run.recoveries:
        arrays["recoveries"] = run.recoveries
    joint: dict[str, Any] = {}
    if isinstance(status, Status):
        told = dataclasses.asdict(status)
        if schedule := dict(cast("Solution", run).schedule):
            arrays["schedule"] = schedule
        for number, (after, state) in enumerate(cast("Solution", run).points.items(), 1):
            point = {"step": np.asarray(after), "state": state}
            arrays[f"{POINT}{number}"] = named_arrays(point)
    else:
        told = [dataclasses.asdict(one) for one in status.ravel()]
        own = {name: value for name, value in metrics.items() if isinstance(value, np.ndarray)}
        arrays["members"] = {"steps": steps} | {f"metrics.{n}": v for n, v in own.items()}
        metrics = {name: value for name, value in metrics.items() if name not in own}
        population = cast("Population", run)
        joint, swept = population.joint_metrics, dict(population.swept)
        if "start" in swept:
            arrays["starts"] = named_arrays(swept.pop("start"))
        arrays["swept"] = swept_arrays(swept)
        if population.lineage is not None:
            arrays["lineage"] = population.lineage.arrays()
    summary = {
        **further,
        "run": shared.run,
        "rows": shared.rows,
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
    }
    exports = {}
    size = sum(array.nbytes for array in run.series.values())
    if shared.ended and size <= MOST_EXPORTED:
        exports = {
            "history.nc": netcdf(run.history, run.provenance),
            "evaluations.nc": netcdf(run.evaluations, run.provenance),
        }
    write_run(directory, summary, arrays, exports)
