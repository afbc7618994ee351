"""Sweeps on a cluster: cut, run apart, put together. Workers run in this process here."""

import math

import jax.numpy as jnp
import numpy as np
import pytest

import plugax as px
from plugax.runner.slices._slices import cut

RATES = [0.02, 0.05, 0.1, 0.2, 0.45]


@pytest.fixture(scope="module")
def sweep(bowl, descent):
    """A sweep whose members converge after different numbers of steps, or fail, or neither."""
    solver = descent(noise=0.0, tolerance=1e-2)

    def run(**told):
        over = {"learning_rate": [*RATES, 1e20], "seed": range(2)}
        asked = {"steps": 24, "evaluate_every": 5, "chunk": 4, "keep_best": "norm", "block": 1}
        return px.sweep(bowl, solver, over=over, **(asked | told))

    run.given = {"problem": bowl, "solver": solver}
    return run


@pytest.fixture(scope="module")
def whole(sweep, tmp_path_factory):
    return sweep(out=tmp_path_factory.mktemp("whole"))


@pytest.mark.parametrize("slices", [1, 4, 100])
def test_slices_put_together_have_every_bit_of_the_undivided_sweep(
    sweep, whole, same, inline, tmp_path, slices
):
    assert set(whole.names.ravel()) == {"converged", "not-converged", "non-finite"}
    found = sweep(cluster=inline(slices=slices), out=tmp_path)
    same(found, whole)
    same(px.load(tmp_path, **sweep.given), whole)
    names = [
        {path.name.partition("-")[0] for path in where.iterdir()}
        for where in (tmp_path, whole.directory)
    ]
    assert names[0] == names[1]


def test_what_died_is_run_again_and_what_is_done_is_not(sweep, whole, same, inline, tmp_path):
    cluster = inline(deaths=(1,))
    same(sweep(cluster=cluster, out=tmp_path), whole)
    names = [place.rpartition("/")[2] for place in cluster.submitted]
    assert names == ["0", "1", "2", "1"]
    same(sweep(cluster=cluster, out=tmp_path), whole)  # all is there already
    assert len(cluster.submitted) == 4


@pytest.fixture
def broken_off(sweep, inline, tmp_path):
    """The directory of a sweep of which one slice has died."""
    with pytest.raises(px.PlugaxError, match="Slice 2 of 3 failed"):
        sweep(cluster=inline(deaths=(1,), attempts=1), out=tmp_path)
    return tmp_path


def test_the_same_call_goes_on_with_what_is_missing(sweep, whole, same, inline, broken_off):
    again = inline(slices=5)  # it stays cut as it was
    same(sweep(cluster=again, out=broken_off), whole)
    assert len(again.submitted) == 1


def test_resume_goes_on_too(sweep, whole, same, inline, broken_off, monkeypatch):
    with pytest.raises(px.PlugaxError, match=r"is not finished. `plugax resume"):
        px.load(broken_off, **sweep.given)
    with pytest.raises(px.PlugaxError, match="leave out steps"):
        px.resume(broken_off, steps=50, **sweep.given)
    with pytest.raises(px.PlugaxError, match=r"made by hand.*pass it"):
        px.resume(broken_off)
    monkeypatch.setattr("plugax.runner.slices._on_cluster.cluster_of", lambda *_: inline())
    same(px.resume(broken_off, **sweep.given), whole)


def test_another_sweep_does_not_go_on_with_these_slices(sweep, whole, same, inline, broken_off):
    with pytest.raises(px.PlugaxError, match="slices of another sweep"):
        sweep(cluster=inline(), out=broken_off, steps=25)
    with pytest.raises(px.PlugaxError, match=r"cluster\.json of another run"):
        sweep(out=broken_off)
    same(sweep(cluster=inline(), out=broken_off, force=True), whole)
    with pytest.raises(px.PlugaxError, match=r"solution\.json of another run"):
        sweep(cluster=inline(), out=broken_off, steps=25)


def test_a_slice_that_was_broken_off_goes_on_from_its_last_state(
    sweep, whole, same, inline, tmp_path, monkeypatch
):
    from plugax.runner.request._snapshots import Snapshots
    from plugax.runner.run import _run

    saved = []

    def save_and_die(self, result, run_state, **told):
        answer = save(self, result, run_state, **told)
        saved.append(int(result.steps.max()))
        if len(saved) == 3:
            raise MemoryError
        return answer

    save = _run._Between._save
    monkeypatch.setattr(Snapshots, "seconds", property(lambda _: -1.0))
    monkeypatch.setattr(_run._Between, "_save", save_and_die)
    with pytest.raises(px.PlugaxError, match="MemoryError"):
        sweep(cluster=inline(slices=1), out=tmp_path)
    assert saved == [0, 4, 8 - 3]
    same(sweep(cluster=inline(slices=1), out=tmp_path), whole)
    assert saved[3] > saved[2]


