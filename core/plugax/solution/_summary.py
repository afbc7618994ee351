"""The summaries of a solution and of a population."""

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from ..display import Summary, fold, pairs, show, show_tree, table
from ..errors import PlugaxError
from ._device_text import device_text
from ._history_figure import as_float
from ._status import Status

if TYPE_CHECKING:
    from ._population import Population
    from ._solution import Solution

MOST_METRICS = 8
LOSS_DIGITS = 4


def summary_of(solution: "Solution", *, in_tables: Collection[str] = ()) -> Summary:
    """What was solved, by what, how it ended, the main figures, the time and the place.

    Arguments:
        solution: the solution.
        in_tables: metrics that stand in a table beside the summary.
    """
    found = {"unknowns": show_tree(solution.unknowns)} | {
        name: show(value) for name, value in solution.coordinates.items()
    }
    losses = solution.series.get("loss", np.empty(0))
    if losses.ndim == 1 and losses.size > 1:
        found["loss history"] = f"{show(losses[0], LOSS_DIGITS)} → {show(losses[-1], LOSS_DIGITS)}"
    shown = {n: show(value) for n, value in solution.metrics.items() if n not in in_tables}
    status = solution.status
    return Summary(
        f"Solution of {_what(solution)}",
        status.name,
        _mark(status),
        (status.message, *status.remarks),
        found | _main(shown, solution),
        _footer(solution),
    )


def population_summary(population: "Population") -> Summary:
    """What was swept, how the members ended, their figures from the least to the largest."""
    shape = population.status.shape
    axes = (f"{count} × {name}" for name, count in zip(population.swept, shape, strict=True))
    statuses = population.status.ravel().tolist()
    failures = [status.message for status in statuses if not status.success]
    facts = {"unknowns": show_tree(population.unknowns)}
    try:
        facts |= {"last loss": _range(population.last_losses())}
        best = population.best()
        where = ", ".join(f"{name} {show(value)}" for name, value in best.coordinates.items())
        least = "".join(show(loss, LOSS_DIGITS) for loss in best.series["loss"][-1:])
        facts |= {"best loss": f"{least}, {where}"}
    except PlugaxError:  # the loss was not recorded, or no member has a finite one
        pass
    shown = {
        name: _range(values) if _is_figure(values, population) else show(values)
        for name, values in (population.metrics | population.joint_metrics).items()
    }
    overall = population.overall()
    names = [status.name for status in statuses]
    counts = ", ".join(f"{names.count(name)} {name}" for name in dict.fromkeys(names))
    return Summary(
        f"Population of {len(names)} members ({', '.join(axes)}), {_what(population)}",
        counts,
        _mark(overall),
        (*failures[:1], *overall.remarks),
        facts | _main(shown, population),
        _footer(population),
    )


def solution_html(solution: "Solution") -> str:
    """The summary, the tables of problem and solver, and the options at a click."""
    tables = solution.tables()
    summary = summary_of(solution, in_tables={name for one in tables for name in one.metrics})
    shown = (table(one.columns, title=one.title) for one in tables)
    return summary.html(*shown, *_options(solution))


def population_html(population: "Population") -> str:
    """The summary, a table of the first members, and the options at a click."""
    shown = (table(one.columns, title=one.title, of="members") for one in population.tables())
    return population_summary(population).html(*shown, *_options(population))


def _what(run: "Solution | Population") -> str:
    problem, solver = (_name(run.provenance[kind]) for kind in ("problem", "solver"))
    return f"{problem} by {solver}"


def _name(spec: Mapping[str, Any]) -> str:
    return spec.get("name") or spec["class"].rpartition(":")[2]


def _options(run: "Solution | Population") -> tuple[str, ...]:
    """The options of problem and solver, which a click shows."""

    def folded(kind: str) -> str:
        spec = run.provenance[kind]
        rows = {name: show(value) for name, value in spec.items() if name not in ("name", "class")}
        return fold(f"options of the {kind}", pairs(rows))

    return folded("problem"), folded("solver")


def _main(shown: dict[str, str], run: "Solution | Population") -> dict[str, str]:
    """The first metrics, the scores of the problem before all others."""
    order = dict.fromkeys([name for name in run.problem.scores if name in shown]) | shown
    main = {name: shown[name] for name in list(order)[:MOST_METRICS]}
    left = len(shown) - len(main)
    return main | ({"…": f"and {left} more in metrics"} if left else {})


def _mark(status: Status) -> Literal["good", "doubtful", "bad"]:
    if status.success and not status.remarks:
        return "good"
    return "doubtful" if status.success or status.name == "interrupted" else "bad"


def _footer(run: "Solution | Population") -> tuple[str, ...]:
    """Steps, device and time in one sentence, and where the run is saved, if it is."""
    device, taken = device_text(run.provenance["device"]), int(np.max(run.steps))
    told = (
        f"{taken} step{'s' * (taken != 1)} on {device} in "
        f"{run.provenance['precision']}: compiled in {show(run.compile_seconds, 3)} s, "
        f"run in {show(run.run_seconds, 3)} s"
    )
    if run.unsaved is not None:
        return told, run.unsaved
    return (told,) if run.directory is None else (told, f"saved in {run.directory}")


def _is_figure(values: Any, population: "Population") -> bool:
    shape = population.status.shape
    number = isinstance(values, np.ndarray) and values.shape == shape
    return number and values.dtype.kind in "fiuV"


def _range(values: np.ndarray) -> str:
    """The least, the median and the largest of the numbers that are finite."""
    values = as_float(values)
    finite = values[np.isfinite(values)]
    if not finite.size:
        return "nan"
    low, middle, high = (show(value, LOSS_DIGITS) for value in np.quantile(finite, [0, 0.5, 1]))
    return low if low == high else f"{low} … {high}, median {middle}"
