"""The directory of a new run: made and tried before the run, never one that holds another run."""

import os
import pathlib
import shutil
import tempfile

from .._errors import PlugaxError
from ._directory import NEW, SUMMARY, files_of

CONFIG = "config.toml"
FIGURES = "figures"
DRAWN = ".drawn"
"""Names the pictures in a directory of figures that Plugax drew, one a line."""


def claim(
    out: str | os.PathLike, *, force: bool, names: tuple[str, ...] = (SUMMARY,)
) -> pathlib.Path:
    """The directory `out`, made if it is missing, in which a new run can be saved.

    Arguments:
        out: where.
        force: clear what Plugax wrote of another run; what else lies there stays.
        names: files that say that another run is there.

    Errors: `PlugaxError` if another run is there, or nothing can be written.
    """
    if not os.fspath(out):
        raise PlugaxError("The directory to save in has an empty name; give one, or leave it out.")
    directory = pathlib.Path(out)
    there = [name for name in names if (directory / name).exists()]
    if there and not force:
        raise PlugaxError(
            f"{directory} holds {there[0]} of another run. Save in another directory, or clear "
            "that run with force=True, on the command line with --force; `plugax resume` goes on "
            "with it."
        )
    try:
        directory.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=directory):
            pass
        if force:
            _clear(directory)
    except OSError as error:
        raise PlugaxError(f"Nothing can be saved in {directory}: {error.strerror}.") from error
    return directory


def _clear(directory: pathlib.Path) -> None:
    """Remove what Plugax wrote."""
    files = files_of(directory)
    for name in (SUMMARY, CONFIG, *files):
        (directory / name).unlink(missing_ok=True)
    if (directory / NEW).is_dir():
        shutil.rmtree(directory / NEW)
    figures = directory / FIGURES
    if figures.is_dir():
        for name in drawn_in(figures):
            (figures / name).unlink(missing_ok=True)
        (figures / DRAWN).unlink(missing_ok=True)
        if not any(figures.iterdir()):
            figures.rmdir()


def drawn_in(figures: pathlib.Path) -> list[str]:
    """The names of the pictures there that Plugax drew; others are the user's."""
    try:
        names = (figures / DRAWN).read_text().splitlines()
    except FileNotFoundError:
        return []
    return [name for name in names if pathlib.Path(name).name == name]


def remember_drawn(figures: pathlib.Path, name: str) -> None:
    """Keep the name of a picture that Plugax drew there."""
    names = drawn_in(figures)
    if name not in names:
        (figures / DRAWN).write_text("".join(f"{one}\n" for one in [*names, name]))
