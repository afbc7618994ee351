"""A tiny data set in files: each class a blurred spot in a place of its own, and noise."""

import struct

import numpy as np
import pytest

FILES = (
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
)


def draw(examples, random):
    labels = (np.arange(examples) % 10).astype(np.uint8)
    rows, columns = 4 + 9 * (labels // 4), 4 + 6 * (labels % 4)
    axis = np.arange(28)
    spots = np.exp(
        -((axis[:, None] - rows[:, None, None]) ** 2 + (axis - columns[:, None, None]) ** 2) / 8
    )
    noise = random.uniform(0, 0.2, spots.shape)
    return (255 * np.clip(spots + noise, 0, 1)).astype(np.uint8), labels


def write(directory, train, test):
    random = np.random.default_rng(0)
    arrays = [*draw(train, random), *draw(test, random)]
    for name, array in zip(FILES, arrays, strict=True):
        header = bytes((0, 0, 8, array.ndim)) + struct.pack(f">{array.ndim}I", *array.shape)
        (directory / name).write_bytes(header + array.tobytes())


@pytest.fixture(scope="session")
def tiny(tmp_path_factory):
    """The directory of a data set with 120 pictures to learn from and 37 to be judged by."""
    directory = tmp_path_factory.mktemp("tiny")
    write(directory, 120, 37)
    return directory


@pytest.fixture
def real_mnist(data_directory):
    """The directory of the real MNIST; the test is skipped where it is not."""
    if not (data_directory / "mnist").is_dir():
        pytest.skip("needs the four files of MNIST in mnist/ below PLUGAX_DATA")
    return data_directory / "mnist"
