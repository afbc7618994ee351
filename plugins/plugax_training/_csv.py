"""The observer `csv`: a table that grows with the run.

    step,loss,evaluation/test_loss
    0,2.31,
    1,2.28,
    2,,2.25

What a row does not have is empty.
"""

import csv
import os
import pathlib
from typing import TextIO

from plugax import AbstractObserver, Population, Solution
from plugax.observers import Progress

from ._columns import Columns, of_evaluation, of_steps
from ._continued import continued, is_before


class Csv(AbstractObserver):
    """Writes all recorded scalars of the steps, and the evaluations, into a CSV file.

    The file is up to date after every chunk. A row belongs to a step, or to an evaluation after so
    many steps. A resumed run goes on with the file, a new run
    begins it anew.

    Arguments:
        path: the file; its directory is made if it is missing.
    """

    def __init__(self, path: str | os.PathLike):
        self.path = pathlib.Path(path)
        self._file: TextIO | None = None
        self._names: list[str] = []

    def on_start(self, steps: int) -> None:  # noqa: ARG002 - the first chunk tells where it begins
        """Close the file of a run before."""
        self._close()

    def on_progress(self, progress: Progress) -> None:
        """Add the rows of the chunk."""
        if self._file is None:
            self._begin(progress.first)
        for columns in (of_steps(progress), of_evaluation(progress)):
            self._write(columns)
        if self._file is not None:
            self._file.flush()

    def on_end(self, solution: Solution | Population) -> None:  # noqa: ARG002 - all is written
        """Close the file."""
        self._close()

    def on_error(self, error: BaseException) -> None:  # noqa: ARG002 - the rows until then stay
        """Close the file."""
        self._close()

    def _begin(self, first: int) -> None:
        """Keep the rows before the step `first`."""
        kept: list[dict[str, str]] = []
        self._names = ["step"]
        with continued(self.path, first) as file:
            if file is not None:
                reader = csv.DictReader(file)
                kept = [row for row in reader if is_before(row, first)]
                self._names = list(reader.fieldnames or ["step"])
        self._rewrite(kept)

    def _rewrite(self, rows: list[dict[str, str]]) -> None:
        self._close()
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._file = self.path.open("w", newline="", encoding="utf-8")
        writer = csv.DictWriter(self._file, self._names, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)

    def _write(self, columns: Columns) -> None:
        if not columns.steps.size or not columns.values:
            return
        new = [name for name in columns.values if name not in self._names]
        if new:  # the header has to be written again, which happens once or twice
            if self._file is not None:
                self._file.flush()
            with self.path.open(newline="", encoding="utf-8") as file:
                rows = list(csv.DictReader(file))
            self._names += new
            self._rewrite(rows)
        empty = [""] * columns.steps.size
        texts = {name: map(str, values) for name, values in columns.values.items()}
        texts["step"] = map(str, columns.steps.tolist())
        lines = zip(*(texts.get(name, empty) for name in self._names), strict=True)
        if self._file is not None:
            self._file.writelines(f"{','.join(line)}\n" for line in lines)

    def _close(self) -> None:
        if self._file is not None:
            self._file.close()
        self._file = None
