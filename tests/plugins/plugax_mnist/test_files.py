import gzip
import struct
import subprocess
import sys

import numpy as np
import platformdirs
import pytest

import plugax as px
from plugax_mnist import _dataset
from plugax_mnist._catalogue import FILES, TEST_IMAGES, TEST_LABELS, TRAIN_IMAGES, TRAIN_LABELS
from plugax_mnist._dataset import load

PLAIN = FILES
DOTTED = [name.replace("-idx", ".idx") for name in FILES]


def idx(array):
    return (
        bytes((0, 0, 8, array.ndim)) + struct.pack(f">{array.ndim}I", *array.shape) + bytes(array)
    )


def contents(mark=0, train=4, test=2, classes=10):
    """The four files of a tiny data set, told from others by its first pixel."""
    images = np.full((train + test, 28, 28), mark, np.uint8)
    labels = np.arange(train + test, dtype=np.uint8) % classes
    arrays = images[:train], labels[:train], images[train:], labels[train:]
    return [idx(np.ascontiguousarray(array)) for array in arrays]


def write(directory, *, names=PLAIN, **options):
    """A tiny data set in files by these names; those that end in `.gz` are compressed."""
    directory.mkdir(parents=True, exist_ok=True)
    for name, content in zip(names, contents(**options), strict=True):
        packed = gzip.compress(content, mtime=0) if name.endswith(".gz") else content
        (directory / name).write_bytes(packed)
    return directory


def mark(dataset):
    return dataset.train_images[0, 0, 0].item()


@pytest.fixture(autouse=True)
def alone(tmp_path, monkeypatch):
    """Nothing around: no data directory, an empty cache, no network."""
    monkeypatch.delenv("PLUGAX_DATA", raising=False)
    monkeypatch.setattr(platformdirs, "user_cache_path", lambda *_, **__: tmp_path / "cache")


@pytest.fixture
def never_downloads(monkeypatch):
    def download(source, cache):
        raise AssertionError("asked for a download")

    monkeypatch.setattr(_dataset, "download", download)


@pytest.mark.parametrize("suffix", ["", ".gz"])
@pytest.mark.parametrize("names", [PLAIN, DOTTED])
@pytest.mark.parametrize("subdirectory", ["", "mnist"])
def test_a_directory_is_read_under_all_names_of_its_files(tmp_path, names, suffix, subdirectory):
    write(tmp_path / "data" / subdirectory, names=[name + suffix for name in names], mark=7)
    dataset = load("mnist", str(tmp_path / "data"))
    assert dataset.train_images.shape == (4, 28, 28)
    assert dataset.test_images.shape == (2, 28, 28)
    assert dataset.train_labels.tolist() == [0, 1, 2, 3]
    assert dataset.test_labels.tolist() == [4, 5]
    assert mark(dataset) == 7
    assert dataset.labels == ("0", "1", "2", "3", "4", "5", "6", "7", "8", "9")


def test_fashion_mnist_is_the_same_with_other_classes(tmp_path):
    write(tmp_path / "fashion-mnist")
    write(tmp_path / "mnist", mark=1)
    dataset = load("fashion-mnist", tmp_path)
    assert mark(dataset) == 0
    assert dataset.labels[0] == "T-shirt/top"
    assert dataset.labels[9] == "Ankle boot"
    assert len(dataset.labels) == 10


def test_the_directory_given_comes_first_then_the_variable_then_the_cache(
    tmp_path, monkeypatch, never_downloads
):
    write(tmp_path / "cache" / "data" / "mnist", mark=3)
    assert mark(load("mnist", None)) == 3
    monkeypatch.setenv("PLUGAX_DATA", str(tmp_path / "root"))
    write(tmp_path / "root" / "mnist", mark=2)
    assert mark(load("mnist", None)) == 2
    write(tmp_path / "given", mark=1)
    assert mark(load("mnist", tmp_path / "given")) == 1


def test_a_data_directory_without_the_set_is_passed_over(tmp_path, monkeypatch, never_downloads):
    monkeypatch.setenv("PLUGAX_DATA", str(write(tmp_path / "root" / "mnist", mark=2).parent))
    write(tmp_path / "cache" / "data" / "fashion-mnist", mark=5)
    assert mark(load("fashion-mnist", None)) == 5


