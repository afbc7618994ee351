"""A log of an earlier run with which a resumed run goes on."""

import contextlib
import pathlib
from collections.abc import Iterator, Mapping
from typing import Any, TextIO

from plugax import PlugaxError


@contextlib.contextmanager
def continued(path: pathlib.Path, first: int) -> Iterator[TextIO | None]:
    """The log to be read; None if there is none, or if the run begins with the first step.

    Arguments:
        path: the file.
        first: the number of the run's first step.

    Errors: `PlugaxError` if it is not such a log.
    """
    if first == 0 or not path.exists():
        yield None
        return
    try:
        with path.open(newline="", encoding="utf-8") as file:
            yield file
    except (ValueError, KeyError, TypeError) as error:
        raise PlugaxError(
            f"{path} is not the log of a run, so it cannot be gone on with: {error}. Give another "
            "path."
        ) from error


def is_before(row: Mapping[str, Any], first: int) -> bool:
    """Whether a row was written before the step `first` was run.

    The evaluation after so many steps was made before the step of that number.
    """
    step = int(row["step"])
    evaluated = any(
        name.startswith("evaluation/") and value not in ("", None) for name, value in row.items()
    )
    return step < first or (evaluated and step == first)
