"""What an earlier version of Plugax wrote is still read: a small run of every format."""

import pathlib
import shutil

import jax
import numpy as np
import pytest
import xarray as xr

import plugax as px

FORMATS = pathlib.Path(__file__).parents[1] / "solution" / "formats"

pytestmark = pytest.mark.filterwarnings("ignore::plugax.errors.VersionWarning")


@pytest.fixture(params=["1", "2"])
def saved(request, tmp_path):
    return pathlib.Path(shutil.copytree(FORMATS / request.param, tmp_path / "saved"))


def assert_same_runs(found, wanted):
    """The files come from another machine, whose programs may have rounded otherwise."""
    assert [s.name for s in np.ravel(found.status)] == [s.name for s in np.ravel(wanted.status)]
    for name in ("unknowns", "state"):
        pair = (jax.tree.leaves(getattr(run, name)) for run in (found, wanted))
        for a, b in zip(*pair, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)
    xr.testing.assert_allclose(found.history, wanted.history)
    xr.testing.assert_allclose(found.evaluations, wanted.evaluations)


def test_a_single_run_is_read_and_goes_on(saved, bowl, descent):
    given = {"problem": bowl, "solver": descent(0.05, noise=0.1)}
    told = {"seed": 3, "evaluate_every": 4, "keep_best": "norm"}
    loaded = px.load(saved / "single", **given)
    same = px.solve(*given.values(), steps=12, **told)
    assert_same_runs(loaded, same)
    assert_same_runs(loaded.best, same.best)
    longer = px.resume(saved / "single", steps=20, **given)
    whole = px.solve(*given.values(), steps=20, **told)
    assert_same_runs(longer, whole)
    assert_same_runs(px.load(saved / "single", **given), whole)
    assert_same_runs(longer.best, whole.best)


def test_a_population_is_read_and_goes_on(saved, bowl, descent):
    given = {"problem": bowl, "solver": descent(0.05, noise=0.1)}
    over = {"solver.learning_rate": np.asarray([0.05, 0.1], "float32"), "seed": np.arange(3)}
    told = {"over": over, "evaluate_every": 4, "keep_best": "norm"}
    loaded = px.load(saved / "population", **given)
    same = px.sweep(*given.values(), steps=12, **told)
    assert_same_runs(loaded, same)
    assert_same_runs(loaded.bests, same.bests)
    longer = px.resume(saved / "population", steps=20, **given)
    whole = px.sweep(*given.values(), steps=20, **told)
    assert_same_runs(longer, whole)
    again = px.load(saved / "population", **given)
    assert_same_runs(again, whole)
    assert_same_runs(again.bests, whole.bests)


@pytest.mark.filterwarnings("ignore::plugax.errors.PrecisionWarning")
def test_a_sweep_of_several_populations_is_read(saved):
    loaded = px.load(saved / "groups")
    assert [group["optimizer.name"] for group in loaded.options] == ["sgd", "adam"]
    assert loaded.names.tolist() == ["completed"] * 4
    assert loaded[1].history.sizes == {"seed": 2, "step": 6}