def test_the_subdirectory_with_the_name_of_the_set_wins(tmp_path):
    write(write(tmp_path / "data", mark=1) / "fashion-mnist", mark=2)
    assert mark(load("fashion-mnist", tmp_path / "data")) == 2
    assert mark(load("mnist", tmp_path / "data")) == 1


def test_an_unpacked_file_wins_over_the_packed_one(tmp_path):
    write(tmp_path, names=[f"{name}.gz" for name in PLAIN], mark=1)
    write(tmp_path, mark=2)
    assert mark(load("mnist", tmp_path)) == 2


def test_a_directory_by_the_name_of_a_file_is_not_taken_for_it(tmp_path):
    # An archive of the set that is much copied has its files in directories named like them.
    write(tmp_path, names=DOTTED)
    for name in PLAIN:
        (tmp_path / name).mkdir()
    assert len(load("mnist", tmp_path).train_images) == 4


@pytest.mark.parametrize("subdirectory", ["", "mnist"])
def test_missing_files_of_a_directory_given_are_named(tmp_path, subdirectory, never_downloads):
    place = write(tmp_path / "data" / subdirectory)
    (place / TRAIN_LABELS).unlink()
    (place / TEST_IMAGES).unlink()
    message = f"^{place} lacks train-labels-idx1-ubyte, t10k-images-idx3-ubyte of MNIST, "
    with pytest.raises(px.PlugaxError, match=message):
        load("mnist", tmp_path / "data")


def test_an_empty_directory_given_is_no_reason_to_download(tmp_path, never_downloads):
    write(tmp_path / "cache" / "data" / "mnist")
    (tmp_path / "data").mkdir()
    with pytest.raises(px.PlugaxError, match="No file of MNIST") as raised:
        load("mnist", tmp_path / "data")
    for expected in (*FILES, str(tmp_path / "data"), str(tmp_path / "data" / "mnist")):
        assert expected in str(raised.value)


def test_a_directory_that_is_not_there_is_named(tmp_path, never_downloads):
    with pytest.raises(px.PlugaxError, match=f"no directory {tmp_path / 'data'}"):
        load("mnist", tmp_path / "data")


def test_half_a_set_below_the_variable_is_an_error(tmp_path, monkeypatch, never_downloads):
    place = write(tmp_path / "root" / "mnist")
    (place / TRAIN_IMAGES).unlink()
    monkeypatch.setenv("PLUGAX_DATA", str(tmp_path / "root"))
    with pytest.raises(px.PlugaxError, match=f"^{place} lacks train-images-idx3-ubyte of MNIST"):
        load("mnist", None)


def test_labels_for_other_pictures_are_refused(tmp_path):
    write(tmp_path)
    (tmp_path / TEST_LABELS).write_bytes(contents(test=3)[3])
    with pytest.raises(px.PlugaxError, match=r"t10k-images.* holds 2 pictures.*labels.* holds 3"):
        load("mnist", tmp_path)


def test_a_label_without_a_class_is_refused(tmp_path):
    write(tmp_path, train=12, classes=11)
    message = r"train-labels-idx1-ubyte has the label 10 \(number 10\), expected 0 to 9"
    with pytest.raises(px.PlugaxError, match=message):
        load("mnist", tmp_path)


def test_pictures_of_another_size_are_refused(tmp_path):
    write(tmp_path)
    (tmp_path / TRAIN_IMAGES).write_bytes(idx(np.zeros((4, 32, 32), np.uint8)))
    with pytest.raises(
        px.PlugaxError, match=r"4 examples of shape \(32, 32\), expected \(28, 28\)"
    ):
        load("mnist", tmp_path)


def test_images_and_labels_in_each_others_place_are_refused(tmp_path):
    write(tmp_path)
    images, labels = tmp_path / TRAIN_IMAGES, tmp_path / TRAIN_LABELS
    images.write_bytes(labels.read_bytes())
    with pytest.raises(px.PlugaxError, match=f"^{images} .* rank 1, expected rank 3"):
        load("mnist", tmp_path)


def test_an_unknown_name_is_refused(tmp_path):
    with pytest.raises(px.PlugaxError, match="'kmnist' here, only mnist and fashion-mnist"):
        load("kmnist", tmp_path)


def test_loading_needs_neither_jax_nor_what_fetches(tmp_path):
    code = (
        "import sys; from plugax_mnist._dataset import load; "
        f"load('mnist', {str(write(tmp_path))!r}); "
        "sys.exit(' '.join({'jax', 'pooch', 'requests', 'tqdm'} & set(sys.modules)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
