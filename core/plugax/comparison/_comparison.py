"""The result of a comparison: a table as in a paper."""

import csv
import dataclasses
import io
import json
import os
import pathlib
from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from .._terminal import paragraph, width
from ..display import Figures
from ..solution import Status, finite, replace_file
from ._decision import Decision
from ._html import comparison_html
from ._text import align, duration, format_mean, markdown

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

LOST = ("non-finite", "interrupted")


@dataclasses.dataclass(frozen=True)
class Row:
    """One solver of a comparison, over all seeds.

    Attributes:
        solver: the label of the solver.
        value: the value of the option that is varied; None if none is.
        scores: for every metric, one number per seed; NaN if the run diverged or was interrupted.
        statuses: how the run of every seed ended; empty if an exception ended them all.
        steps: the number of steps of every seed.
        seconds_per_step: the time in the compiled loop, divided by the number of steps of all seeds
            together. The seeds run side by side, so this is the cost of one seed in such a
            population.
        compile_seconds: time in calls that traced and compiled, once for all seeds.
        error: the exception that ended the runs, or None.
        provenance: versions, options, device, precision.
        time_errors: for metrics that are means over the history, the standard error of each seed's
            score, which knows of the correlation in time.
    """

    solver: str
    value: Any
    scores: Mapping[str, np.ndarray]
    statuses: tuple[Status, ...]
    steps: np.ndarray
    seconds_per_step: float
    compile_seconds: float
    error: Exception | None = None
    provenance: Mapping[str, Any] = dataclasses.field(default_factory=dict, repr=False)
    time_errors: Mapping[str, np.ndarray] = dataclasses.field(default_factory=dict, repr=False)

    @property
    def failed(self) -> int:
        """The number of seeds that were not successful."""
        return sum(not status.success for status in self.statuses)

    @property
    def success(self) -> bool:
        """Whether all seeds were successful."""
        return self.error is None and not self.failed

    @property
    def outcome(self) -> str:
        """How many seeds failed in which way; empty if none did."""
        if self.error is not None:
            return type(self.error).__name__
        names = Counter(status.name for status in self.statuses if not status.success)
        return ", ".join(f"{count} {name}" for name, count in names.items())

    def mean(self, metric: str) -> float:
        """The mean over the seeds that have a finite score; NaN if none has."""
        values = self._finite(metric)
        return float(values.mean()) if values.size else np.nan

    def standard_error(self, metric: str) -> float:
        """The standard error of the mean: from the seeds, with n − 1; for a single seed from time.

        A single seed tells its error if the score is a mean over the history (`error_of_mean`);
        else it is NaN.
        """
        values = self._finite(metric)
        if values.size > 1:
            return float(values.std(ddof=1) / values.size**0.5)
        within = self.time_errors.get(metric, np.empty(0))
        return float(within[0]) if values.size == within.size == 1 else np.nan

    def _finite(self, metric: str) -> np.ndarray:
        values = self.scores.get(metric, np.empty(0))
        return values[np.isfinite(values)]


