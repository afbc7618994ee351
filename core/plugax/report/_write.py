"""`write_report`: saved runs as one HTML file that needs nothing else, no network and no server."""

import contextlib
import datetime
import os
import pathlib
from collections.abc import Iterable, Iterator

from ..errors import PlugaxError
from ..solution import replace_file
from ._charts import charts_of
from ._comparison import comparison_section
from ._facts import summarised, whole
from ._find import expand
from ._html import Markup, element, join
from ._overview import Entry, entry_of, overview_of
from ._own import Own, own_of
from ._section import section_of

MOST_SECTIONS = 24  # runs that are described one by one
MOST_DRAWN = 12  # runs whose problem draws its figures, unless they are asked for
HERE = pathlib.Path(__file__).parent
POLICY = (
    "default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'; "
    "base-uri 'none'; form-action 'none'"
)


def write_report(
    paths: Iterable[str | os.PathLike] | str | os.PathLike,
    out: str | os.PathLike = "report.html",
    *,
    title: str | None = None,
    figures: bool | None = None,
    force: bool = False,
) -> pathlib.Path:
    """Write saved runs as one HTML file, to read and to hand round.

    Several runs are also put side by side, in a table that can be sorted; a directory that is no
    run itself stands for all runs below it. More than 24 runs are not described one by one.

    Arguments:
        paths: the directories of runs, of single ones and of populations, and files of comparisons
            (`Comparison.to_json`).
        out: the file.
        title: the title of the page; by default what was solved.
        figures: whether the figures and tables of problems and solvers are made, which needs their
            plugins and JAX; by default of up to 12 runs. All else is in the file anyway.
        force: whether a file that is there is replaced.

    Returns:
        the path of the file.

    Errors: `PlugaxError` if there is no run or no comparison at a path, if one is damaged, or if
        the file is there already or cannot be written. Nothing is written then.
    """
    target = _checked_target(pathlib.Path(out), force=force)
    given = [paths] if isinstance(paths, str | os.PathLike) else paths
    found = expand(given)
    files = [path for path in found if path.is_file()]
    runs = [path for path in found if not path.is_file()]
    _check_all(runs)
    drawn = figures if figures is not None else len(runs) <= MOST_DRAWN
    sections = [
        comparison_section(path, figures=figures is not False, place=f"comparison-{place}")
        for place, path in enumerate(files, 1)
    ]
    entries: list[Entry] = []
    described = len(runs) <= MOST_SECTIONS
    for number, path in enumerate(runs, 1):
        run, place = whole(path), f"run-{number}"
        with _naming(path):
            charts, arrays = charts_of(run)
            entries.append(entry_of(run, charts, place if described else None))
            if described:
                own = own_of(run) if drawn else Own()
                titled = len(found) > 1 or title is not None
                sections.append(section_of(run, charts, arrays, own, place, titled=titled))
    parts = [overview_of(entries), *sections] if len(entries) > 1 else sections
    notes = []
    if len(runs) > MOST_SECTIONS:
        notes.append(f"More than {MOST_SECTIONS} runs are not described one by one.")
    elif runs and not drawn:
        notes.append("The figures and tables of the problems were left out.")
    page = _page(title or _title(entries, len(files)), notes, parts)
    try:
        with replace_file(target) as file:
            file.write(page.encode())
    except OSError as error:
        raise PlugaxError(f"{target} cannot be written: {error.strerror}.") from error
    return target


def _checked_target(path: pathlib.Path, *, force: bool) -> pathlib.Path:
    """The file, if it can be written; checked before anything is read."""
    if path.is_dir():
        raise PlugaxError(f"{path} is a directory; give the name of a file, as report.html.")
    if path.suffix.lower() not in (".html", ".htm"):
        raise PlugaxError(f"The report is a page, a file that ends in .html; got {path}.")
    if path.exists() and not force:
        raise PlugaxError(
            f"{path} exists. Write to another file (out=…, on the command line --out), or over "
            "it with force=True, on the command line --force."
        )
    if not path.absolute().parent.is_dir():
        raise PlugaxError(f"There is no directory {path.absolute().parent} to write {path} in.")
    return path


def _check_all(runs: list[pathlib.Path]) -> None:
    """Name all runs that are evidently damaged, before anything is made of the others."""
    damaged = []
    for path in runs:
        try:
            summarised(path)
        except PlugaxError as error:
            damaged.append(f"{error}")
    if damaged:
        raise PlugaxError("\n".join([*damaged, "Nothing was written; leave out what is damaged."]))


@contextlib.contextmanager
def _naming(path: pathlib.Path) -> Iterator[None]:
    """Say which run it is whose files do not fit together."""
    try:
        yield
    except (KeyError, IndexError, TypeError, ValueError, AttributeError) as error:
        raise PlugaxError(
            f"{path} cannot be reported on: its files do not fit together, or are of another "
            f"version of Plugax ({type(error).__name__}: {error})."
        ) from error


def _title(entries: list[Entry], comparisons: int) -> str:
    if len(entries) == 1 and not comparisons:
        return f"{entries[0].problem} · {entries[0].solver}"
    names = list(dict.fromkeys(entry.problem for entry in entries))
    told = [f"{len(entries)} {'run' if len(entries) == 1 else 'runs'}"] * bool(entries)
    told += [f"{comparisons} comparison{'s' * (comparisons > 1)}"] * bool(comparisons)
    return " and ".join(told) + (f" of {', '.join(names)}" if 0 < len(names) <= 3 else "")


def _page(title: str, notes: list[str], parts: list[Markup]) -> str:
    from .. import __version__

    scripts = "\n".join((HERE / name).read_text("utf-8") for name in ("tables.js", "curves.js"))
    style = (HERE / "style.css").read_text("utf-8")
    day = f"{datetime.datetime.now():%Y-%m-%d}"
    return join(
        [
            Markup("<!doctype html>"),
            Markup('<html lang="en"><head><meta charset="utf-8">'),
            Markup(f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'),
            Markup('<meta name="viewport" content="width=device-width, initial-scale=1">'),
            Markup('<meta name="color-scheme" content="light dark">'),
            element("title", title),
            Markup(f"<style>{style}</style></head><body>"),
            element(
                "header",
                join(
                    [
                        element("h1", title),
                        element("p", f"Written with Plugax {__version__} on {day}.", class_="note"),
                        *(element("p", note, class_="note") for note in notes),
                        Markup(
                            "<noscript><p>The curves are drawn, and tables sorted, by scripts "
                            "in this file, which are switched off here.</p></noscript>"
                        ),
                    ]
                ),
            ),
            element("main", join(parts)),
            Markup(f"<script>{scripts}</script></body></html>"),
        ]
    )
