import numpy as np
import pytest

from plugax_mnist._catalogue import MNIST
from plugax_mnist._dataset import load
from plugax_mnist._fetch import check
from plugax_mnist._files import files_in


def place_of(source, data_directory):
    place = data_directory / source.name
    if not place.is_dir():
        pytest.skip(f"needs {source.title} below PLUGAX_DATA")
    return place


def test_the_real_mnist_is_what_its_authors_count(data_directory):
    # Counts of the digits as published with the set; the mean is that of the customary
    # normalisation, 0.1307 of 255.
    place_of(MNIST, data_directory)
    dataset = load("mnist", data_directory)
    assert dataset.train_images.shape == (60000, 28, 28)
    assert dataset.test_images.shape == (10000, 28, 28)
    assert np.bincount(dataset.train_labels).tolist() == [
        5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949,
    ]  # fmt: skip
    assert np.bincount(dataset.test_labels).tolist() == [
        980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009,
    ]  # fmt: skip
    assert round(dataset.train_images.mean().item() / 255, 4) == 0.1307


def test_the_real_files_have_the_checksums_that_are_asked_of_a_mirror(data_directory):
    found = files_in(place_of(MNIST, data_directory))
    for name, checksum in MNIST.checksums.items():
        check(found[name], checksum)
