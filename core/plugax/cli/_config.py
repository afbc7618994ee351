"""A run's configuration as a TOML file: `[problem]`, `[solver]`, `[[observer]]`, `[run]`.

[problem]
name = "regression"
points = 100

[solver]
name = "gradient"

[solver.optimizer]
name = "sgd"
learning_rate = 0.05

[[observer]]
name = "csv"
path = "losses.csv"

[run]
seed = 0
steps = 200

[sweep]
over = ["optimizer.learning_rate=1e-3:1e-1:log:20", "seed=0:4"]
"""

import os
import pathlib
import tomllib
from typing import Any

from ..errors import PlugaxError, did_you_mean
from ._numbers import fit_whole
from ._process import is_first

RUN = {
    "seed": (int,),
    "steps": (int,),
    "epochs": (int, float),
    "evaluate_every": (int, str),
    "record": (str,),
    "record_every": (int,),
    "keep_best": (str,),
    "snapshot_every": (int, str),
    "keep_last": (int,),
    "on_non_finite": (str,),
    "chunk": (int,),
    "device": (str,),
    "devices": (int, str),
    "precision": (str,),
}
KINDS = {int: "a whole number", float: "a number", str: "text"}
TABLES = ("problem", "solver", "observer", "run", "sweep")
FILE_NAME = "config.toml"


def read_config(path: str | os.PathLike | None) -> dict[str, Any]:
    """The tables of a configuration file, a list for observers; empty tables without a file.

    Errors: `PlugaxError` if it cannot be read, or contains an unknown table or key. Options of
    problem and solver are checked later.
    """
    tables: dict[str, Any] = {name: {} for name in TABLES} | {"observer": []}
    if path is None:
        return tables
    try:
        with pathlib.Path(path).open("rb") as file:
            tables |= tomllib.load(file)
    except OSError as error:
        raise PlugaxError(f"The configuration {path} cannot be read: {error.strerror}.") from error
    except ValueError as error:  # not TOML, or not even text
        raise PlugaxError(f"The configuration {path} is not TOML: {error}.") from error
    if isinstance(tables["observer"], dict):  # a single observer may be a plain table
        tables["observer"] = [tables["observer"]]
    for name, table in tables.items():
        if name == "observer":
            _check_observers(path, table)
        elif name not in TABLES or not isinstance(table, dict):
            raise PlugaxError(
                f"The configuration {path} has {name!r}; it may have the tables [problem], "
                f"[solver], [[observer]], [run] and [sweep].{did_you_mean(name, TABLES)}"
            )
    for name in ("problem", "solver"):
        if not isinstance(tables[name].get("name", ""), str):
            raise PlugaxError(f"The configuration {path} must give [{name}] a name that is text.")
    for key, value in dict(tables["run"]).items():
        if key not in RUN:
            raise PlugaxError(
                f"[run] in {path} has {key!r}; it may have {', '.join(RUN)}."
                f"{did_you_mean(key, RUN)}"
            )
        tables["run"][key] = fit_whole(value, RUN[key])
        if type(tables["run"][key]) not in RUN[key]:
            kind = " or ".join(KINDS[kind] for kind in RUN[key])
            raise PlugaxError(f"[run] {key} in {path} must be {kind}; got {value!r}.")
    return tables


def _check_observers(path: Any, tables: Any) -> None:
    entries = tables if isinstance(tables, list) else [tables]
    for entry in entries:
        if not isinstance(entry, dict) or not isinstance(entry.get("name"), str):
            raise PlugaxError(
                f"The configuration {path} must give every [[observer]] a name that is text."
            )


def write_config(directory: pathlib.Path, tables: dict[str, Any]) -> None:
    """Write the configuration into a run's directory, completely or not at all.

    Of several processes of a run the first one does.
    """
    import tomli_w

    from ..solution import replace_file

    if not is_first():
        return
    with replace_file(directory / FILE_NAME) as file:
        file.write(tomli_w.dumps(_without_none(tables)).encode())


def _without_none(value: Any) -> Any:
    """The value without None, which TOML does not have; tuples become arrays."""
    if isinstance(value, dict):
        return {key: _without_none(item) for key, item in value.items() if item is not None}
    if isinstance(value, tuple | list):
        return [_without_none(item) for item in value]
    return value
