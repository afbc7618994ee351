"""Download of one file from one mirror, with a check of its content.

pooch downloads under a temporary name and then renames the file. The check is made in between, so a
broken file never gets its final name, and simultaneous downloads do no harm: the last process
replaces the file by one with the same content.
"""

import hashlib
import pathlib
from typing import Any, BinaryIO

from plugax import PlugaxError

from ._bar import Bar
from ._idx import open_idx

CONNECT_SECONDS, READ_SECONDS = 10, 30
MAX_BYTES = 64 << 20
"""More bytes than any of these files has, compressed or not. A longer download is stopped."""

_BLOCK = 1 << 16


class MirrorError(Exception):
    """A mirror did not serve the file; the message says what it did instead."""


def fetch(mirror: str, name: str, checksum: str, cache: pathlib.Path, bar: Bar) -> None:
    """Put a file into the cache, if the mirror sends the right one.

    Arguments:
        mirror: the address of the directory with the compressed files.
        name: the name of the file, without `.gz`.
        checksum: `algorithm:digest` of its content, unpacked.
        cache: the directory it is put into.
        bar: moved on with each piece that arrives.

    Errors: `MirrorError` says what the mirror did; `OSError` if the file cannot be written.
    """
    import pooch
    import requests

    responses = []

    def fetch_and_check(url: str, path: str, fetcher: Any) -> None:
        # "identity": a server that offers to unpack would send other sizes than it says.
        http = pooch.HTTPDownloader(
            progressbar=bar,  # pyright: ignore[reportArgumentType] - its default is a bool
            chunk_size=_BLOCK,
            timeout=(CONNECT_SECONDS, READ_SECONDS),
            headers={"Accept-Encoding": "identity"},
            hooks={"response": lambda response, **_: responses.append(response)},
        )
        try:
            with open(path, "wb") as file:
                http(url, _Limited(file), fetcher)
        finally:  # pooch leaves the connection of a failed download to the garbage collector
            for response in responses:
                response.close()
        check(pathlib.Path(path), checksum)

    file = f"{name}.gz"
    kennel = pooch.create(path=cache, base_url=mirror, registry={file: None})
    try:
        # pooch declares other names for a downloader's arguments than those of its own downloaders.
        kennel.fetch(file, downloader=fetch_and_check)  # pyright: ignore[reportArgumentType]
    except requests.RequestException as error:
        raise MirrorError(_reason(error)) from error


def check(path: pathlib.Path, checksum: str) -> None:
    """Compare a file's unpacked content with its checksum.

    Errors: `MirrorError` if they differ, or the file cannot be unpacked, or is too long.
    """
    algorithm, _, expected = checksum.partition(":")
    digest = hashlib.new(algorithm, usedforsecurity=False)
    size = 0
    try:
        with open_idx(path) as stream:
            while block := stream.read(_BLOCK):
                digest.update(block)
                size += len(block)
                if size > MAX_BYTES:
                    raise MirrorError(f"sent a file that unpacks to more than {MAX_BYTES} bytes")
    except PlugaxError as error:
        raise MirrorError("sent a file that is broken: gzip cannot unpack it") from error
    if digest.hexdigest() != expected:
        raise MirrorError(
            f"sent another file: {size} bytes with the {algorithm} sum {digest.hexdigest()}, "
            f"expected {expected}"
        )


class _Limited:
    """A file that takes no more than `MAX_BYTES`."""

    def __init__(self, file: BinaryIO):
        self._file = file
        self._size = 0

    def write(self, data: bytes) -> None:
        self._size += len(data)
        if self._size > MAX_BYTES:
            raise MirrorError(f"sent more than {MAX_BYTES} bytes")
        self._file.write(data)

    def flush(self) -> None:
        """Nothing: the file is closed before it is read."""


def _reason(error: Exception) -> str:
    """What went wrong, in a few words instead of a chain of library errors."""
    import requests

    if isinstance(error, requests.HTTPError) and error.response is not None:
        return f"answered {error.response.status_code} {error.response.reason}".rstrip()
    for kind, words in (
        (requests.exceptions.ProxyError, "the proxy does not answer"),
        (requests.exceptions.SSLError, "is not trusted: its certificate does not hold"),
        (requests.Timeout, "did not answer in time"),
        (requests.exceptions.ChunkedEncodingError, "broke off before the end of the file"),
        (requests.ConnectionError, "cannot be reached"),
    ):
        if isinstance(error, kind):
            return words
    return f"failed: {error}"
