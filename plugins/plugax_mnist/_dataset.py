"""A data set in memory, read from its files."""

import dataclasses
import os
import pathlib

import numpy as np
from jaxtyping import UInt8

from plugax import PlugaxError

from ._catalogue import SOURCES, TEST_IMAGES, TEST_LABELS, TRAIN_IMAGES, TRAIN_LABELS
from ._download import download
from ._files import cache_of, in_cache, in_data, in_directory
from ._idx import read_idx

SHAPE = (28, 28)


@dataclasses.dataclass(frozen=True, eq=False)
class Dataset:
    """Pictures of 28 × 28 grey values, 0 (background) to 255, and the class of each.

    Attributes:
        train_images: the training pictures.
        train_labels: the classes of the training pictures.
        test_images: the test pictures.
        test_labels: the classes of the test pictures.
        labels: the names of the classes; class k is `labels[k]`.
    """

    train_images: UInt8[np.ndarray, "train 28 28"]
    train_labels: UInt8[np.ndarray, " train"]
    test_images: UInt8[np.ndarray, "test 28 28"]
    test_labels: UInt8[np.ndarray, " test"]
    labels: tuple[str, ...]


def load(name: str, directory: str | os.PathLike[str] | None = None) -> Dataset:
    """Read a data set, fetching its files first if they are nowhere on this machine.

    Arguments:
        name: `mnist` or `fashion-mnist`.
        directory: the directory with the four files, or with a subdirectory `name` that has them.
            Any files of this format are possible: KMNIST, a part of MNIST, your own. If None, they
            are searched below the directory in the environment variable PLUGAX_DATA, then in the
            cache, and else downloaded into the cache.

    Errors: `PlugaxError` says which files are missing and where they were looked for, or which one
    is damaged and how.
    """
    if name not in SOURCES:
        raise PlugaxError(
            f"There is no data set {name!r} here, only {' and '.join(SOURCES)}. Other sets in the "
            "same format are read from the directory that is given."
        )
    source = SOURCES[name]
    if directory is not None:
        paths = in_directory(source, pathlib.Path(directory).expanduser())
    else:
        paths = in_data(source) or in_cache(source) or download(source, cache_of(source))
    classes = len(source.labels)
    train = _pairs(paths[TRAIN_IMAGES], paths[TRAIN_LABELS], classes)
    test = _pairs(paths[TEST_IMAGES], paths[TEST_LABELS], classes)
    return Dataset(*train, *test, labels=source.labels)


def _pairs(
    images_path: pathlib.Path, labels_path: pathlib.Path, classes: int
) -> tuple[UInt8[np.ndarray, "examples 28 28"], UInt8[np.ndarray, " examples"]]:
    """Pictures with their labels, which must be equally many."""
    labels = read_idx(labels_path, ())
    images = read_idx(images_path, SHAPE)
    if len(images) != len(labels):
        raise PlugaxError(
            f"{images_path} holds {len(images)} pictures, but {labels_path} holds {len(labels)} "
            "labels: expected one for each. The files belong to different sets."
        )
    if labels.max() >= classes:
        first = int(np.argmax(labels >= classes))
        raise PlugaxError(
            f"{labels_path} has the label {labels[first]} (number {first}), expected 0 to "
            f"{classes - 1}."
        )
    return images, labels
