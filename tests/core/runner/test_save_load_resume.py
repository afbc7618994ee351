import json

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
import pytest
import xarray as xr

import plugax as px
from plugax.solution import load_arrays, save_arrays


@pytest.mark.parametrize("cut", [1, 13, 39])
def test_a_resumed_run_equals_the_uninterrupted_one_bit_for_bit(bowl, descent, tmp_path, cut):
    solver = descent(0.05, noise=0.1)
    whole = px.solve(bowl, solver, steps=40, seed=2)
    px.solve(bowl, solver, steps=cut, seed=2, out=tmp_path)
    resumed = px.resume(tmp_path, steps=40, problem=bowl, solver=solver)
    np.testing.assert_array_equal(whole.unknowns, resumed.unknowns)
    xr.testing.assert_identical(whole.history, resumed.history)
    assert resumed.steps == 40


def test_what_is_loaded_is_what_was_saved(bowl, descent, tmp_path):
    saved = px.solve(bowl, descent(), steps=9, seed=5)
    saved.save(tmp_path / "run")
    loaded = px.load(tmp_path / "run", problem=bowl, solver=descent())
    np.testing.assert_array_equal(saved.unknowns, loaded.unknowns)
    xr.testing.assert_identical(saved.history, loaded.history)
    for field in ("status", "metrics", "steps", "compile_seconds", "provenance"):
        assert getattr(saved, field) == getattr(loaded, field)


def test_other_programs_can_read_the_files(bowl, descent, tmp_path):
    solution = px.solve(bowl, descent(), steps=4, out=tmp_path)
    summary = json.loads((tmp_path / "solution.json").read_text())
    assert summary["status"]["name"] == "completed"
    assert summary["provenance"]["run"]["seed"] == 0
    with np.load(tmp_path / "unknowns.npz", allow_pickle=False) as file:
        np.testing.assert_array_equal(file["value"], solution.unknowns)
    with xr.open_dataset(tmp_path / "history.nc") as history:
        assert history.sizes == {"step": 4}


def test_nothing_is_left_of_a_write_that_failed(bowl, descent, tmp_path, monkeypatch):
    px.solve(bowl, descent(), steps=4, out=tmp_path)
    before = (tmp_path / "state.npz").read_bytes()

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.warns(px.errors.UnsavedWarning, match="could not be saved in .*No space left"):
        solution = px.resume(tmp_path, steps=8, problem=bowl, solver=descent())
    assert solution.steps == 8
    assert "No space left" in solution.unsaved
    assert (tmp_path / "state.npz").read_bytes() == before
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]


def test_the_last_good_state_of_a_failed_run_is_on_disk(cliff, descent, tmp_path):
    px.solve(cliff(), descent(0.25), steps=50, out=tmp_path)
    loaded = px.load(tmp_path, problem=cliff(), solver=descent(0.25))
    np.testing.assert_array_equal(loaded.unknowns, [2.0])
    assert loaded.status.name == "non-finite"


def test_wrong_directories_and_missing_parts_are_explained(bowl, descent, tmp_path):
    with pytest.raises(px.PlugaxError, match=r"no file solution\.json"):
        px.load(tmp_path)
    px.solve(bowl, descent(), steps=3, out=tmp_path)
    with pytest.raises(px.PlugaxError, match="made by hand"):
        px.load(tmp_path)
    with pytest.raises(px.PlugaxError, match="Nothing is left to do"):
        px.resume(tmp_path, problem=bowl, solver=descent())
    wider = type(bowl)(jnp.ones(3))
    with pytest.raises(px.PlugaxError, match=r"float32\[2\], where float32\[3\] is expected"):
        px.load(tmp_path, problem=wider, solver=descent())


def test_any_array_survives_the_file(tmp_path):
    tree = {
        "key": jr.key(3),
        "keys": jr.split(jr.key(4), 3),
        "half": jnp.asarray([1.5, -2.0], jnp.bfloat16),
        "flag": jnp.asarray(True),
        "count": jnp.asarray(7, "int8"),
        "module": eqx.nn.Linear(2, 3, key=jr.key(0)),
        "function": jnp.tanh,
        "empty": jnp.zeros((0, 2)),
    }
    save_arrays(tmp_path / "all.npz", tree)
    like = eqx.filter_eval_shape(lambda: tree)
    back = load_arrays(tmp_path / "all.npz", like)
    assert jax.tree.structure(back) == jax.tree.structure(tree)
    for was, now in zip(jax.tree.leaves(tree), jax.tree.leaves(back), strict=True):
        if eqx.is_array(was):
            assert was.dtype == now.dtype
            assert bool(jnp.all(was == now))
    with pytest.raises(px.PlugaxError, match=r"missing \['more'\]"):
        load_arrays(tmp_path / "all.npz", tree | {"more": jnp.ones(1)})
