"""A list of saved runs, a line for each. It reads little of each, and imports no JAX."""

import datetime
import math
import os
import pathlib
from typing import Any
from zipfile import BadZipFile

from ..errors import PlugaxError
from ._facts import members_of, problem_of, score_of, solver_of, summarised
from ._find import SUMMARY, find_runs

DAMAGED = "damaged"
FIELDS = (
    *("directory", "problem", "solver", "status", "message", "members"),
    *("score", "score_name", "steps", "seed", "saved"),
)


def list_runs(path: str | os.PathLike) -> list[dict[str, Any]]:
    """All runs in or below a directory, as plain data, by directory.

    Every run has `directory`, `problem`, `solver`, `status`, `message`, `members` (None for a
    single run), `score` and `score_name` (the problem's main figure of merit), `steps`, `seed` and
    `saved` (when, in UTC). A run that cannot be read has the status `"damaged"`, and its message
    says why. The other files are not compared with their SHA-256, as `plugax.load` does.

    Errors: `PlugaxError` if there is no such directory.
    """
    return [_entry(directory) for directory in find_runs(path)]


def when(run_directory: pathlib.Path, summary: dict[str, Any]) -> str:
    """When a run was saved, in UTC: as it says, or else as its file does."""
    said = summary.get("saved")
    if isinstance(said, str):
        return said
    seconds = (run_directory / SUMMARY).stat().st_mtime
    return datetime.datetime.fromtimestamp(seconds, datetime.UTC).isoformat(timespec="seconds")


def _entry(directory: pathlib.Path) -> dict[str, Any]:
    entry: dict[str, Any] = dict.fromkeys(FIELDS)
    entry["directory"] = str(directory)
    try:
        run = summarised(directory)
        name, score = score_of(run) or (None, math.nan)
    except (PlugaxError, OSError, ValueError, KeyError, BadZipFile) as error:
        return entry | {"status": DAMAGED, "message": str(error)}
    return entry | {
        "problem": problem_of(run),
        "solver": solver_of(run),
        "status": run.status.name,
        "message": run.status.message,
        "members": members_of(run),
        "score": score if math.isfinite(score) else None,
        "score_name": name,
        "steps": run.summary["steps"],
        "seed": run.provenance["run"]["seed"],
        "saved": when(directory, dict(run.summary)),
    }
