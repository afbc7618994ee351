"""Early stopping and the time limit end a run when they say, at the same step always."""

import jax.numpy as jnp
import numpy as np
import pytest

import plugax as px
from plugax_training import _maximum_time
from plugax_training._early_stopping import EarlyStopping, waited
from plugax_training._maximum_time import MaximumTime

TOLD = {"steps": 30, "evaluate_every": 2}


@pytest.mark.parametrize(("patience", "step"), [(1, 10), (2, 12), (4, 16)])
def test_it_ends_after_so_many_evaluations_without_a_better_one(bumpy, by_one, patience, step):
    # The distances are 5, 3, 1, 1, 3, …: the best comes after six steps.
    solution = px.solve(
        bumpy, by_one, **TOLD, observers=[EarlyStopping("distance", patience=patience)]
    )
    assert solution.status.name == "stopped"
    assert solution.steps == step - 2


def test_a_change_below_the_minimum_is_no_improvement(bumpy, by_one):
    stop = EarlyStopping("distance", patience=2, minimum_change=2.5)
    # 5, then 3 and 1 in place of the 2.5 that are asked for; 1 is better by four.
    assert px.solve(bumpy, by_one, **TOLD, observers=[stop]).steps == 10
    np.testing.assert_array_equal(waited(np.array([5.0, 3.0, 2.5]), 2.5), 2)


def test_the_largest_can_be_the_best(bumpy, by_one):
    stop = EarlyStopping("distance", patience=3, mode="max")
    assert px.solve(bumpy, by_one, **TOLD, observers=[stop]).steps == 8


def test_a_resumed_run_ends_where_the_whole_one_does(bumpy, by_one, tmp_path):
    stop = EarlyStopping("distance", patience=3)
    whole = px.solve(bumpy, by_one, **TOLD, observers=[stop])
    px.solve(bumpy, by_one, **TOLD | {"steps": 9}, observers=[stop], out=tmp_path)
    told = {"problem": bumpy, "solver": by_one, "observers": [EarlyStopping("distance", 3)]}
    assert px.resume(tmp_path, steps=30, **told).steps == whole.steps == 12


def test_a_metric_of_the_steps_is_counted_by_steps(bumpy, by_one):
    rising = px.solver("gradient", optimizer=px.optimizer("sgd", learning_rate=-1.0))
    stop = EarlyStopping("twice", patience=4)
    assert px.solve(bumpy, rising, steps=30, chunk=1, observers=[stop]).steps == 5
    assert px.solve(bumpy, by_one, steps=30, chunk=1, observers=[stop]).steps == 30


def test_a_population_ends_when_no_member_improves(bumpy, by_one):
    over = {"problem.turn": jnp.asarray([-3.0, -9.0])}
    stop = EarlyStopping("distance", patience=2)
    assert px.sweep(bumpy, by_one, over=over, **TOLD, observers=[stop]).steps.tolist() == [12, 12]


def test_no_number_is_no_improvement():
    assert waited(np.array([1.0, np.nan, np.nan]), 0.0) == 2


@pytest.mark.parametrize(
    ("metric", "message"),
    [("distanec", "Did you mean 'distance'"), ("pair", r"needs a scalar.*\(2,\)")],
)
def test_a_wrong_metric_is_named(bumpy, by_one, metric, message):
    with pytest.raises(px.PlugaxError, match=message):
        px.solve(bumpy, by_one, **TOLD, observers=[EarlyStopping(metric)])


def test_a_metric_that_never_came_is_a_warning(bumpy, by_one):
    with pytest.warns(px.errors.PluginWarning, match="needs evaluate_every"):
        px.solve(bumpy, by_one, steps=4, observers=[EarlyStopping("distance")])
    with pytest.warns(px.errors.PluginWarning, match=r"Did you mean 'twice'\?"):
        px.solve(bumpy, by_one, steps=4, observers=[EarlyStopping("twic")])


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("early-stopping", {"patience": 0}, "patience must be at least 1"),
        ("early-stopping", {"minimum_change": -1.0}, "must not be negative"),
        ("early-stopping", {"mode": "lowest"}, "mode must be one of min, max"),
        ("maximum-time", {"seconds": 0.0}, "seconds must be positive"),
    ],
)
def test_wrong_options_are_refused(manager, name, options, message):
    from plugax.plugins import build

    with pytest.raises(px.PlugaxError, match=message):
        build("observer", name, options, plugins=manager)


def test_a_run_ends_when_its_time_is_over(bumpy, by_one, monkeypatch):
    clock = iter(range(100))
    monkeypatch.setattr(_maximum_time.time, "monotonic", lambda: next(clock))
    # The clock is one second further whenever it is read: once at the start, once a chunk.
    limit = MaximumTime(seconds=3.0)
    solution = px.solve(bumpy, by_one, steps=30, chunk=2, observers=[limit])
    assert solution.status.name == "stopped"
    assert solution.steps <= 6