@dataclasses.dataclass(frozen=True, repr=False)
class Comparison:
    """Solvers on one problem, over seeds. `print` and a notebook show a table.

    Attributes:
        problem: the name of the problem.
        rows: one for every solver and every value of the option that is varied.
        metrics: the metrics to show, in this order; `rows` hold all.
        seeds: the seeds of every row.
        over: the option that is varied, or None.
        missing: what was not run because of an interrupt: rows, or further seeds.
        provenance: versions, plugins, options of the problem, device, precision.
        decision: what is settled, if seeds were added until that is decided; else None.
    """

    problem: str
    rows: tuple[Row, ...]
    metrics: tuple[str, ...]
    seeds: tuple[int, ...]
    over: str | None = None
    missing: tuple[str, ...] = ()
    provenance: Mapping[str, Any] = dataclasses.field(default_factory=dict, repr=False)
    decision: Decision | None = None

    @property
    def success(self) -> bool:
        """Whether all runs were made and were successful."""
        return not self.missing and all(row.success for row in self.rows)

    @property
    def interrupted(self) -> bool:
        """Whether the comparison was interrupted."""
        names = (status.name for row in self.rows for status in row.statuses)
        return bool(self.missing) or "interrupted" in names

    @property
    def table(self) -> list[dict[str, Any]]:
        """The rows as plain data, numbers unrounded."""
        rows = []
        for row in self.rows:
            plain: dict[str, Any] = {"solver": row.solver}
            plain |= {} if self.over is None else {self.over: row.value}
            for metric in self.metrics:
                plain[metric] = row.mean(metric)
                plain[f"{metric}_standard_error"] = row.standard_error(metric)
            plain["seeds"] = len(self.seeds)
            plain["failed"] = len(self.seeds) if row.error is not None else row.failed
            plain["outcome"] = row.outcome
            plain["seconds_per_step"] = row.seconds_per_step
            plain["compile_seconds"] = row.compile_seconds
            rows.append(plain)
        return rows

    @property
    def dataset(self) -> "xr.Dataset":
        """Every score of every seed, over `solver`, the option that is varied, and `seed`."""
        import xarray as xr

        solvers = list(dict.fromkeys(row.solver for row in self.rows))
        values = list(dict.fromkeys(row.value for row in self.rows))
        names = dict.fromkeys([*self.metrics, *(name for row in self.rows for name in row.scores)])
        axes = ("solver", *([self.over] if self.over else []), "seed")
        sizes = (len(solvers), *([len(values)] if self.over else []), len(self.seeds))
        arrays = {name: np.full(sizes, np.nan) for name in names}
        for row in self.rows:
            where = (solvers.index(row.solver), *([values.index(row.value)] if self.over else []))
            for name, scores in row.scores.items():
                arrays[name][where] = scores
        coordinates: dict[str, Any] = {"solver": solvers, "seed": list(self.seeds)}
        coordinates |= {self.over: values} if self.over else {}
        return xr.Dataset({n: (axes, a) for n, a in arrays.items()}, coords=coordinates)

    def to_markdown(self, path: str | os.PathLike | None = None) -> str:
        """The table in Markdown, rounded to its standard errors; written to `path` too if given."""
        return _write(markdown(self._cells()) + "".join(f"\n{n}\n" for n in self.notes), path)

    def to_csv(self, path: str | os.PathLike | None = None) -> str:
        """The table as comma-separated values, unrounded; NaN and infinities are left empty."""
        text = io.StringIO()
        rows = [finite(row) for row in self.table]
        writer = csv.DictWriter(text, list(rows[0]) if rows else ["solver"], lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        return _write(text.getvalue(), path)

    def to_json(self, path: str | os.PathLike | None = None) -> str:
        """All results as one JSON object; NaN and infinities become null."""
        text = json.dumps(self.as_plain(), indent=2, ensure_ascii=False, allow_nan=False)
        return _write(text + "\n", path)

    def as_plain(self) -> dict[str, Any]:
        """The content of `to_json`, as dictionaries and lists."""
        rows = [
            plain
            | {
                "scores": {name: values.tolist() for name, values in row.scores.items()},
                "statuses": [status.name for status in row.statuses],
                "steps": row.steps.tolist(),
                "message": _message(row),
                "options": row.provenance.get("solver"),
            }
            for plain, row in zip(self.table, self.rows, strict=True)
        ]
        whole = {
            "problem": self.problem,
            "metrics": list(self.metrics),
            "seeds": list(self.seeds),
            "over": self.over,
            "rows": rows,
            "interrupted": self.interrupted,
            "missing": list(self.missing),
            "decision": None if self.decision is None else self.decision.as_plain(),
            "provenance": dict(self.provenance),
        }
        return finite(whole)

    def figure(self) -> "Figure":
        """The scores as points with error bars; against the option, if one is varied."""
        from ._figure import figure_of

        return figure_of(self)

    def plot(self) -> Figures:
        """The figure, which a notebook shows; see `Solution.plot`."""
        return Figures({"comparison": self.figure()})

    @property
    def notes(self) -> list[str]:
        """Sentences on what the table does not show: what is settled, failures, missing rows."""
        notes = [] if self.decision is None else [str(self.decision)]
        notes += [f"{label_of(self, row)}: {_message(row)}" for row in self.rows if not row.success]
        found = {name for row in self.rows for name in row.scores}
        unknown = [metric for metric in self.metrics if found and metric not in found]
        if unknown:
            notes.append(
                f"No solver reports {', '.join(unknown)}; there are {', '.join(sorted(found))}."
            )
        if self.interrupted:
            left = f"; not run: {', '.join(self.missing)}" if self.missing else ""
            notes.append(f"Interrupted{left}.")
        return notes

    def __repr__(self) -> str:
        lines = align(self._cells(), labels=1 if self.over is None else 2, width=width())
        notes = self.notes if width() is None else map(paragraph, self.notes)
        return "\n".join([lines, *notes])

    def _repr_html_(self) -> str:
        return comparison_html(self, self._cells())

    def _cells(self) -> list[list[str]]:
        """The cells of the table as text, the heading first."""
        over = [] if self.over is None else [self.over]
        rows = [["solver", *over, *self.metrics, "failed", "time per step", "compiled in"]]
        for row in self.rows:
            scores = [format_mean(row.mean(m), row.standard_error(m)) for m in self.metrics]
            value = [str(row.value)] if over else []
            seconds = [duration(row.seconds_per_step), duration(row.compile_seconds)]
            rows.append([row.solver, *value, *scores, row.outcome or "0", *seconds])
        return rows


def label_of(comparison: Comparison, row: Row) -> str:
    """The solver of a row, and the value of the option that is varied."""
    return row.solver if comparison.over is None else f"{row.solver}, {comparison.over} {row.value}"


def _message(row: Row) -> str:
    """The message of the first failure; empty if there is none."""
    if row.error is not None:
        first = next(iter(str(row.error).splitlines()), "")
        return f"{type(row.error).__name__}: {first}"
    return next((status.message for status in row.statuses if not status.success), "")


def _write(text: str, path: str | os.PathLike | None) -> str:
    if path is not None:
        with replace_file(pathlib.Path(path)) as file:
            file.write(text.encode())
    return text