def test_the_error_of_a_slice_reaches_the_user(inline, tmp_path):
    class Lines(px.AbstractProblem):
        """No module can import it."""

        def init(self, key):
            return jnp.zeros(1)

        def loss(self, unknowns, batch, key):
            return jnp.sum(unknowns), {}

    with pytest.raises(px.PlugaxError, match=r"Lines, a class of the script.*my_model.py"):
        px.sweep(Lines(), "bfgs", over={"seed": [0, 1]}, cluster=inline(), out=tmp_path)


GROUPS = {
    "optimizer.name": ["sgd", "adam"],
    "optimizer.learning_rate": [0.01, 0.02, 0.03, 0.05, 0.1, 0.2],
}
SOLVER = px.solver("gradient", tolerance=None)


@pytest.mark.slow
def test_groups_are_cut_and_put_together_each(same, inline, tmp_path, monkeypatch):
    told = {"over": GROUPS, "steps": 8}
    one = px.sweep("regression", SOLVER, out=tmp_path / "whole", block=1, **told)
    told |= {"out": tmp_path / "cut", "block": 1}
    cluster = inline(slices=6, deaths=(1, 4), attempts=1)
    with pytest.raises(px.PlugaxError, match="Slice 2 of 3 failed"):
        px.sweep("regression", SOLVER, cluster=cluster, **told)
    again = inline()
    monkeypatch.setattr("plugax.runner.slices._on_cluster.cluster_of", lambda *_: again)
    found = px.resume(tmp_path / "cut")
    assert len(again.submitted) == 2
    for mine, theirs in zip(found, one, strict=True):
        same(mine, theirs)
    assert found.options == px.load(tmp_path / "cut").options == one.options
    px.sweep("regression", SOLVER, cluster=again, **told)
    assert len(again.submitted) == 2


@pytest.mark.slow
def test_bounds_and_starts_are_sent_as_arrays(same, inline, tmp_path):
    bounded = px.bounded(px.problem("regression", points=10), upper=0.5)
    starts = np.linspace(-1.0, 0.4, 12).reshape(6, 2)
    told = {"over": {"start": starts}, "steps": 5, "block": 1}
    one = px.sweep(bounded, SOLVER, **told)
    found = px.sweep(bounded, SOLVER, cluster=inline(), out=tmp_path, **told)
    np.testing.assert_array_equal(found.unknowns, one.unknowns)
    np.testing.assert_array_equal(found.swept["start"], starts.astype("float32"))
    assert float(jnp.max(px.load(tmp_path).unknowns)) < 0.5


@pytest.mark.parametrize(
    ("told", "message"),
    [
        ({}, "Give the directory"),
        ({"out": "x", "race": "halving"}, "race compares all members"),
        ({"out": "x", "observers": ["csv"]}, "Observers are told of all members"),
        ({"out": "x", "cluster": "pbs"}, "expected cluster local or slurm"),
    ],
)
def test_what_cannot_be_cut_is_refused(told, message, inline):
    with pytest.raises(px.PlugaxError, match=message):
        px.sweep("regression", over={"seed": [0, 1]}, **({"cluster": inline()} | told))


@pytest.mark.parametrize("shape", [(1,), (7,), (200,), (3, 100), (10, 10), (2, 3, 5)])
@pytest.mark.parametrize("parts", [1, 2, 6, 64, 1000])
def test_boxes_of_one_size_cover_the_grid(shape, parts):
    boxes = cut(shape, parts)
    covered = np.zeros(shape, int)
    sizes = set()
    for box in boxes:
        covered[tuple(slice(*bounds) for bounds in box)] += 1
        sizes.add(tuple(end - begin for begin, end in box))
    assert covered.all()
    assert len(sizes) == 1
    assert len(boxes) <= 2 * parts
    for least in (4, 16):
        fewer = cut(shape, parts, least)
        size = math.prod(end - begin for begin, end in fewer[0])
        assert size >= min(least, math.prod(shape))
