"""The part of a report on a comparison, from the file that `plugax compare --out` wrote."""

import json
import pathlib
from collections.abc import Mapping
from typing import Any

import numpy as np

from ..errors import PlugaxError
from ..solution import Status
from ._embed import picture
from ._html import Markup, element, facts, folded, join, option, table
from ._options import flat
from ._repeat import python_of_comparison

NEEDED = ("problem", "metrics", "seeds", "over", "rows", "missing", "interrupted")
MOST_PANELS = 4  # metrics that are drawn


def read_comparison(path: pathlib.Path) -> dict[str, Any]:
    """The content of the file.

    Errors: `PlugaxError` if it cannot be read, or is not of a comparison.
    """
    try:
        plain = json.loads(path.read_text("utf-8"))
    except OSError as error:
        raise PlugaxError(f"{path} cannot be read: {error.strerror}.") from error
    except ValueError as error:
        raise PlugaxError(f"{path} is damaged: {error}.") from error
    if not isinstance(plain, dict) or any(name not in plain for name in NEEDED):
        raise PlugaxError(
            f"{path} is not the file of a comparison: `plugax compare … --out FILE.json` and "
            "`Comparison.to_json` write one."
        )
    return plain


def comparison_section(path: pathlib.Path, *, figures: bool, place: str) -> Markup:
    """Everything on one comparison.

    Arguments:
        path: the file.
        figures: whether the scores are drawn.
        place: the name of the place in the page, for links.

    Errors: those of `read_comparison`.
    """
    plain = read_comparison(path)
    try:
        parts = [
            element("h2", f"{plain['problem']} · comparison of solvers"),
            element("p", path, class_="where"),
            *_notes(plain),
            table(_means(plain), f"Mean and standard error of {len(plain['seeds'])} seeds"),
            _figure(plain) if figures else "",
            table(_seeds(plain), "Every seed"),
            *_options(plain),
        ]
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise PlugaxError(f"{path} is damaged: {type(error).__name__}: {error}.") from error
    return element("section", join(part for part in parts if part), id=place)


def _label(plain: Mapping[str, Any], row: Mapping[str, Any]) -> str:
    over = plain["over"]
    return row["solver"] if over is None else f"{row['solver']}, {over} {option(row[over])}"


def _notes(plain: Mapping[str, Any]) -> list[Markup]:
    said = [f"{_label(plain, row)}: {row['message']}" for row in plain["rows"] if row["message"]]
    if plain["interrupted"]:
        left = ", ".join(plain["missing"])
        said.append(f"Interrupted{f'; not run: {left}' if left else ''}.")
    return [element("p", one, class_="note") for one in said]


def _means(plain: Mapping[str, Any]) -> dict[str, list[Any]]:
    rows, over = plain["rows"], plain["over"]
    columns: dict[str, list[Any]] = {"solver": [row["solver"] for row in rows]}
    if over is not None:
        columns[over] = [row[over] for row in rows]
    for name in plain["metrics"]:
        columns[name] = [row[name] for row in rows]
        columns[f"± {name}"] = [row[f"{name}_standard_error"] for row in rows]
    columns["failed"] = [row["failed"] for row in rows]
    columns["outcome"] = [row["outcome"] for row in rows]
    columns["time per step [s]"] = [row["seconds_per_step"] for row in rows]
    columns["compiled in [s]"] = [row["compile_seconds"] for row in rows]
    return columns


def _seeds(plain: Mapping[str, Any]) -> dict[str, list[Any]]:
    names = dict.fromkeys([*plain["metrics"], *(n for row in plain["rows"] for n in row["scores"])])
    columns: dict[str, list[Any]] = {"solver": [], "seed": [], "status": [], "steps": []}
    columns |= {name: [] for name in names}
    for row in plain["rows"]:
        for place, (status, steps) in enumerate(zip(row["statuses"], row["steps"], strict=True)):
            columns["solver"].append(_label(plain, row))
            columns["seed"].append(plain["seeds"][place])
            columns["status"].append(status)
            columns["steps"].append(steps)
            for name in names:
                scores = row["scores"].get(name)
                columns[name].append("" if scores is None else scores[place])
    return columns


def _figure(plain: Mapping[str, Any]) -> Markup:
    from ..comparison import Comparison

    rows = tuple(_row(row, plain["over"]) for row in plain["rows"])
    metrics = tuple(plain["metrics"])[:MOST_PANELS]
    if not any(name in row.scores for row in rows for name in metrics):
        return Markup()
    whole = Comparison(plain["problem"], rows, metrics, tuple(plain["seeds"]), plain["over"])
    drawn = Markup(f'<img src="{picture(whole.figure())}" alt="scores of the solvers">')
    return element("figure", drawn, class_="picture")


def _row(row: Mapping[str, Any], over: str | None) -> Any:
    from ..comparison import Row

    return Row(
        solver=row["solver"],
        value=None if over is None else row[over],
        scores={name: np.asarray(values, float) for name, values in row["scores"].items()},
        statuses=tuple(Status(name, "") for name in row["statuses"]),
        steps=np.asarray(row["steps"]),
        seconds_per_step=row["seconds_per_step"],
        compile_seconds=row["compile_seconds"],
    )


def _options(plain: Mapping[str, Any]) -> list[Markup]:
    problem = plain.get("provenance", {}).get("problem") or {}
    parts = [
        element("h4", plain["problem"]),
        facts({n: option(v) for n, v in flat(problem).items()}),
    ]
    for row in plain["rows"]:
        chosen = {name: option(value) for name, value in flat(row.get("options") or {}).items()}
        parts += [element("h4", _label(plain, row)), facts(chosen)]
    script = python_of_comparison(plain)
    return [
        element("h3", "Options"),
        folded("All options, defaults included", join(parts)),
        *(
            [element("h3", "To repeat it"), folded("In Python", element("pre", script))]
            * bool(script)
        ),
    ]
