"""The first and the last lines that are printed of a run or a sweep that has ended."""

import pathlib
from typing import TYPE_CHECKING

from .._terminal import width
from ._text import answers
from ._verbosity import quiet

if TYPE_CHECKING:
    from rich.console import Console

    from ..solution import Population, Populations, Solution, Status

    Run = Solution | Population | Populations


def print_status(problem: str, solver: str, status: "Status") -> "Console":
    """Print what was solved by what and how it ended, and return where the rest is printed.

    Arguments:
        problem: the problem's name.
        solver: the solver's name.
        status: how the run ended.
    """
    from rich.console import Console

    whole_lines = width() is None
    console = Console(
        file=answers(), highlight=False, markup=False, emoji=False, soft_wrap=whole_lines
    )
    if not quiet():
        console.print(f"{problem} · {solver}", style="bold")
    colour = ("yellow" if status.remarks else "green") if status.success else "red"
    console.print(status.name, style=colour, end=" ")
    console.print(status.message)
    for remark in status.remarks:
        console.print(remark, style="yellow")
    return console


def print_place(
    console: "Console", run: "Run", what: str, directory: pathlib.Path | None, then: str | None
) -> None:
    """Print device and times, where the run is saved, and what can be done next.

    Arguments:
        console: where to print.
        run: the solution, or the population.
        what: what was computed, such as a number of steps.
        directory: where it is saved, or None.
        then: what to do next if it is saved, or None.
    """
    if quiet():
        return
    console.print(
        f"{what} on {device_of(run)} in {run.provenance['precision']}: "
        f"compiled in {run.compile_seconds:.2f} s, run in {_seconds(run.run_seconds)}",
        style="dim",
    )
    if directory is None or run.unsaved is not None:
        return
    console.print(f"saved in {directory}", style="dim")
    if then is not None:
        console.print(then, style="dim")


def device_of(run: "Run") -> str:
    """The device, such as `cpu:0`, or all devices."""
    from ..solution import device_text

    return device_text(run.provenance["device"])


def _seconds(seconds: float) -> str:
    return f"{seconds:.2f} s" if seconds >= 0.1 else f"{seconds * 1000:.1f} ms"
