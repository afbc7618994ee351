"""The history of a run: in memory, or, if the run is saved, in files that grow with it."""

import pathlib
import uuid
from collections.abc import Mapping
from typing import Any

import numpy as np

from ...errors import PlugaxError
from ...solution import (
    Population,
    RowsFile,
    Shared,
    Solution,
    members_first,
    read_summary,
    rows_first,
)
from ..loop._chunks import RunState
from ..loop._evaluate import evaluations_of
from ._job import Job

Series = dict[str, np.ndarray]
Before = Solution | Population | None
BLOCK = 2**24


class Memory:
    """The history of a run that is not saved: that of the run before it, and its own.

    Arguments:
        job: what is run.
        before: the result from which the run goes on; None for a run from its beginning.
    """

    def __init__(self, job: Job, before: Before):
        self.job = job
        self.earlier = _earlier(job, before)

    def series(self, run_state: RunState) -> Series:
        """The metrics of all steps, `(members, steps, …)`."""
        return join(self.earlier[0], run_state.series(), axis=1)

    def evaluations(self, run_state: RunState) -> Series:
        """All evaluations, `(members, evaluations, …)`, and after how many steps, in `step`."""
        return join(self.earlier[1], evaluations_of(run_state), axis=1)

    def go_back(self, run_state: RunState, point: int) -> None:
        """Forget what came after a step; what came before is put into the run state."""
        until = _until(self, run_state, point)
        self.earlier = {}, {}
        run_state.pieces, run_state.evaluations = until


