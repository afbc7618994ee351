"""Comparisons with a directory: what is done is kept, and not done again."""

import json

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import plugax as px
from plugax.runner.request._snapshots import Snapshots
from plugax.runner.run import _run


class Mean(px.AbstractProblem):
    """The mean of 20 numbers, other ones for every seed."""

    numbers: jax.Array

    def reseeded(self, seed):
        return Mean(jax.random.normal(jax.random.key(seed), (20,)))

    def init(self, key):
        return jax.random.normal(key, ())

    def loss(self, u, batch, key):
        return jnp.mean((u - self.numbers) ** 2) / 2, {}

    def evaluate(self, u):
        return {"distance": jnp.abs(u - jnp.mean(self.numbers))}


@pytest.fixture
def compare(descent):
    solvers = {"slow": descent(0.1), "quick": descent(0.3, noise=0.1), "third": descent(0.2)}

    def run(**told):
        asked = {"seeds": range(3), "steps": 24, "chunk": 6}
        return px.compare(Mean(jnp.zeros(20)), solvers, **(asked | told))

    return run


def results(comparison):
    """All of the rows but times and where they came from."""
    names = ("scores", "statuses", "steps", "time_errors")
    return jax.tree.map(
        np.asarray, [[getattr(row, name) for name in names] for row in comparison.rows]
    ), [row.solver for row in comparison.rows]


def assert_same(one, other):
    (mine, labels), (theirs, others) = results(one), results(other)
    assert labels == others
    assert jax.tree.structure(mine) == jax.tree.structure(theirs)
    for a, b in zip(jax.tree.leaves(mine), jax.tree.leaves(theirs), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.fixture
def saves(monkeypatch):
    """The steps of what is saved, after every chunk; the save of a given number is the last."""
    monkeypatch.setattr(Snapshots, "seconds", property(lambda _: -1.0))
    save, steps = _run._Between._save, []

    def save_and_die(self, result, run_state, **told):
        answer = save(self, result, run_state, **told)
        steps.append(int(result.steps.max()))
        if len(steps) == steps_until["end"]:
            raise KeyboardInterrupt
        return answer

    steps_until = {"end": None}
    monkeypatch.setattr(_run._Between, "_save", save_and_die)
    return steps, steps_until


def test_a_comparison_that_was_broken_off_goes_on_to_the_same_bits(compare, saves, tmp_path):
    steps, until = saves
    whole = compare()
    steps.clear()  # of what has no directory
    until["end"] = 8  # in the middle of the second row
    broken = compare(out=tmp_path)
    assert [row.solver for row in broken.rows] == ["slow"]
    assert steps == [0, 6, 12, 18, 24, 0, 6, 12]
    again = compare(out=tmp_path)
    assert steps[8:] == [18, 24, 0, 6, 12, 18, 24]
    assert_same(again, whole)
    assert_same(compare(out=tmp_path), whole)
    assert len(steps) == 15
    told = json.loads((tmp_path / "comparison.json").read_text())
    assert [row["solver"] for row in told["rows"]] == ["slow", "quick", "third"]


def test_other_seeds_or_steps_are_other_rows(compare, tmp_path):
    compare(out=tmp_path)
    rows = list((tmp_path / "rows").iterdir())
    assert_same(compare(out=tmp_path, steps=12), compare(steps=12))
    assert len(list((tmp_path / "rows").iterdir())) == 2 * len(rows)


def test_a_row_is_not_loaded_as_a_run_since_its_data_differ_by_seed(compare, descent, tmp_path):
    compare(out=tmp_path)
    place = next((tmp_path / "rows").iterdir())
    with pytest.raises(px.PlugaxError, match="is a row of a comparison"):
        px.load(place, problem=Mean(jnp.zeros(20)), solver=descent(0.1))


def test_rows_on_a_cluster_are_those_of_one_process(compare, inline, tmp_path):
    cluster = inline(deaths=(1,))
    assert_same(compare(out=tmp_path, cluster=cluster), compare())
    assert len(cluster.submitted) == 4
    compare(out=tmp_path, cluster=cluster)
    assert len(cluster.submitted) == 4


class Odd(px.AbstractSolver):
    """Raises where it is compiled."""

    def init(self, problem, unknowns, key):
        raise ZeroDivisionError("as much as there is")

    def step(self, problem, state, batch, key):
        raise NotImplementedError

    def converged(self, problem, state):
        return None

    def unknowns(self, problem, state):
        return state


def test_an_exception_of_a_solver_is_in_its_row_and_it_is_tried_again(inline, descent, tmp_path):
    cluster = inline()
    told = {"seeds": [0], "steps": 6, "out": tmp_path, "cluster": cluster}
    for submitted in (2, 3):
        found = px.compare(Mean(jnp.zeros(20)), {"odd": Odd(), "good": descent()}, **told)
        assert [row.outcome for row in found.rows] == ["ZeroDivisionError", ""]
        assert str(found.rows[0].error) == "as much as there is"
        assert len(cluster.submitted) == submitted


def test_a_cluster_needs_a_directory(compare, inline):
    with pytest.raises(px.PlugaxError, match="Give a directory"):
        compare(cluster=inline())
