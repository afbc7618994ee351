"""The history of runs as curves: which there are, and what of them is drawn."""

import dataclasses
import json
from collections.abc import Iterable, Mapping

import numpy as np

from ..solution import SavedRun
from ._facts import members_of
from ._html import Markup, element, join
from ._thin import thin

MOST_POINTS = 900  # of a curve; a screen has no more columns
MOST_TOGETHER = 300  # of a curve that is one of many
MOST_LINES = 16  # lines that can be told apart, just so
WIDE = 100  # from this ratio on, orders of magnitude are seen only on a logarithmic axis
QUANTILES = {"smallest": 0.0, "10 %": 0.1, "median": 0.5, "90 %": 0.9, "largest": 1.0}


@dataclasses.dataclass
class Line:
    """One curve.

    Attributes:
        label: what it is the curve of.
        x: the steps.
        y: the values, as floats; those that are not finite are marked, not drawn.
        dots: whether it is drawn as points, as the evaluations during a run are.
    """

    label: str
    x: np.ndarray
    y: np.ndarray
    dots: bool = False


def charts_of(run: SavedRun) -> tuple[dict[str, list[Line]], list[str]]:
    """The curves of a run by metric, the loss first, and the names of metrics that are arrays."""
    sweep = tuple(run.provenance["run"].get("over", {}).values())
    every = run.provenance["run"]["record_every"]
    charts: dict[str, list[Line]] = {}
    arrays = []
    history, evaluations = run.series("history"), run.series("evaluations")
    at = evaluations.pop("step", np.arange(0))
    for series, dots in ((history, False), (evaluations, True)):
        for name, values in series.items():
            if values.ndim != len(sweep) + 1 or values.dtype.kind not in "fiubV":
                arrays.append(name)
                continue
            if not values.size:
                continue
            lines = values.astype(float).reshape(-1, values.shape[-1])
            steps = at if dots else every * np.arange(values.shape[-1])
            charts.setdefault(name, []).extend(_lines(run, steps, lines, dots))
    return dict(sorted(charts.items(), key=lambda item: item[0] != "loss")), [
        *dict.fromkeys(arrays)
    ]


def _lines(run: SavedRun, steps: np.ndarray, values: np.ndarray, dots: bool) -> list[Line]:
    """A line for the run, or for every member; for very many members, five of their quantiles."""
    if members_of(run) is None:
        return [Line("evaluated" if dots else "at every step", steps, values[0], dots)]
    if len(values) <= MOST_LINES:
        ends = np.full(len(values), len(steps)) if dots else _ends(run)
        rows = zip(member_labels(run), values, ends, strict=True)
        return [Line(label, steps[:end], y[:end], dots) for label, y, end in rows]
    there = np.isfinite(values).any(0)
    finite = np.where(np.isfinite(values), values, np.nan)[:, there]
    rows = np.nanquantile(finite, list(QUANTILES.values()), axis=0)
    return [Line(n, steps[there], y, dots) for n, y in zip(QUANTILES, rows, strict=True)]


def _ends(run: SavedRun) -> np.ndarray:
    """How many rows of the history are of a member; those after its last step say nothing."""
    taken = run.series("members")["steps"].ravel()
    lost = np.asarray([status.name == "non-finite" for status in run.statuses])
    return -(-(taken + lost) // run.provenance["run"]["record_every"])


def member_labels(run: SavedRun) -> list[str]:
    """A name for every member: `seed 3, optimizer.learning_rate 0.1`."""
    columns = {name: values.tolist() for name, values in run.values.items()}
    rows = zip(*columns.values(), strict=True)
    return [", ".join(f"{n} {v:.6g}" for n, v in zip(columns, r, strict=True)) for r in rows]


def together(runs: Mapping[str, dict[str, list[Line]]]) -> dict[str, list[Line]]:
    """The curves of several runs by metric, for the metrics that two runs or more have.

    Arguments:
        runs: the charts of single runs by the label of the run.
    """
    joint: dict[str, list[Line]] = {}
    for label, charts in runs.items():
        for name, lines in charts.items():
            steps = [line for line in lines if not line.dots] or lines
            joint.setdefault(name, []).extend(Line(label, s.x, s.y, s.dots) for s in steps)
    return {name: lines for name, lines in joint.items() if len(lines) > 1}


def drawing(name: str, lines: Iterable[Line]) -> Markup:
    """A chart, to be drawn by `curves.js`, with a sentence on what is not drawn."""
    lines = list(lines)
    most = MOST_POINTS if len(lines) <= 2 else MOST_TOGETHER
    plain, all_points, drawn, lost = [], 0, 0, 0
    for line in lines:
        places = thin(line.y, most)
        all_points, drawn = all_points + line.y.size, drawn + places.size
        lost += int((~np.isfinite(line.y)).sum())
        x, y = line.x[places].tolist(), [_number(v) for v in line.y[places].tolist()]
        plain.append({"label": line.label, "dots": line.dots or len(y) == 1, "x": x, "y": y})
    notes = []
    if drawn < all_points:
        notes.append(
            f"{drawn} of {all_points} values are drawn: of every stretch, the smallest and the "
            "largest."
        )
    if lost:
        notes.append(f"{lost} {'value is' if lost == 1 else 'values are'} not finite (▾).")
    content = {"name": name, "log": _spread(lines), "lines": plain}
    # Inside a script element only "</" could end it, and inside JSON it may be written so.
    data = Markup(
        json.dumps(content, allow_nan=False, separators=(",", ":")).replace("<", "\\u003c")
    )
    return element(
        "figure",
        join(
            [
                element("figcaption", name),
                element("div", "", class_="plot"),
                element("p", " ".join(notes), class_="note") if notes else "",
                Markup(f'<script type="application/json">{data}</script>'),
            ]
        ),
        class_="chart",
    )


def _number(value: float) -> float | None:
    return float(f"{value:.6g}") if np.isfinite(value) else None


def _spread(lines: list[Line]) -> bool:
    """Whether the values are positive, and of several orders of magnitude."""
    finite = np.concatenate([line.y[np.isfinite(line.y)] for line in lines])
    return bool(finite.size and finite.min() > 0 and finite.max() > WIDE * finite.min())
