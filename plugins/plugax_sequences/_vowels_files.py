"""The files of Japanese Vowels: where they are, what is in them, whether it is right.

The archive of UCI has two files of text, `ae.train` and `ae.test`: a line of twelve numbers for
each step, and between two utterances an empty line, or in later copies a line of ones. The speakers
come one after the other, with known numbers of utterances each.
"""

import hashlib
import io
import os
import pathlib
import zipfile
from typing import NamedTuple

import numpy as np
import platformdirs
from jaxtyping import Float32, Int32

from plugax import PlugaxError

NAME = "japanese-vowels"
ADDRESS = "https://archive.ics.uci.edu/static/public/128/"
ARCHIVE = "japanese+vowels.zip"
UTTERANCES = {"train": (30,) * 9, "test": (31, 35, 88, 44, 29, 24, 40, 50, 29)}
# Of the numbers in single precision and of the lengths, one after the other: archives of the same
# content differ.
CHECKSUMS = {
    "train": "30b25860170fd558372b0f8f54a59fec3900ad4bbbc80aeca446128049c8b2fb",
    "test": "b8db6bedb40b910a9236c1d1254d9caeb4eeaf58ec93072fab4c7cc90cdbc001",
}
CONNECT_SECONDS, READ_SECONDS = 10, 30


class Utterances(NamedTuple):
    """A part of the data.

    Attributes:
        frames: all steps of all utterances, one after the other.
        lengths: the steps of each utterance.
        speakers: who speaks each, 0 to 8.
    """

    frames: Float32[np.ndarray, "frames 12"]
    lengths: Int32[np.ndarray, " utterances"]
    speakers: Int32[np.ndarray, " utterances"]


def load(path: str | os.PathLike[str] | None) -> tuple[Utterances, Utterances]:
    """The training and the test part.

    Arguments:
        path: UCI's archive, or arrays in a file of NumPy: `train_frames`, `train_lengths`,
            `train_speaker` and the same of `test`. If None, `japanese-vowels.npz` is looked for in
            `sequences/` below the directory in the environment variable PLUGAX_DATA, then the
            archive in the cache, and else it is downloaded into the cache.

    Errors: `PlugaxError` if there is no such file, it holds something else, or cannot be fetched.
    """
    if path is not None:
        return _read(pathlib.Path(path).expanduser())
    root = os.environ.get("PLUGAX_DATA")
    own = pathlib.Path(root).expanduser() / "sequences" / f"{NAME}.npz" if root else None
    if own is not None and own.is_file():
        return _read(own)
    cache = platformdirs.user_cache_path("plugax", appauthor=False) / "data" / NAME
    if not (cache / ARCHIVE).is_file():
        _fetch(cache)
    return _read(cache / ARCHIVE)


def _read(path: pathlib.Path) -> tuple[Utterances, Utterances]:
    try:
        if path.suffix == ".npz":
            with np.load(path) as file:
                train, test = (
                    Utterances(
                        file[f"{part}_frames"].astype(np.float32),
                        file[f"{part}_lengths"].astype(np.int32),
                        file[f"{part}_speaker"].astype(np.int32),
                    )
                    for part in UTTERANCES
                )
            return train, test
        with zipfile.ZipFile(path) as archive:
            texts = {part: archive.read(f"ae.{part}").decode() for part in UTTERANCES}
        train, test = (_checked(path, part, *parsed(text)) for part, text in texts.items())
        return train, test
    except FileNotFoundError as error:
        raise PlugaxError(f"There is no file {path}.") from error
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise PlugaxError(
            f"{path} cannot be read as the archive {ARCHIVE} of {ADDRESS}: {error}"
        ) from error


def parsed(text: str) -> tuple[Float32[np.ndarray, "frames 12"], Int32[np.ndarray, " utterances"]]:
    """The steps in a file of the archive, and how many each utterance has.

    Errors: `ValueError` for a line that does not hold twelve numbers.
    """
    utterances: list[list[list[float]]] = [[]]
    for line in io.StringIO(text):
        numbers = [float(cell) for cell in line.split()]
        if not numbers or numbers == [1.0] * 12:
            utterances.append([])
        else:
            utterances[-1].append(numbers)
    utterances = [utterance for utterance in utterances if utterance]
    frames = np.asarray([step for utterance in utterances for step in utterance], np.float32)
    return frames.reshape(-1, 12), np.asarray([len(one) for one in utterances], np.int32)


def checksum(frames: np.ndarray, lengths: np.ndarray) -> str:
    """The SHA-256 of frames and lengths."""
    content = frames.astype("<f4").tobytes() + lengths.astype("<i4").tobytes()
    return hashlib.sha256(content).hexdigest()


def _checked(path: pathlib.Path, part: str, frames: np.ndarray, lengths: np.ndarray) -> Utterances:
    found = checksum(frames, lengths)
    if found != CHECKSUMS[part]:
        raise PlugaxError(
            f"{path} holds other numbers than the {part} part of Japanese Vowels: {len(frames)} "
            f"steps of {len(lengths)} utterances with the SHA-256 {found}, expected "
            f"{CHECKSUMS[part]}. Get it from {ADDRESS}{ARCHIVE}."
        )
    speakers = np.repeat(np.arange(9, dtype=np.int32), UTTERANCES[part])
    return Utterances(frames, lengths, speakers)


def _fetch(cache: pathlib.Path) -> None:
    """Put the archive into the cache, if what arrives is right.

    pooch downloads under a temporary name; the content is checked before the file is renamed.
    """
    advice = (
        f"Get it from {ADDRESS}{ARCHIVE} and name the file with `--data FILE` (in Python `data=`)."
    )
    if os.environ.get("PLUGAX_OFFLINE", "0") not in ("", "0"):
        raise PlugaxError(
            f"Japanese Vowels is not on this machine: no {ARCHIVE} in {cache}, and PLUGAX_OFFLINE "
            f"is set, so nothing was fetched. {advice}"
        )
    import pooch
    import requests

    def fetch_and_check(url: str, path: str, fetcher: object) -> None:
        http = pooch.HTTPDownloader(timeout=(CONNECT_SECONDS, READ_SECONDS))
        http(url, path, fetcher)  # pyright: ignore[reportArgumentType]
        _read(pathlib.Path(path))

    try:
        kennel = pooch.create(path=cache, base_url=ADDRESS, registry={ARCHIVE: None})
        kennel.fetch(ARCHIVE, downloader=fetch_and_check)  # pyright: ignore[reportArgumentType]
    except requests.RequestException as error:
        raise PlugaxError(f"Japanese Vowels could not be fetched: {error}. {advice}") from error
    except OSError as error:
        raise PlugaxError(f"{cache} cannot be written to: {error}. {advice}") from error
