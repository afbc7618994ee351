"""The bar in a terminal, drawn by rich."""

from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

# Drawing blocks the interpreter for about a millisecond, which is negligible four times a second.
REFRESHES_PER_SECOND = 4


class TerminalBar:
    """A bar in the last line, which disappears; nothing if the console is not a terminal.

    Arguments:
        steps: the number of steps of the run.
        console: a `rich.console.Console` to draw on; standard error if None.
    """

    def __init__(self, steps: int, console: Any = None):
        console = console or Console(stderr=True)
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[figures]}"),
            TimeElapsedColumn(),
            console=console,
            refresh_per_second=REFRESHES_PER_SECOND,
            transient=True,
            disable=not console.is_terminal,
        )
        self._task = self._bar.add_task("compiling", total=steps, figures="")
        self._bar.start()

    def move(self, step: int, figures: str) -> None:
        """Show how far the run is.

        Arguments:
            step: the number of steps done.
            figures: loss and rate.
        """
        self._bar.update(self._task, completed=step, description="running", figures=figures)

    def end(self, outcome: str, figures: str) -> None:  # noqa: ARG002 - who started the run says it
        """Take the bar away."""
        self._bar.stop()
