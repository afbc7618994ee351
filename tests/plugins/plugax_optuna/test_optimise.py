"""A search by Optuna: a batch is a population, in one program for all batches."""

from typing import Any

import jax.numpy as jnp
import numpy as np
import optuna
import pytest

import plugax as px
import plugax_optuna
from plugax.runner.loop import _program

optuna.logging.set_verbosity(optuna.logging.WARNING)

OVER = {"learning_rate": px.Range(1e-3, 1.5, log=True), "momentum": [0.0, 0.3, 0.6]}


class Valley(px.AbstractProblem):
    """½ (x² + 10 y²), from (1, 1)."""

    def init(self, key):
        return jnp.ones(2)

    def loss(self, unknowns, batch, key):
        return jnp.sum(jnp.asarray([1.0, 10.0]) * unknowns**2) / 2, {}

    def evaluate(self, unknowns):
        return {"close": -jnp.max(jnp.abs(unknowns))}


class HeavyBall(px.AbstractSolver):
    """v ← μ v − η ∇J, u ← u + v."""

    learning_rate: float = 0.02
    momentum: float = 0.0

    def init(self, problem, unknowns, key):
        return unknowns, jnp.zeros_like(unknowns)

    def step(self, problem, state, batch, key):
        unknowns, velocity = state
        loss, gradient = problem.loss(unknowns, batch, key)[0], jnp.asarray([1.0, 10.0]) * unknowns
        velocity = self.momentum * velocity - self.learning_rate * gradient
        return (unknowns + velocity, velocity), {"loss": loss}

    def converged(self, problem, state):
        return None

    def unknowns(self, problem, state):
        return state[0]


TOLD = {"over": OVER, "batch": 8, "steps": 30}


@pytest.fixture(scope="module")
def search():
    return plugax_optuna.optimise(Valley(), HeavyBall(), **TOLD, trials=32)


def values(search) -> list[Any]:
    return [(trial.params, trial.value) for trial in search.study.trials]


def test_every_trial_is_told_the_figure_of_its_member(search):
    assert len(search.study.trials) == 32
    for number, population in search.populations.items():
        trials = search.study.trials[8 * number : 8 * number + 8]
        told = [trial.value for trial in trials]
        np.testing.assert_array_equal(told, population.figure_of_merit())
        for name, own in population.values.items():
            assert own.tolist() == [trial.params[name] for trial in trials]


def test_the_best_is_that_of_the_study(search):
    best = search.best()
    assert best.series["loss"][-1] == search.study.best_value
    assert best.coordinates["learning_rate"] == search.study.best_params["learning_rate"]


def test_later_trials_are_better_than_the_first(search):
    told = np.array([trial.value for trial in search.study.trials])
    # The first ten trials of the sampler are random; of these some diverge.
    assert np.median(told[24:]) < np.median(told[:8]) / 10


def test_batches_share_one_program(search):
    before = _program.traces.copy()
    plugax_optuna.optimise(Valley(), HeavyBall(), **TOLD, trials=16)
    assert _program.traces == before


def test_a_search_that_was_broken_off_has_the_same_trials(search, tmp_path, monkeypatch):
    told = {**TOLD, "out": tmp_path / "a"}
    plugax_optuna.optimise(Valley(), HeavyBall(), **told, trials=8)
    sweep = px.sweep

    def break_off(*arguments, **named):
        raise KeyboardInterrupt

    monkeypatch.setattr(px, "sweep", break_off)
    with pytest.raises(KeyboardInterrupt):
        plugax_optuna.optimise(Valley(), HeavyBall(), **told, trials=32)
    monkeypatch.setattr(px, "sweep", sweep)
    again = plugax_optuna.optimise(Valley(), HeavyBall(), **told, trials=32)
    assert values(again) == values(search)
    assert sorted(again.populations) == [1, 2, 3]
    # All are done: nothing runs, and the best comes from its directory.
    saved = plugax_optuna.optimise(Valley(), HeavyBall(), **told, trials=32)
    assert not saved.populations
    np.testing.assert_array_equal(saved.best().unknowns, search.best().unknowns)
    with pytest.raises(px.PlugaxError, match="batch=8"):
        plugax_optuna.optimise(Valley(), HeavyBall(), **{**told, "batch": 4}, trials=32)


def test_a_search_may_want_the_largest_and_run_several_seeds():
    over = {"learning_rate": px.Range(1e-3, 1.5, log=True), "seed": range(2)}
    found = plugax_optuna.optimise(
        Valley(), HeavyBall(), over=over, trials=8, batch=4, steps=30, by="close", largest=True
    )
    assert found.populations[0].status.shape == (4, 2)
    # This problem does not depend on the seed.
    assert found.best().metrics["close"] == pytest.approx(found.study.best_value)
    assert found.study.best_value == np.max([value for _, value in values(found)])


def test_a_run_that_fails_is_the_worst():
    found = plugax_optuna.optimise(
        Valley(),
        HeavyBall(),
        over={"learning_rate": [0.01, 1e20]},
        trials=8,
        batch=4,
        steps=10,
        sampler=lambda seed: optuna.samplers.RandomSampler(seed=seed),
    )
    assert found.best().coordinates["learning_rate"] == 0.01
    failed = [value for params, value in values(found) if params["learning_rate"] > 1]
    assert 0 < len(failed) < 8
    assert np.isinf(failed).all()


def test_an_option_without_a_number_may_be_searched():
    solver = px.solver("gradient", optimizer="sgd", tolerance=None)
    over = {"optimizer.momentum": px.Range(0.1, 0.9)}
    found = plugax_optuna.optimise(Valley(), solver, over=over, trials=2, batch=2, steps=3)
    assert 0.1 <= found.best().coordinates["optimizer.momentum"] <= 0.9


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"trials": 20}, "multiple of batch=8"),
        ({"batch": 0}, "at least 1"),
        ({"race": "halving"}, "'race' belongs to plugax.sweep"),
        ({"over": {}}, "nothing to search"),
        ({"over": {"learning_rate": px.Range(0.1, 1.0, 4)}}, "a search draws its own"),
        ({"over": {"optimizer.name": ["sgd", "adam"]}}, "sequence of numbers"),
    ],
)
def test_a_wrong_search_is_refused(changed, message):
    with pytest.raises(px.PlugaxError, match=message):
        plugax_optuna.optimise(Valley(), HeavyBall(), **{**TOLD, "trials": 16, **changed})
