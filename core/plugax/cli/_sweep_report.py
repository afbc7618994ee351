"""The report of a sweep that has ended: one JSON object, or a table of the best members."""

import dataclasses
import pathlib
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ..errors import PlugaxError
from ._exit import FAILURE, INTERRUPTED, SUCCESS, WRONG_CALL
from ._parser import version
from ._printed import device_of, print_place, print_status
from ._tables import show_metric, table_text
from ._text import print_json

if TYPE_CHECKING:
    import numpy as np

    from ..solution import Population, Populations, Table

MOST_ROWS = 12


@dataclasses.dataclass
class SweepReport:
    """A sweep that has ended.

    Attributes:
        found: the population, or several.
        problem: the problem's name.
        solver: the solver's name.
        options: all options of both, before anything was swept.
        by: the figure of merit that was asked for; None for the problem's.
        largest: whether the largest is the best.
        directory: where it was saved, or None.
    """

    found: "Population | Populations"
    problem: str
    solver: str
    options: Mapping[str, Mapping[str, Any]]
    by: str | None
    largest: bool
    directory: pathlib.Path | None


def report_sweep(what: SweepReport, *, as_json: bool) -> int:
    """Print the report, and return the exit status."""
    found, wrong = what.found, None
    if what.by is not None:
        try:  # the run is not lost because of a name
            found.figure_of_merit(what.by)
        except PlugaxError as error:
            wrong, what = error, dataclasses.replace(what, by=None)
    if as_json:
        print_json(_plain(what))
    else:
        _print(what)
    if found.unsaved is not None:
        print(f"plugax: {found.unsaved}", file=sys.stderr)
        return FAILURE
    if wrong is not None:
        print(f"plugax: --best: {wrong}", file=sys.stderr)
        return WRONG_CALL
    if (found.names == "interrupted").any() or getattr(found, "missing", ()):
        return INTERRUPTED
    # Some members of a sweep may fail, as those of too large a learning rate do.
    return SUCCESS if found.success.any() else FAILURE


def _columns(what: SweepReport) -> tuple[str, "dict[str, np.ndarray]"]:
    """The name of the figure of merit, and the table of all members, the best first."""
    import numpy as np

    found = what.found
    by = what.by or found.main_figure
    try:
        merit = found.figure_of_merit(by, largest=what.largest).ravel()
    except PlugaxError:  # no loss was recorded, and no metric is a number
        merit = np.full(found.status.size, np.nan)
    names = found.names.ravel()
    # Members that were stopped early are behind all others, in the order of their steps.
    early = np.where(names == "pruned", -found.steps.ravel(), -np.inf)
    order = np.lexsort((merit, early))
    shown = np.where(np.isfinite(merit), -merit if what.largest else merit, np.nan)
    columns = dict(found.values) | {by: shown}
    columns |= {"steps": found.steps.ravel(), "status": names}
    return by, {name: values[order] for name, values in columns.items()}


def _plain(what: SweepReport) -> dict[str, Any]:
    from ..solution import finite

    found, (by, columns) = what.found, _columns(what)
    status = found.overall()
    return finite(
        {
            "problem": what.problem,
            "solver": what.solver,
            "options": what.options,
            "status": status.name,
            "message": status.message,
            "remarks": list(status.remarks),
            "best": _best(what, by),
            "by": by,
            "members": {name: values.tolist() for name, values in columns.items()},
            "tables": [
                {"title": table.title, "columns": dict(table.columns)} for table in _joint(found)
            ],
            "missing": list(getattr(found, "missing", ())),
            "precision": found.provenance["precision"],
            "device": device_of(found),
            "compile_seconds": found.compile_seconds,
            "run_seconds": found.run_seconds,
            "out": None if what.directory is None or found.unsaved else str(what.directory),
            "plugax": version(),
        }
    )


def _joint(found: "Population | Populations") -> "tuple[Table, ...]":
    """What the solver says of all members together, such as chains."""
    return getattr(found, "joint_tables", ())


def _best(what: SweepReport, by: str) -> dict[str, Any] | None:
    """The best member as plain data; None if none has a finite figure."""
    try:
        best = what.found.best(by, largest=what.largest)
    except PlugaxError:
        return None
    plain = lambda value: value.item() if hasattr(value, "item") else value  # noqa: E731
    values = {name: plain(value) for name, value in best.coordinates.items()}
    schedule = {name: values.tolist() for name, values in best.schedule.items()}
    told = {"schedule": schedule} if schedule else {}
    return {"over": values, "metrics": best.metrics, "steps": best.steps} | told


def _print(what: SweepReport) -> None:
    from ..solution import Table

    found = what.found
    console = print_status(what.problem, what.solver, found.overall())
    by, columns = _columns(what)
    rows = {name: values[:MOST_ROWS].tolist() for name, values in columns.items()}
    console.print(table_text(Table(rows), console.width))
    members = found.status.size
    if members > MOST_ROWS:
        console.print(f"  … and {members - MOST_ROWS} more; --json prints all", style="dim")
    joint = _joint(found)
    for table in joint:
        console.print()
        console.print(table_text(table, console.width))
    # Of repetitions that are looked at together, none is the best.
    best = None if joint else _best(what, by)
    if best is not None:
        told = ", ".join(f"{n} {show_metric(value)}" for n, value in best["over"].items())
        console.print(f"best {by} at {told}")
        if "schedule" in best:
            console.print("its options, each from a step on:")
            console.print(table_text(Table(best["schedule"]), console.width))
    unfinished = getattr(found, "missing", ()) or (found.names == "interrupted").any()
    then = "go on with: plugax resume" if unfinished else "figures: plugax plot"
    print_place(console, found, f"{members} members", what.directory, f"{then} {what.directory}")
