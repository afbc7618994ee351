"""The places of the four files of a data set on this machine."""

import os
import pathlib

import platformdirs

from plugax import PlugaxError

from ._catalogue import FILES, Source

VARIABLE = "PLUGAX_DATA"

Paths = dict[str, pathlib.Path]
"""Where files are, by the names under which they are published."""


def in_directory(source: Source, directory: pathlib.Path) -> Paths:
    """The files in the subdirectory named after the set, or in the directory given itself.

    Errors: `PlugaxError` if the directory does not exist, or naming the files that it lacks.
    """
    if not directory.is_dir():
        raise PlugaxError(
            f"There is no directory {directory}, which was given as the one with the files of "
            f"{source.title}."
        )
    # The one that says which set it is goes first: the files of all sets have the same names.
    places = [directory / source.name, directory]
    files = _in_one_of(source, places)
    if files is None:
        raise PlugaxError(
            f"No file of {source.title} lies in {' or '.join(map(str, places))}. Expected there, "
            f"each unpacked or compressed (.gz): {', '.join(FILES)}. Without a directory they are "
            "downloaded."
        )
    return files


def in_data(source: Source) -> Paths | None:
    """The files below the directory that PLUGAX_DATA names; None if there are none.

    Errors: `PlugaxError` if only some are there.
    """
    place = data_of(source)
    return _in_one_of(source, [place]) if place else None


def in_cache(source: Source) -> Paths | None:
    """The files that were downloaded earlier; None if any of them was not."""
    found = files_in(cache_of(source))
    return found if len(found) == len(FILES) else None


def _in_one_of(source: Source, places: list[pathlib.Path]) -> Paths | None:
    """The files in the first place that has any; never some from each: they may be two sets."""
    for place in places:
        found = files_in(place)
        if found:
            missing = [name for name in FILES if name not in found]
            if missing:
                raise PlugaxError(
                    f"{place} lacks {', '.join(missing)} of {source.title}, unpacked or compressed "
                    f"(.gz). It has {', '.join(path.name for path in found.values())}. "
                    f"The others can be had from {source.mirrors[0]}."
                )
            return found
    return None


def files_in(place: pathlib.Path) -> Paths:
    """Those of the four files that are in a directory."""
    found = {}
    for name in FILES:
        for spelling in spellings(name):
            if (place / spelling).is_file():
                found[name] = place / spelling
                break
    return found


def spellings(name: str) -> tuple[str, ...]:
    """The possible names of a file: unpacked first, since that is fastest to read."""
    dotted = name.replace("-idx", ".idx")
    return name, dotted, f"{name}.gz", f"{dotted}.gz"


def cache_of(source: Source) -> pathlib.Path:
    """Where downloaded files are kept, in Plugax's part of the user's cache directory."""
    return platformdirs.user_cache_path("plugax", appauthor=False) / "data" / source.name


def data_of(source: Source) -> pathlib.Path | None:
    """The set's directory below the one that PLUGAX_DATA names; None if it is not set."""
    root = os.environ.get(VARIABLE)
    return pathlib.Path(root).expanduser() / source.name if root else None
