"""The report of a run that has ended: one JSON object, or a short table for people."""

import contextlib
import dataclasses
import pathlib
import sys
import warnings
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from ..errors import UnsavedWarning
from ._exit import FAILURE, INTERRUPTED, SUCCESS
from ._parser import version
from ._printed import device_of, print_place, print_status
from ._tables import show_metric, table_text
from ._text import columns, print_json

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
            "device": device_of(solution),
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


def _print(what: Report) -> None:
    solution, status = what.solution, _status(what.solution)
    console = print_status(what.problem, what.solver, status)
    tables = solution.tables()
    for table in tables:
        console.print(table_text(table, console.width))
        console.print()
    in_tables = {name for table in tables for name in table.metrics}
    listed = [item for item in solution.metrics.items() if item[0] not in in_tables]
    rows = [(name, show_metric(_numbers(value))) for name, value in listed]
    if rows:
        console.print(columns(rows, indent=2))
    taken = solution.steps if isinstance(solution.steps, int) else int(solution.steps.max())
    steps = "1 step" if taken == 1 else f"{taken} steps"
    resume = f"go on with: plugax resume {what.directory}"
    then = resume if status.name == "interrupted" else None
    print_place(console, solution, steps, what.directory, then)
