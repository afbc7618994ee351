"""The files of Japanese Vowels, and how well its speakers are told apart."""

import zipfile

import jax
import numpy as np
import pytest

import plugax as px
from plugax_sequences import JapaneseVowels
from plugax_sequences import _vowels_files as files

SLOW = pytest.mark.slow


@pytest.fixture
def real(data_directory):
    path = data_directory / "sequences" / "japanese-vowels.npz"
    if not path.is_file():
        pytest.skip("needs sequences/japanese-vowels.npz below PLUGAX_DATA")
    return path


def as_text(frames, lengths, between):
    lines = [" ".join(f"{number:.6f}" for number in frame) for frame in frames.tolist()]
    parts = np.split(np.asarray(lines), np.cumsum(lengths)[:-1])
    return "".join("\n".join(part) + f"\n{between}\n" for part in parts)


def archived(path, texts):
    with zipfile.ZipFile(path, "w") as archive:
        for part, text in texts.items():
            archive.writestr(f"ae.{part}", text)


ONES = " ".join(["1.0"] * 12)


@pytest.mark.parametrize("between", ["", ONES])
def test_the_archive_holds_what_the_arrays_hold(real, tmp_path, between):
    """Written with six digits, as UCI's files are, and checked by the same sums."""
    expected = files.load(real)
    texts = {
        part: as_text(one.frames, one.lengths, between)
        for part, one in zip(files.UTTERANCES, expected, strict=True)
    }
    archived(tmp_path / "a.zip", texts)
    for found, one in zip(files.load(tmp_path / "a.zip"), expected, strict=True):
        jax.tree.map(np.testing.assert_array_equal, found, one)
    train, test = expected
    assert (len(train.lengths), len(test.lengths)) == (270, 370)
    assert (train.lengths.min(), test.lengths.max()) == (7, 29)


def test_an_archive_of_other_numbers_is_refused(tmp_path):
    archived(
        tmp_path / "a.zip",
        {part: as_text(np.ones((3, 12)) / 2, [1, 2], "") for part in ("train", "test")},
    )
    with pytest.raises(px.PlugaxError, match=r"3 steps of 2 utterances.*expected b531e|expected"):
        files.load(tmp_path / "a.zip")


@pytest.mark.parametrize("content", [b"no archive", None])
def test_a_file_that_is_no_archive_or_not_there_is_named(tmp_path, content):
    path = tmp_path / "a.zip"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(px.PlugaxError, match=r"a\.zip"):
        JapaneseVowels(data=path)


def test_without_data_and_network_it_is_said_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setenv("PLUGAX_DATA", str(tmp_path))
    monkeypatch.setenv("PLUGAX_OFFLINE", "1")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with pytest.raises(px.PlugaxError, match=r"PLUGAX_OFFLINE.*--data FILE"):
        JapaneseVowels()


@SLOW
@pytest.mark.parametrize(
    ("options", "least"),
    [({}, 0.945), ({"bidirectional": True, "readout": "max"}, 0.97)],
    ids=["last state", "both directions"],
)
def test_the_speakers_are_told_apart_as_well_as_they_should_mean_of_ten_seeds(real, options, least):
    population = px.sweep(JapaneseVowels(data=real, **options), over={"seed": range(10)})
    assert np.mean(population.metrics["validation_accuracy"]) >= least
