"""The observer `json-lines`: a log of JSON objects, one a line.

    {"step": 0, "loss": 2.31}
    {"step": 2, "evaluation/test_loss": 2.25}

A number that is not finite is null, since JSON has none.
"""

import json
import os
import pathlib
from collections.abc import Iterator
from typing import TextIO

import numpy as np

from plugax import AbstractObserver, Population, Solution
from plugax.observers import Progress

from ._columns import Columns, of_evaluation, of_steps
from ._continued import continued, is_before


class JsonLines(AbstractObserver):
    """Writes all recorded scalars of the steps, and the evaluations, a JSON object a line.

    The file is up to date after every chunk. A resumed run goes on with the file, a new run begins
    it anew.

    Arguments:
        path: the file; its directory is made if it is missing.
    """

    def __init__(self, path: str | os.PathLike):
        self.path = pathlib.Path(path)
        self._file: TextIO | None = None

    def on_start(self, steps: int) -> None:  # noqa: ARG002 - the first chunk tells where it begins
        """Close the file of a run before."""
        self._close()

    def on_progress(self, progress: Progress) -> None:
        """Add the rows of the chunk."""
        file = self._file or self._begin(progress.first)
        for columns in (of_steps(progress), of_evaluation(progress)):
            if columns.values:
                file.writelines(_lines(columns))
        file.flush()

    def on_end(self, solution: Solution | Population) -> None:  # noqa: ARG002 - all is written
        """Close the file."""
        self._close()

    def on_error(self, error: BaseException) -> None:  # noqa: ARG002 - the rows until then stay
        """Close the file."""
        self._close()

    def _begin(self, first: int) -> TextIO:
        """The file, with the rows before the step `first`."""
        with continued(self.path, first) as file:
            kept = [line for line in file or () if is_before(json.loads(line), first)]
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._file = self.path.open("w", encoding="utf-8")
        self._file.writelines(kept)
        return self._file

    def _close(self) -> None:
        if self._file is not None:
            self._file.close()
        self._file = None


def _lines(columns: Columns) -> Iterator[str]:
    """A JSON object for every row; text is made by columns, which is quicker than `json`."""
    names = [f", {json.dumps(name)}: " for name in columns.values]
    texts = [
        map(str if np.isfinite(values).all() else _text, values)
        for values in columns.values.values()
    ]
    for step, *row in zip(columns.steps.tolist(), *texts, strict=True):
        yield f'{{"step": {step}{"".join(map(str.__add__, names, row))}}}\n'


def _text(value: np.generic) -> str:
    return str(value) if np.isfinite(value) else "null"
