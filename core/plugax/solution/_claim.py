"""The directory of a new run: checked before the run, so that no other run is lost."""

import os
import pathlib
import tempfile

from ..errors import PlugaxError
from ._directory import SUMMARY

FIGURES = "figures"
DRAWN = ".drawn"
"""A file in a directory of figures that lists the pictures drawn by Plugax, one per line."""


def claim(
    out: str | os.PathLike, *, force: bool, names: tuple[str, ...] = (SUMMARY,)
) -> pathlib.Path:
    """The directory `out`, created if it is missing, in which a new run can be saved.

    Arguments:
        out: the directory.
        force: use it even if it holds another run, which stays until the new one is saved.
        names: the files that show that another run is there.

    Errors: `PlugaxError` if another run is there, or nothing can be written.
    """
    directory = unclaimed(out, force=force, names=names)
    try:
        directory.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=directory):
            pass
    except OSError as error:
        raise PlugaxError(f"Nothing can be saved in {directory}: {error.strerror}.") from error
    return directory


def unclaimed(
    out: str | os.PathLike, *, force: bool, names: tuple[str, ...] = (SUMMARY,)
) -> pathlib.Path:
    """As `claim`, but nothing is made or written.

    Arguments:
        out: as for `claim`.
        force: as for `claim`.
        names: as for `claim`.

    Errors: `PlugaxError` if another run is there, or nothing can be written.
    """
    if not os.fspath(out):
        raise PlugaxError("The directory to save in has an empty name; give one, or leave it out.")
    directory = pathlib.Path(out)
    there = [name for name in names if (directory / name).exists()]
    if there and not force:
        raise PlugaxError(
            f"{directory} holds {there[0]} of another run. Save in another directory, or replace "
            "that run with force=True, on the command line with --force; `plugax resume` goes on "
            "with it."
        )
    there = nearest(directory)
    if not there.is_dir() or not os.access(there, os.W_OK | os.X_OK):
        why = "Permission denied" if there.is_dir() else "Not a directory"
        raise PlugaxError(f"Nothing can be saved in {directory}: {why}.")
    return directory


def nearest(directory: pathlib.Path) -> pathlib.Path:
    """The directory, or the first above it that is there."""
    return next(path for path in (directory, *directory.absolute().parents) if path.exists())


def forget_figures(directory: pathlib.Path) -> None:
    """Remove the pictures that Plugax drew of an earlier run; other pictures stay."""
    figures = directory / FIGURES
    for name in drawn_in(figures):
        (figures / name).unlink(missing_ok=True)
    (figures / DRAWN).unlink(missing_ok=True)
    if figures.is_dir() and not any(figures.iterdir()):
        figures.rmdir()


def drawn_in(figures: pathlib.Path) -> list[str]:
    """The names of the pictures in a directory that Plugax drew; others are the user's."""
    try:
        names = (figures / DRAWN).read_text().splitlines()
    except FileNotFoundError:
        return []
    return [name for name in names if pathlib.Path(name).name == name]


def remember_drawn(figures: pathlib.Path, name: str) -> None:
    """Record the name of a picture that Plugax drew in a directory."""
    names = drawn_in(figures)
    if name not in names:
        (figures / DRAWN).write_text("".join(f"{one}\n" for one in [*names, name]))
