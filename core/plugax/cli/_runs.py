"""`plugax runs`: all saved runs below a directory, as a table. Imports no JAX."""

import datetime
from typing import Any

from .._terminal import paragraph, width
from ._exit import SUCCESS
from ._parser import Parser
from ._text import answer, print_json

ORDERS = ("directory", "problem", "solver", "status", "score", "steps", "saved")
UNLIMITED = 10_000  # characters per line if the output is not a terminal


def main(argv: list[str]) -> int:
    """List runs."""
    parser = Parser(prog="plugax runs", description="List all saved runs in or below a directory.")
    add = parser.add_argument
    here = "the directory; default: the current one"
    add("directory", nargs="?", default=".", metavar="DIR", help=here)
    add("--sort", choices=ORDERS, default="directory", help="the order; default: by directory")
    add("--json", action="store_true", help="as JSON")
    arguments = parser.parse_args(argv)
    from ..report import list_runs

    runs = sorted(list_runs(arguments.directory), key=lambda run: _place(run, arguments.sort))
    if arguments.json:
        print_json(runs)
    elif runs:
        answer(_text(runs))
    else:
        answer(f"no saved runs in or below {arguments.directory}")
    return SUCCESS


def _place(run: dict[str, Any], order: str) -> tuple:
    """The place of a run; one that lacks what is asked for comes last."""
    value = run[order]
    beside = run["score_name"] or "" if order == "score" else ""
    return (value is None, beside, 0 if value is None else value, run["directory"])


def _text(runs: list[dict[str, Any]]) -> str:
    from ..solution import Table
    from ._tables import table_text

    columns = {
        "directory": [run["directory"] for run in runs],
        "problem": [run["problem"] or "" for run in runs],
        "solver": [run["solver"] or "" for run in runs],
        "status": [_status(run) for run in runs],
        "score": [_score(run) for run in runs],
        "steps": ["" if run["steps"] is None else str(run["steps"]) for run in runs],
        "saved": [_local(run["saved"]) for run in runs],
    }
    damaged = [
        paragraph(f"{r['directory']}: {r['message']}", indent=2) for r in runs if not r["saved"]
    ]
    return "\n".join(
        [table_text(Table(columns), width() or UNLIMITED), *([""] if damaged else []), *damaged]
    )


def _status(run: dict[str, Any]) -> str:
    members = run["members"]
    return run["status"] if members is None else f"{run['status']} ({members} members)"


def _score(run: dict[str, Any]) -> str:
    from ._tables import show_metric

    if run["score_name"] is None:
        return ""
    value = "not finite" if run["score"] is None else show_metric(run["score"])
    return f"{run['score_name']} {value}{'' if run['members'] is None else ' (median)'}"


def _local(saved: str | None) -> str:
    """A time in UTC as the user's clock shows it."""
    if saved is None:
        return ""
    return f"{datetime.datetime.fromisoformat(saved).astimezone():%Y-%m-%d %H:%M}"
