"""A saved run knows the files it was made from."""

import pathlib

import jax.numpy as jnp
import numpy as np
import pytest

import plugax as px
from plugax.runner.run._data_files import data_files


class Level(px.AbstractProblem):
    """The mean of the numbers in a file."""

    numbers: np.ndarray

    def __init__(self, source: pathlib.Path):
        self.numbers = np.loadtxt(source, dtype="float32")

    def init(self, key):
        return jnp.zeros(())

    def loss(self, unknowns, batch, key):
        return jnp.mean((unknowns - jnp.asarray(self.numbers)) ** 2), {}


class Capped(px.AbstractProblem):
    """Numbers that JSON does not know are options, too."""

    ceiling: float = float("inf")
    floors: tuple[float, ...] = (-1.0, float("-inf"))

    def init(self, key):
        return jnp.zeros(())

    def loss(self, unknowns, batch, key):
        return jnp.minimum(jnp.square(unknowns - 1), self.ceiling), {}


class Here:
    @px.hookimpl
    def register_problems(self, register):
        register("level-of-a-file", Level)
        register("capped", Capped)


@pytest.fixture(autouse=True)
def _registered():
    plugins = px.default_manager()
    plugins.register(Here(), "level")
    yield
    px.default_manager.cache_clear()


@pytest.fixture
def source(tmp_path, monkeypatch):
    """The file, named from the directory that it is in."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "numbers.txt").write_text("1 2 3\n")
    return pathlib.Path("numbers.txt")


def solved(source, steps=3, **options):
    problem = px.problem("level-of-a-file", source=source)
    return px.solve(problem, "gradient", steps=steps, **options)


def test_a_run_is_found_again_from_any_directory(source, tmp_path, monkeypatch):
    whole = solved(source, steps=6)
    solution = solved(source, out=tmp_path / "run")
    (kept,) = solution.provenance["data"].values()
    assert kept["path"] == str(tmp_path / "numbers.txt")
    assert kept["files"][""]["size"] == 6
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert px.resume(tmp_path / "run", steps=6).unknowns == whole.unknowns


def test_over_data_that_have_changed_it_does_not_go_on(source, tmp_path):
    solved(source, out=tmp_path / "run")
    source.write_text("1 2 9\n")
    for again in (px.load, px.resume):
        with pytest.raises(px.PlugaxError, match=r"numbers\.txt, which has changed since"):
            again(tmp_path / "run")


def test_data_that_were_moved_are_asked_for_and_may_be_given(source, tmp_path):
    whole = solved(source, steps=6)
    solved(source, out=tmp_path / "run")
    moved = source.rename("others.txt")
    with pytest.raises(px.PlugaxError, match=r"numbers\.txt, which is no longer there.*source=…"):
        px.resume(tmp_path / "run", steps=6)
    given = px.problem("level-of-a-file", source=moved)
    assert px.resume(tmp_path / "run", problem=given, steps=6).unknowns == whole.unknowns
    moved.write_text("7 8 9\n")
    given = px.problem("level-of-a-file", source=moved)
    with pytest.raises(px.PlugaxError, match="given differs from that of the saved run"):
        px.resume(tmp_path / "run", problem=given, steps=7)


def test_files_below_a_directory_are_looked_at(source, tmp_path):
    (tmp_path / "data" / "below").mkdir(parents=True)
    deep = source.rename("data/below/numbers.txt")
    files = data_files({"name": "level-of-a-file", "source": "data"}, "problem")
    assert list(files["source"]["files"]) == ["below/numbers.txt"]
    deep.write_text("9 9 9\n")
    assert data_files({"name": "level-of-a-file", "source": "data"}, "problem") != files


def test_options_that_are_infinite_are_rebuilt_so(tmp_path):
    px.solve(px.problem("capped"), "gradient", steps=2, out=tmp_path)
    problem = px.load(tmp_path).problem
    assert problem.ceiling == float("inf")
    assert problem.floors == (-1.0, float("-inf"))
    assert px.resume(tmp_path, steps=3, problem=px.problem("capped")).steps == 3


def test_of_a_large_file_pieces_are_digested(tmp_path, monkeypatch):
    """The whole of it may take hours; the first and the last byte count, and so does the size."""
    monkeypatch.setattr("plugax.runner.run._data_files.LARGE", 4)
    monkeypatch.setattr("plugax.runner.run._data_files.PIECE", 2)
    digests = set()
    for content in (b"0" * 500, b"1" + b"0" * 499, b"0" * 499 + b"1", b"0" * 501):
        path = tmp_path / str(len(digests))
        path.write_bytes(content)
        spec = {"name": "level-of-a-file", "source": str(path)}
        (found,) = data_files(spec, "problem").values()
        digests.add(tuple(sorted(found["files"][""].items())))
    assert len(digests) == 4
