"""Downloads of the files of a data set into the cache, from the first mirror that works."""

import os
import pathlib

from plugax import PlugaxError

from ._bar import bars
from ._catalogue import FILES, TEST_IMAGES, TEST_LABELS, TRAIN_IMAGES, TRAIN_LABELS, Source
from ._fetch import MirrorError, fetch
from ._files import VARIABLE, Paths, data_of, files_in

# The environment variable that forbids downloads.
OFFLINE = "PLUGAX_OFFLINE"
# Small files first: a mirror that fails is noticed early.
_ORDER = (TEST_LABELS, TRAIN_LABELS, TEST_IMAGES, TRAIN_IMAGES)


def download(source: Source, cache: pathlib.Path) -> Paths:
    """The files in the cache, after fetching those that it lacks.

    Arguments:
        source: the data set.
        cache: the directory for its files.

    Errors: `PlugaxError` names the files that are missing, the places that were looked in, what
    each mirror did and what to do.
    """
    found = files_in(cache)
    missing = [name for name in _ORDER if name not in found]
    if missing:
        if os.environ.get(OFFLINE, "0") not in ("", "0"):
            raise PlugaxError(_advice(source, cache, f"{OFFLINE} is set, so nothing was fetched"))
        try:
            cache.mkdir(parents=True, exist_ok=True)
            _fetch_all(source, missing, cache)
        except MirrorError as error:
            raise PlugaxError(_advice(source, cache, f"No mirror served {error}")) from error
        except OSError as error:
            reason = f"The cache cannot be written to: {error}"
            raise PlugaxError(_advice(source, cache, reason)) from error
    return files_in(cache)


def _fetch_all(source: Source, names: list[str], cache: pathlib.Path) -> None:
    """Fetch files, each from the first mirror that serves it; one that fails goes to the end."""
    mirrors = list(source.mirrors)
    with bars(f"{source.title}: fetching {len(names)} files into {cache}") as bar_of:
        for name in names:
            failures = []
            while True:
                bar = bar_of(name)
                try:
                    fetch(mirrors[0], name, source.checksums[name], cache, bar)
                    break
                except MirrorError as error:
                    bar.drop()
                    failures.append(f"{mirrors[0]} {error}")
                    mirrors.append(mirrors.pop(0))
                    if len(failures) == len(mirrors):
                        raise MirrorError(f"{name}.gz: {'; '.join(failures)}") from error


def _advice(source: Source, cache: pathlib.Path, reason: str) -> str:
    """What is missing, where it was looked for, why it was not fetched, and what to do."""
    found = files_in(cache)
    missing = [name for name in FILES if name not in found]
    data = data_of(source) or f"{VARIABLE}/{source.name} (not set)"
    return (
        f"{source.title} is not on this machine: missing {', '.join(missing)}.\n"
        f"Looked for them, unpacked or compressed (.gz), in {data} and in the cache, {cache}.\n"
        f"{reason}.\n"
        f"Get them from {' or '.join(source.mirrors)} and name their directory with `--data DIR` "
        f"(in Python `data=`), or put them into a directory {source.name} and set {VARIABLE} to "
        "the directory around it."
    )
