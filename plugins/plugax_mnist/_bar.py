"""The display of a download: a bar for each file on a terminal, otherwise one line in the log."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)


class Bar:
    """The bar of one file, with the interface that pooch expects.

    Attributes:
        total: the size of the file in bytes according to the server; 0 if the server gives none.
    """

    def __init__(self, progress: Progress, name: str):
        self._progress = progress
        self._task = progress.add_task(name, total=None)
        self.total = 0

    def update(self, size: int) -> None:
        """Move on by `size` bytes."""
        self._progress.update(self._task, total=self.total or None, advance=size)

    def reset(self) -> None:
        """Go back to the start: pooch then moves to the total, as its last step may be too long."""
        self._progress.update(self._task, completed=0)

    def close(self) -> None:
        """Keep the bar as it is."""

    def drop(self) -> None:
        """Remove the bar: this mirror failed, and the next one starts from the beginning."""
        self._progress.remove_task(self._task)


@contextmanager
def bars(title: str, console: Console | None = None) -> Iterator[Callable[[str], Bar]]:
    """A function from a file's name to its bar, on standard error, while the files are fetched.

    Arguments:
        title: the first line; without a terminal it is the only output.
        console: where to draw; standard error if None.
    """
    console = console or Console(stderr=True)
    console.print(title, markup=False, highlight=False, soft_wrap=True)
    progress = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )
    with _pooch_is_quiet(), progress:
        yield lambda name: Bar(progress, name)


@contextmanager
def _pooch_is_quiet() -> Iterator[None]:
    """Suppress pooch's messages about each file, which would disturb the bars."""
    import pooch

    logger = pooch.get_logger()
    level = logger.level
    logger.setLevel(logging.WARNING)
    try:
        yield
    finally:
        logger.setLevel(level)
