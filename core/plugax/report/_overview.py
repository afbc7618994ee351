"""Several runs side by side: one table, their curves together, and which of them failed."""

import dataclasses
import math
from collections import Counter
from typing import Any

import numpy as np

from ..solution import SavedRun, Status
from ._charts import MOST_LINES, Line, drawing, together
from ._facts import last_losses, member_metrics, members_of, problem_of, scalars, solver_of
from ._html import Markup, element, join, option, table, text
from ._listing import when
from ._options import flat
from ._section import chart_grid

MOST_METRICS = 12  # columns of the table
MOST_CHARTS = 6
MOST_SAID = 20  # runs whose failure is told in words


@dataclasses.dataclass
class Entry:
    """What the table of all runs needs to know of one.

    Attributes:
        label: the directory.
        place: the name of its section in the page; None if it has none.
        problem: the problem's name.
        solver: the solver's name.
        status: how it ended.
        members: how many, of a population.
        options: all options of problem, solver and run, by whole name.
        metrics: its metrics that are numbers; of a population, the medians.
        scores: the names of the main ones.
        steps: the number of steps.
        seconds: of the run itself.
        saved: when.
        charts: its curves, if they are drawn together with others.
    """

    label: str
    place: str | None
    problem: str
    solver: str
    status: Status
    members: int | None
    options: dict[str, Any]
    metrics: dict[str, float | int]
    scores: tuple[str, ...]
    steps: int
    seconds: float
    saved: str
    charts: dict[str, list[Line]]


def entry_of(run: SavedRun, charts: dict[str, list[Line]], place: str | None) -> Entry:
    """The entry of a run."""
    members, asked = members_of(run), run.provenance["run"]
    metrics = scalars(run.summary["metrics"])
    if members is not None:
        metrics |= {name: _median(values) for name, values in member_metrics(run).items()}
    losses = last_losses(run)
    if "loss" not in metrics and losses is not None:
        metrics = {"loss": _median(losses), **metrics}
    options = {
        **{f"problem.{name}": value for name, value in flat(run.provenance["problem"]).items()},
        **{f"solver.{name}": value for name, value in flat(run.provenance["solver"]).items()},
        "seed": asked["seed"],
    }
    for name in asked.get("over", ()):  # its members differ in these
        for whole in (name, f"solver.{name}"):
            options.pop(whole, None)
    return Entry(
        label=str(run.directory),
        place=place,
        problem=problem_of(run),
        solver=solver_of(run),
        status=run.status,
        members=members,
        options=options,
        metrics=metrics,
        scores=tuple(run.summary.get("scores", ())),
        steps=run.summary["steps"],
        seconds=run.summary["run_seconds"],
        saved=when(run.directory, dict(run.summary)).replace("T", " ").replace("+00:00", ""),
        charts=charts if members is None else {},
    )


def overview_of(entries: list[Entry]) -> Markup:
    """The runs of every problem in a table, with their curves together; what failed."""
    problems = Counter(entry.problem for entry in entries)
    groups = [[e for e in entries if e.problem == name] for name, n in problems.items() if n > 1]
    single = [entry for entry in entries if problems[entry.problem] == 1]
    parts = [_group(group, f"{group[0].problem}: ", same_problem=True) for group in groups]
    if single:
        parts.append(_group(single, "other problems: " * bool(groups), same_problem=False))
    return element(
        "section", join([element("h2", "All runs"), _failures(entries), *parts]), id="all"
    )


def _group(entries: list[Entry], title: str, *, same_problem: bool) -> Markup:
    shown, left = _metric_names(entries)
    columns: dict[str, list[Any]] = {
        "run": [_link(entry) for entry in entries],
        **({} if same_problem else {"problem": [entry.problem for entry in entries]}),
        "solver": [entry.solver for entry in entries],
        **{name: _column(entries, name) for name in _differing(entries)},
        "status": [_status(entry) for entry in entries],
        **{name: [entry.metrics.get(name, "") for entry in entries] for name in shown},
        "steps": [entry.steps for entry in entries],
        "run in [s]": [float(f"{entry.seconds:.3g}") for entry in entries],
        "saved (UTC)": [entry.saved for entry in entries],
    }
    count = f"{len(entries)} {'run' if len(entries) == 1 else 'runs'}"
    notes = ["Of a population, the median of its members."] * any(e.members for e in entries)
    notes += [f"Metrics not shown here: {', '.join(left)}."] * bool(left)
    return join(
        [
            table(columns, f"{title}{count}"),
            *(element("p", note, class_="note") for note in notes),
            _curves(entries) if same_problem else "",
        ]
    )


def _metric_names(entries: list[Entry]) -> tuple[list[str], list[str]]:
    """The metrics that have a column, scores and loss first, and those that have none."""
    scores = dict.fromkeys(name for entry in entries for name in entry.scores)
    names = dict.fromkeys(name for entry in entries for name in entry.metrics)
    ordered = [name for name in dict.fromkeys([*scores, "loss", *names]) if name in names]
    return ordered[:MOST_METRICS], ordered[MOST_METRICS:]


def _differing(entries: list[Entry]) -> list[str]:
    """The options that two runs have with different values."""
    names = dict.fromkeys(name for entry in entries for name in entry.options)
    values = {n: {option(e.options[n]) for e in entries if n in e.options} for n in names}
    return [name for name, found in values.items() if len(found) > 1]


def _column(entries: list[Entry], name: str) -> list[Any]:
    """An option of every run; numbers stay numbers, so that they are sorted as such."""
    values = [entry.options.get(name, "") for entry in entries]
    return [v if isinstance(v, int | float) and v is not None else option(v) for v in values]


def _link(entry: Entry) -> str:
    if entry.place is None:
        return entry.label
    return element("a", entry.label, href=f"#{entry.place}")


def _status(entry: Entry) -> str:
    kind = ("doubt" if entry.status.remarks else "good") if entry.status.success else "bad"
    many = "" if entry.members is None else f" ({entry.members} members)"
    return Markup(f'<span class="status {kind}">{text(entry.status.name)}</span>{many}')


def _failures(entries: list[Entry]) -> Markup:
    """What is to be said of runs that failed, or about which there are doubts."""
    told = [e for e in entries if not e.status.success or e.status.remarks]
    if not told:
        return Markup()
    lines = [
        element("li", Markup(f"{text(_link(entry))}: {text(_said(entry.status))}"))
        for entry in told[:MOST_SAID]
    ]
    if len(told) > MOST_SAID:
        lines.append(element("li", f"… and {len(told) - MOST_SAID} more: sort by status."))
    return join([element("h3", "Failures and remarks"), element("ul", join(lines))])


def _said(status: Status) -> str:
    return " ".join([status.message, *status.remarks])


def _curves(entries: list[Entry]) -> Markup:
    drawn = [entry for entry in entries if entry.charts][:MOST_LINES]
    charts = list(together({entry.label: entry.charts for entry in drawn}).items())[:MOST_CHARTS]
    if not charts:
        return Markup()
    several = [entry for entry in entries if entry.members is None]
    cut = f"The first {len(drawn)} of {len(several)} runs are drawn."
    return join(
        [
            element("h3", "Histories together"),
            element("p", cut, class_="note") if len(drawn) < len(several) else "",
            chart_grid([drawing(name, lines) for name, lines in charts]),
        ]
    )


def _median(values: np.ndarray) -> float:
    values = np.asarray(values, float)
    values = values[np.isfinite(values)]
    return float(np.median(values)) if values.size else math.nan