class Journal:
    """The history of a run that is saved, appended to its files after every chunk.

    What cannot be written, since the disk is full for example, stays in memory until it can.

    Arguments:
        directory: the directory of the run.
        job: what is run.
        before: the result from which the run goes on; None for a run from its beginning.

    Attributes:
        anew: whether files of another run may be there, that this one replaces.
        run: the name of the run, by which its snapshots are known.
    """

    def __init__(self, directory: pathlib.Path, job: Job, before: Before):
        self.directory, self.job, self.anew = directory, job, before is None
        self.axes = len(job.shape)
        self._best_steps: np.ndarray | None = None
        there = _summary(self.directory) if before is not None else {}
        here = before is not None and before.directory == self.directory
        # The rows of a best or of an earlier snapshot are those of the run that it is in.
        own = here and not there.get("root")
        self.run = _name(before, self.directory) or uuid.uuid4().hex[:12]
        earlier = _earlier(job, before)
        name = uuid.uuid4().hex[:12]
        self._files = tuple(
            self._file(kind, values, there.get("rows", {}).get(kind) if own else None, name)
            for kind, values in zip(("history", "evaluations"), earlier, strict=True)
        )
        if here and before is not None:
            best = before.best if isinstance(before, Solution) else before.bests
            self._best_steps = None if best is None else np.atleast_1d(best.steps).ravel()

    def _file(
        self, kind: str, values: Series, entry: Mapping[str, Any] | None, name: str
    ) -> RowsFile:
        """The file that is there, if the run goes on from its end; or else a copy."""
        count = values["step"].size if kind == "evaluations" and values else _rows(values)
        if entry is not None and entry["rows"] == count:
            return RowsFile.reopen(self.directory / entry["file"], entry)
        file = RowsFile(self.directory / f"{kind}-{name}.rows")
        values = rows_first(self._unravel(values), self.axes)
        size = max(BLOCK * count // max(sum(array.nbytes for array in values.values()), 1), 1)
        for begin in range(0, count, size):
            file.append({n: array[begin : begin + size] for n, array in values.items()})
        return file

    def take(self, run_state: RunState) -> None:
        """Append what is new, and forget it in the run state; on an error it stays there."""
        history, evaluations = self._files
        while run_state.pieces:
            history.append(rows_first(self._unravel(run_state.pieces[0]), self.axes))
            del run_state.pieces[0]
        while run_state.evaluations:
            step, row = run_state.evaluations[0]
            values = {n: v.reshape((1, *self.job.shape, *v.shape[1:])) for n, v in row.items()}
            evaluations.append({"step": np.asarray([step]), **values})
            del run_state.evaluations[0]

    def go_back(self, run_state: RunState, point: int) -> None:
        """Forget what came after a step; what came before is put into the run state.

        It goes into new files: earlier snapshots, and the best, may need the rows that are there.
        """
        until = _until(self, run_state, point)
        self.close()
        name = uuid.uuid4().hex[:12]
        self._files = tuple(self._file(k, {}, None, name) for k in ("history", "evaluations"))
        run_state.pieces, run_state.evaluations = until

    def entries(self) -> dict[str, Mapping[str, Any]]:
        """What a saved run of this moment is told of its rows."""
        history, evaluations = self._files
        return {"history": history.entry(), "evaluations": evaluations.entry()}

    def shared(self, run_state: RunState, *, ended: bool) -> Shared:
        """What saving needs to know, after all rows are on the disk."""
        for file in self._files:
            file.sync()
        best, kept = run_state.best, self._best_steps
        same = best is not None and kept is not None and np.array_equal(best.steps, kept)
        return Shared(
            self.run,
            self.entries(),
            best=None if best is None else best.rows,
            best_is_there=same,
            keep_last=self.job.snapshots.last,
            ended=ended,
        )

    def saved(self, run_state: RunState) -> None:
        """Remember that the run state has been saved."""
        best = run_state.best
        self._best_steps = None if best is None else best.steps.copy()

    def series(self, run_state: RunState) -> Series:
        """The metrics of all steps, `(members, steps, …)`, those on the disk read when used."""
        return join(self._written(self._files[0]), run_state.series(), axis=1)

    def evaluations(self, run_state: RunState) -> Series:
        """All evaluations, `(members, evaluations, …)`, and after how many steps, in `step`."""
        return join(self._written(self._files[1]), evaluations_of(run_state), axis=1)

    def close(self) -> None:
        """Close the files; what was read from them stays."""
        for file in self._files:
            file.close()

    def _written(self, file: RowsFile) -> Series:
        if not file.rows:
            return {}
        values = members_first(file.values(), self.axes)
        return {
            n: v
            if n == "step" and v.ndim == 1
            else v.reshape((self.job.members, *v.shape[self.axes :]))
            for n, v in values.items()
        }

    def _unravel(self, series: Mapping[str, np.ndarray]) -> Series:
        return {
            n: v if n == "step" and v.ndim == 1 else v.reshape((*self.job.shape, *v.shape[1:]))
            for n, v in series.items()
        }


History = Memory | Journal


def join(
    before: Mapping[str, np.ndarray], after: Mapping[str, np.ndarray], *, axis: int
) -> dict[str, np.ndarray]:
    """Two series by name, one after the other; either may lack some names, or all."""
    both = {
        name: np.concatenate([before[name], values], axis=min(axis, values.ndim - 1))
        if name in before
        else values
        for name, values in after.items()
    }
    return {**before, **both}


def _until(
    history: History, run_state: RunState, point: int
) -> tuple[list[Series], list[tuple[int, Series]]]:
    """History and evaluations up to a step, as a run state has them."""
    series, rows = history.series(run_state), history.job.record.rows(point)
    found = history.evaluations(run_state)
    steps = found.pop("step") if found else np.zeros(0, int)
    evaluations = [
        (int(step), {name: values[:, number] for name, values in found.items()})
        for number, step in enumerate(steps)
        if step <= point
    ]
    pieces = [{name: values[:, :rows] for name, values in series.items()}]
    return pieces if rows and series else [], evaluations


def _earlier(job: Job, before: Before) -> tuple[Series, Series]:
    """History and evaluations before a run was resumed, members along the leading axis."""
    if before is None:
        return {}, {}
    evaluations = dict(before.evaluation_series)
    steps = {"step": evaluations.pop("step")} if evaluations else {}
    if isinstance(before, Solution):
        # The series of a failed run has one row more than good steps; that step is run again.
        rows = job.record.rows(before.steps)
        series = {name: values[None, :rows] for name, values in before.series.items()}
        return series, {name: values[None] for name, values in evaluations.items()} | steps
    return _flat(before, before.series), _flat(before, evaluations) | steps


def _flat(before: Population, series: Mapping[str, np.ndarray]) -> Series:
    axes, size = before.status.ndim, before.status.size
    return {name: values.reshape((size, *values.shape[axes:])) for name, values in series.items()}


def _rows(series: Mapping[str, np.ndarray]) -> int:
    return next((values.shape[1] for values in series.values()), 0)


def _name(before: Before, directory: pathlib.Path) -> str | None:
    """The name of the run that goes on, from its newest snapshot or an earlier one."""
    place = None if before is None else before.directory
    if place is None or directory not in (place, *place.parents[1:2]):
        return None
    return _summary(place).get("run")


def _summary(directory: pathlib.Path) -> dict[str, Any]:
    try:
        return read_summary(directory)
    except PlugaxError:
        return {}
