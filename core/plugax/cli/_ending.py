"""The report of a run that has ended: one JSON object, or a short table for people."""

import contextlib
import dataclasses
import pathlib
import sys
import warnings
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from .._terminal import width
from ..errors import UnsavedWarning
from ._exit import FAILURE, INTERRUPTED, SUCCESS
from ._parser import version
from ._tables import show_metric, table_text
from ._text import answers, columns, print_json
from ._verbosity import quiet

if TYPE_CHECKING:
    from ..solution import Population, Solution, Status


@dataclasses.dataclass
class Report:
    """A run that has ended.

    Attributes:
        solution: the solution, or the population.
        problem: the problem's name.
        solver: the solver's name.
        options: all options of both, defaults included.
        seconds: the times of other parts, by name.
        directory: the directory in which it was saved, or None.
    """

    solution: "Solution | Population"
    problem: str
    solver: str
    options: Mapping[str, Mapping[str, Any]]
    seconds: Mapping[str, Any]
    directory: pathlib.Path | None


@contextlib.contextmanager
def leave_unsaved_to_report() -> Iterator[None]:
    """Suppress the warning that a run could not be saved; the report says so."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UnsavedWarning)
        yield


def report(what: Report, *, as_json: bool) -> int:
    """Print the report, and return the exit status of the run."""
    if as_json:
        print_json(_plain(what))
    else:
        _print(what)
    if what.solution.unsaved is not None:
        print(f"plugax: {what.solution.unsaved}", file=sys.stderr)
        return FAILURE
    status = _status(what.solution)
    if status.success:
        return SUCCESS
    return INTERRUPTED if status.name == "interrupted" else FAILURE


def _status(solution: "Solution | Population") -> "Status":
    from ..solution import Population

    return solution.overall() if isinstance(solution, Population) else solution.status


def _plain(what: Report) -> dict[str, Any]:
    from ..solution import finite

    solution, status = what.solution, _status(what.solution)
    return finite(
        {
            "problem": what.problem,
            "solver": what.solver,
            "options": what.options,
            "status": status.name,
            "message": status.message,
            "remarks": list(status.remarks),
            "steps": _numbers(solution.steps),
            "metrics": {name: _numbers(value) for name, value in solution.metrics.items()},
            "tables": [
                {"title": table.title, "columns": dict(table.columns)}
                for table in solution.tables()
            ],
            "seed": solution.provenance["run"]["seed"],
            "precision": solution.provenance["precision"],
            "device": _device(solution),
            **what.seconds,
            "compile_seconds": solution.compile_seconds,
            "run_seconds": solution.run_seconds,
            "out": None if what.directory is None or solution.unsaved else str(what.directory),
            "plugax": version(),
        }
    )


def _numbers(value: Any) -> Any:
    """Arrays, of a population, as lists."""
    return value.tolist() if hasattr(value, "tolist") else value


def _device(solution: "Solution | Population") -> str:
    device = solution.provenance["device"]
    return f"{device['platform']}:{device['index']}"


def _print(what: Report) -> None:
    from rich.console import Console

    solution, status = what.solution, _status(what.solution)
    whole_lines = width() is None
    console = Console(
        file=answers(), highlight=False, markup=False, emoji=False, soft_wrap=whole_lines
    )
    if not quiet():
        console.print(f"{what.problem} · {what.solver}", style="bold")
    colour = ("yellow" if status.remarks else "green") if status.success else "red"
    console.print(status.name, style=colour, end=" ")
    console.print(status.message)
    for remark in status.remarks:
        console.print(remark, style="yellow")
    tables = solution.tables()
    for table in tables:
        console.print(table_text(table, console.width))
        console.print()
    in_tables = {name for table in tables for name in table.metrics}
    listed = [item for item in solution.metrics.items() if item[0] not in in_tables]
    rows = [(name, show_metric(_numbers(value))) for name, value in listed]
    if rows:
        console.print(columns(rows, indent=2))
    if quiet():
        return
    taken = solution.steps if isinstance(solution.steps, int) else int(solution.steps.max())
    steps = "1 step" if taken == 1 else f"{taken} steps"
    console.print(
        f"{steps} on {_device(solution)} in {solution.provenance['precision']}: "
        f"compiled in {solution.compile_seconds:.2f} s, run in {_seconds(solution.run_seconds)}",
        style="dim",
    )
    if what.directory is not None and solution.unsaved is None:
        console.print(f"saved in {what.directory}", style="dim")
        if status.name == "interrupted":
            console.print(f"go on with: plugax resume {what.directory}", style="dim")


def _seconds(seconds: float) -> str:
    return f"{seconds:.2f} s" if seconds >= 0.1 else f"{seconds * 1000:.1f} ms"
