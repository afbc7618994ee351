"""A trained model elsewhere: the exported function is the model, and files of weights fit it."""

import sys
import types

import equinox as eqx
import jax
import jax.export
import jax.random as jr
import numpy as np
import pytest

import plugax as px
from plugax_supervised import (
    RegressionNetwork,
    export_forward,
    load_weights,
    save_forward,
    save_weights,
    supervised,
)

X = np.random.default_rng(0).normal(size=(50, 3)).astype("float32")
DATA = {"x": 5 + X[:, 0], "colour": np.where(X[:, 1] > 0, "red", "blue"), "y": 1e3 * X[:, 0]}


def make(key):
    return eqx.nn.MLP(3, 2, 4, 1, key=key)


@pytest.fixture(scope="module")
def solution():
    problem = supervised(make, px.losses.CrossEntropy(), X, (X[:, 0] > 0).astype(int))
    return px.solve(problem, epochs=2)


@pytest.fixture(scope="module")
def table():
    return px.solve(RegressionNetwork(DATA, "y", hidden=(4,)), epochs=2)


@pytest.fixture
def npz(monkeypatch):
    """NumPy's files in place of those of safetensors, for what is ours: names and checks."""
    fake = types.ModuleType("safetensors.numpy")

    def save_file(arrays, path):
        with open(path, "wb") as file:
            np.savez(file, **arrays)

    fake.save_file, fake.load_file = save_file, lambda path: dict(np.load(path))
    whole = types.ModuleType("safetensors")
    whole.numpy = fake
    monkeypatch.setitem(sys.modules, "safetensors", whole)
    monkeypatch.setitem(sys.modules, "safetensors.numpy", fake)


@pytest.mark.parametrize("examples", [1, 7, 50])
def test_the_exported_function_is_the_model_for_any_number_of_examples(solution, examples):
    exported = export_forward(solution)
    logits = exported.call(X[:examples])
    probabilities = solution.predict(X[:examples], probabilities=True)
    np.testing.assert_allclose(jax.nn.softmax(logits), probabilities, rtol=1e-5)
    assert exported.platforms == ("cpu", "cuda")


def test_that_of_a_table_scales_by_itself(table):
    rows = table.problem.rows(DATA).astype("float32")
    found = export_forward(table, ("cpu",)).call(rows)
    np.testing.assert_allclose(found, table.predict(DATA), rtol=1e-4)


def test_a_file_of_it_runs_with_jax_alone(solution, tmp_path):
    pytest.importorskip("flatbuffers")
    save_forward(solution, tmp_path / "forward")
    read = jax.export.deserialize(bytearray((tmp_path / "forward").read_bytes()))
    np.testing.assert_array_equal(read.call(X), export_forward(solution).call(X))


def test_another_problem_is_not_exported():
    with pytest.raises(px.PlugaxError, match=r"Only problems of plugax_supervised.*Regression"):
        export_forward(px.solve("regression", steps=1))


def check_round_trip(solution, path):
    save_weights(solution.unknowns, path)
    again = load_weights(path, make(jr.key(9)))
    assert eqx.tree_equal(again, solution.unknowns)


def test_weights_come_back_by_their_names(solution, tmp_path, npz):
    check_round_trip(solution, tmp_path / "weights")
    with np.load(tmp_path / "weights") as found:
        names = [f"model.layers.{layer}.{part}" for layer in (0, 1) for part in ("weight", "bias")]
        assert sorted(found) == sorted(names)


def test_weights_come_back_from_safetensors(solution, tmp_path):
    pytest.importorskip("safetensors")
    check_round_trip(solution, tmp_path / "weights.safetensors")


def test_weights_of_another_model_are_refused(solution, tmp_path, npz):
    save_weights(solution.unknowns, tmp_path / "weights")
    for like in (eqx.nn.MLP(3, 2, 5, 1, key=jr.key(0)), eqx.nn.MLP(3, 2, 4, 2, key=jr.key(0))):
        with pytest.raises(px.PlugaxError, match=r"of another model.*model\.layers"):
            load_weights(tmp_path / "weights", like)


def test_a_library_that_lacks_is_named(solution, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "safetensors", None)
    monkeypatch.setitem(sys.modules, "flatbuffers", None)
    monkeypatch.delitem(sys.modules, "jax._src.export.serialization", raising=False)
    with pytest.raises(px.PlugaxError, match=r"safetensors: pip install 'plugax\[export\]'"):
        save_weights(solution.unknowns, tmp_path / "weights")
    with pytest.raises(px.PlugaxError, match=r"flatbuffers: pip install 'plugax\[export\]'"):
        save_forward(solution, tmp_path / "forward")
