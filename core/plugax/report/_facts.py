"""What a saved run tells about itself, without the plugins that made it."""

import math
import pathlib
from collections.abc import Mapping
from typing import Any

import numpy as np

from ..errors import PlugaxError
from ..solution import SavedRun, read_saved_run, summarised_run


def summarised(directory: pathlib.Path) -> SavedRun:
    """A run of which only `solution.json` is read, and whether the other files are there.

    Errors: `PlugaxError` if there is no run, or if it is damaged as far as that can be seen.
    """
    run = summarised_run(directory)
    missing = [path for path in run.paths if not path.exists()]
    if missing:
        raise PlugaxError(f"{missing[0]} is missing.")
    return checked(run)


def whole(directory: pathlib.Path) -> SavedRun:
    """A run with all its files, each compared with its SHA-256.

    Errors: `PlugaxError` if there is no run, or if it is damaged.
    """
    return checked(read_saved_run(directory))


def checked(run: SavedRun) -> SavedRun:
    """The run itself, if `solution.json` has all that a report needs.

    Errors: `PlugaxError` if it has not.
    """
    try:
        _ = run.status, problem_of(run), solver_of(run), scalars(run.summary["metrics"])
        _ = run.provenance["run"]["seed"], run.provenance["precision"], run.summary["steps"] + 0
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        raise PlugaxError(
            f"{run.directory / 'solution.json'} is damaged or of another version of Plugax: "
            f"{type(error).__name__}: {error}."
        ) from error
    return run


def problem_of(run: SavedRun) -> str:
    """The name of the problem, or of its class if it was made by hand."""
    return _name(run.provenance["problem"])


def solver_of(run: SavedRun) -> str:
    """The name of the solver, or of its class if it was made by hand."""
    return _name(run.provenance["solver"])


def _name(spec: Mapping[str, Any]) -> str:
    return spec["name"] or spec["class"].rpartition(":")[2]


def members_of(run: SavedRun) -> int | None:
    """How many members a population has; None for a single run."""
    told = run.summary["status"]
    return len(told) if isinstance(told, list) else None


def scalars(metrics: Mapping[str, Any]) -> dict[str, float | int]:
    """The metrics that are single numbers; NaN for a number that was not finite."""
    return {
        name: math.nan if value is None else value
        for name, value in metrics.items()
        if value is None or (isinstance(value, int | float) and not isinstance(value, bool))
    }


def member_metrics(run: SavedRun) -> dict[str, np.ndarray]:
    """The metrics of a population that are one number for every member, members in a row."""
    members = run.series("members")
    shape = members["steps"].shape
    return {
        name.removeprefix("metrics."): values.ravel()
        for name, values in members.items()
        if name != "steps" and values.shape == shape and values.dtype.kind in "fiub"
    }


def score_of(run: SavedRun) -> tuple[str, float] | None:
    """The main figure of merit with its name; of a population, the median of its members.

    It is the problem's first score, as in `plugax compare`; or else the last loss, or else the
    first metric that is a number.
    """
    numbers: Mapping[str, Any] = (
        scalars(run.summary["metrics"]) if members_of(run) is None else member_metrics(run)
    )
    for name in run.summary.get("scores", ()):
        if name in numbers:
            return name, _middle(numbers[name])
    losses = numbers.get("loss", last_losses(run))
    if losses is not None:
        return "loss", _middle(losses)
    return next(((name, _middle(value)) for name, value in numbers.items()), None)


def last_losses(run: SavedRun) -> np.ndarray | None:
    """The loss at the last recorded step, of every member; None if it was not recorded."""
    history = run.series("history")
    if "loss" not in history:
        return None
    losses = history["loss"].astype(float)
    if not losses.size:
        return None
    if members_of(run) is None:
        return losses[-1:]
    every, steps = run.provenance["run"]["record_every"], run.series("members")["steps"]
    last = np.maximum(-(-steps // every) - 1, 0)[..., None]
    return np.take_along_axis(losses, last, axis=-1)[..., 0].ravel()


def _middle(values: Any) -> float:
    values = np.asarray(values, float)
    values = values[np.isfinite(values)]
    return float(np.median(values)) if values.size else math.nan
