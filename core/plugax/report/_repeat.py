"""How a run is repeated: the configuration that the command line saved, and Python."""

import tomllib
from collections.abc import Mapping
from typing import Any

import numpy as np

from ..solution import SavedRun

CONFIG = "config.toml"
MOST_VALUES = 50  # of a sweep that are written out


def config_of(run: SavedRun) -> str | None:
    """The configuration of a run from the command line, if it is there and is of this run."""
    try:
        content = (run.directory / CONFIG).read_text("utf-8")
        tables = tomllib.loads(content)
        same = all(
            tables[kind]["name"] == run.provenance[kind]["name"] for kind in ("problem", "solver")
        )
        seeded = tables["run"].get("seed", 0) == run.provenance["run"]["seed"]
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    return content if same and seeded else None


def python_of(run: SavedRun) -> str | None:
    """A script that repeats the run; None if problem or solver were made by hand.

    What cannot be written in a few lines, such as bounds, is taken from the saved run.
    """
    origin, asked = run.provenance, run.provenance["run"]
    if not (origin["problem"]["name"] and origin["solver"]["name"]):
        return None
    lines = _beginning(origin)
    lines.append(f"solver = {_call('px.solver', origin['solver'])}")
    if origin.get("variations"):
        lines.append(f"problem = px.load({str(run.directory)!r}).problem  # as it was varied")
    told = {
        name: asked[name]
        for name in ("seed", "steps", "evaluate_every", "record", "record_every", "keep_best")
        if name in asked and (name != "keep_best" or asked[name] is not None)
    }
    over = _over(run)
    call = "solution = px.solve" if over is None else "population = px.sweep"
    told = told if over is None else {"over": over, **told}
    options = "".join(f"    {name}={_literal(value)},\n" for name, value in told.items())
    lines.append(f"{call}(\n    problem,\n    solver,\n{options})")
    if asked.get("prepared_for") not in (None, asked["steps"]):
        lines.append(f"# The solver was prepared for {asked['prepared_for']} steps, and resumed.")
    return "\n".join(lines) + "\n"


def python_of_comparison(plain: Mapping[str, Any]) -> str | None:
    """A script that repeats a comparison; None if a part of it was made by hand.

    Arguments:
        plain: the comparison, as its file has it.
    """
    origin, over = plain.get("provenance") or {}, plain["over"]
    specs = {
        row["solver"] if over is None else f"{row['solver']}, {over} {row[over]}": row["options"]
        for row in plain["rows"]
        if row.get("options")  # none if an exception ended its runs
    }
    if not specs or not all(
        one.get("name") for one in (origin.get("problem", {}), *specs.values())
    ):
        return None
    solvers = "".join(f"    {label!r}: {spec!r},\n" for label, spec in specs.items())
    told = {name: origin["run"].get(name) for name in ("steps", "epochs")}
    told = {"seeds": plain["seeds"], **{n: v for n, v in told.items() if v is not None}}
    options = ", ".join(f"{name}={value!r}" for name, value in told.items())
    return "\n".join(
        [
            *_beginning(origin),
            f"solvers = {{\n{solvers}}}",
            f"print(px.compare(problem, solvers, {options}))",
            "",
        ]
    )


def _beginning(origin: Mapping[str, Any]) -> list[str]:
    """The imports, the precision and the problem."""
    double = origin["precision"] == "float64"
    return [
        *(["import jax", ""] if double else []),
        *("import plugax as px", ""),
        *(['jax.config.update("jax_enable_x64", True)'] if double else []),
        f"problem = {_call('px.problem', origin['problem'])}",
    ]


class _Code(str):
    """Python that is written as it is."""


def _call(function: str, spec: Mapping[str, Any]) -> str:
    options = {name: value for name, value in spec.items() if name != "name"}
    if not options:
        return f"{function}({spec['name']!r})"
    inner = "".join(f"    {name}={value!r},\n" for name, value in options.items())
    return f"{function}(\n    {spec['name']!r},\n{inner})"


def _literal(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{n!r}: {_literal(v)}" for n, v in value.items()) + "}"
    return value if isinstance(value, _Code) else repr(value)


def _over(run: SavedRun) -> dict[str, Any] | None:
    """The values that were swept; those that are too many or too large, from the saved run."""
    if not run.is_population:
        return None
    where = f"px.load({str(run.directory)!r}).swept"
    short = lambda values: np.ndim(values) == 1 and np.size(values) <= MOST_VALUES  # noqa: E731
    return {
        name: values.tolist()
        if isinstance(values, np.ndarray) and short(values)
        else {n: v.tolist() for n, v in values.items()}
        if isinstance(values, dict) and all(map(short, values.values()))
        else _Code(f"{where}[{name!r}]")
        for name, values in run.swept.items()
    }
