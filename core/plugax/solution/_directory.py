"""The directory of a run as one transaction: all of the old run, or all of the new one.

New files are first written completely into `.new`. Then `solution.json`, which holds the SHA-256 of
each, replaces the old one: from that moment the run is the new one. Last, the files are moved to
their names. A reader takes the file with the right digest, under its name or still in `.new`. A
writer begins by finishing the moves of a writer that was killed.
"""

import hashlib
import json
import math
import os
import pathlib
import shutil
from collections.abc import Mapping
from typing import Any

from ..errors import PlugaxError
from ._replace_file import replace_file

SUMMARY = "solution.json"
NEW = ".new"
BEST = "best"
"""The directory, inside of that of a run, in which its best is saved."""
POINT = "point-"
"""How the names of the files begin that hold the states to which a run may go back."""


def write_run(
    directory: pathlib.Path, summary: Mapping[str, Any], files: Mapping[str, bytes]
) -> None:
    """Write a run in place of the one that is there, completely or not at all.

    Arguments:
        directory: created if it is missing; other files in it stay.
        summary: the content of `solution.json`, plain data.
        files: the contents of the other files by name.
    """
    directory.mkdir(parents=True, exist_ok=True)
    _finish(directory)
    new = directory / NEW
    try:
        new.mkdir()
        for name, content in files.items():
            with (new / name).open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
        digests = {name: _digest(content) for name, content in files.items()}
        with replace_file(directory / SUMMARY) as file:
            file.write(
                json.dumps({**summary, "files": digests}, indent=2, allow_nan=False).encode()
            )
            file.flush()
            os.fsync(file.fileno())
    finally:
        _finish(directory)


def read_run(directory: pathlib.Path) -> tuple[dict[str, Any], dict[str, bytes]]:
    """The summary of a run and the contents of its files, as one writer left them.

    Errors: `PlugaxError` if there is no run, or if a file is missing, damaged or from another run.
    """
    summary = read_summary(directory)
    files = {}
    for name, digest in summary["files"].items():
        found = [_content(directory / name), _content(directory / NEW / name)]
        whole = [content for content in found if content is not None and _digest(content) == digest]
        if not whole:
            what = "damaged or of another run" if any(c is not None for c in found) else "missing"
            raise PlugaxError(
                f"{directory / name} is {what}: {SUMMARY} says SHA-256 {digest}. Put the file back "
                "as it was saved, or solve again."
            )
        files[name] = whole[0]
    return summary, files


def forget_run(directory: pathlib.Path) -> None:
    """Remove a run, if there is one; other files in its directory stay."""
    if not (directory / SUMMARY).is_file():
        return
    names = read_summary(directory)["files"]
    for name in (SUMMARY, *names):
        (directory / name).unlink(missing_ok=True)
    if not any(directory.iterdir()):
        directory.rmdir()


def finite(value: Any) -> Any:
    """`value` with every number that JSON cannot express replaced by None."""
    if isinstance(value, Mapping):
        return {key: finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def read_summary(directory: pathlib.Path) -> dict[str, Any]:
    """The content of `solution.json`, without a look at the other files.

    Errors: `PlugaxError` if there is none, or if it is damaged.
    """
    try:
        summary = json.loads((directory / SUMMARY).read_text())
    except (FileNotFoundError, NotADirectoryError):
        raise PlugaxError(
            f"There is no solution in {directory}: no file {SUMMARY}. A run with out=…, on the "
            "command line --out, writes one."
        ) from None
    except OSError as error:
        raise PlugaxError(f"{directory / SUMMARY} cannot be read: {error.strerror}.") from error
    except ValueError as error:
        raise PlugaxError(f"{directory / SUMMARY} is damaged: {error}.") from error
    if not isinstance(summary, dict) or not isinstance(summary.get("files"), dict):
        raise PlugaxError(
            f"{directory / SUMMARY} was written by another program or an older version of Plugax: "
            "it names no files with their SHA-256. Solve again."
        )
    return summary


def _finish(directory: pathlib.Path) -> None:
    """Move the files that a writer had committed to their names; delete all others."""
    new = directory / NEW
    if not new.is_dir():
        return
    try:
        digests = read_summary(directory)["files"]
    except PlugaxError:
        digests = {}
    for path in new.iterdir():
        if digests.get(path.name) == _digest(path.read_bytes()):
            path.replace(directory / path.name)
    shutil.rmtree(new)


def _content(path: pathlib.Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise PlugaxError(f"{path} cannot be read: {error.strerror}.") from error


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
