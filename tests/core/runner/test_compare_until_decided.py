import json

import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
import pytest

import plugax as px
from plugax.comparison import compare, error_of_mean
from plugax.comparison._correlation import error_of_score
from plugax.comparison._decision import confidence_interval, decide
from plugax.runner.loop import _program


class Mean(px.AbstractProblem):
    """½ mean (u − y)² for numbers that a seed draws."""

    scores = ("distance",)
    numbers: jax.Array

    def reseeded(self, seed):
        return Mean(jr.normal(jr.key(seed), (20,)))

    def init(self, key):
        return jr.normal(key, ())

    def loss(self, unknowns, batch, key):
        return jnp.mean((unknowns - self.numbers) ** 2) / 2, {}

    def evaluate(self, unknowns):
        return {"distance": jnp.abs(unknowns - jnp.mean(self.numbers))}


@pytest.fixture
def mean():
    return Mean(jnp.zeros(20))


def ever_wrong(draw, level, runs=400, most=160, every=8):
    """The share of runs in which one of the intervals, looked at again and again, misses 0."""
    count = 0
    for _ in range(runs):
        differences = draw(most)
        ends = (confidence_interval(differences[:n], level) for n in range(16, most + 1, every))
        count += any(low > 0 or high < 0 for low, high in ends)
    return count / runs


# Three standard deviations of the share of 400 runs are added to the rate that is allowed.
@pytest.mark.parametrize("level", [0.8, 0.95])
@pytest.mark.parametrize("scale", [1e-6, 1e3])
def test_however_often_one_looks_the_error_rate_is_kept(level, scale):
    random = np.random.default_rng(1)
    allowed = 1 - level
    found = ever_wrong(lambda n: scale * random.normal(size=n), level)
    assert found <= allowed + 3 * np.sqrt(allowed * level / 400)


def test_a_t_test_would_not_keep_it():
    random = np.random.default_rng(2)
    wrong = 0
    for _ in range(400):
        d = random.normal(size=160)
        ts = [d[:n].mean() / d[:n].std(ddof=1) * np.sqrt(n) for n in range(16, 161, 8)]
        wrong += max(map(abs, ts)) > 2.0
    assert wrong / 400 > 0.15


def test_the_interval_is_where_the_likelihood_ratio_reaches_one_over_alpha():
    d = np.random.default_rng(3).normal(0.4, 2.0, size=23)
    n, nu = d.size, d.size - 1
    for end in confidence_interval(d, 0.9):
        square = ((d.mean() - end) / d.std(ddof=1)) ** 2 * n
        ratio = (1 + square / nu) / (1 + square / nu / (1 + n))
        np.testing.assert_allclose(ratio ** (n / 2) / np.sqrt(1 + n), 10, rtol=1e-10)


def test_little_data_say_nothing():
    assert confidence_interval(np.asarray([1.0]), 0.95) == (-np.inf, np.inf)
    assert confidence_interval(np.asarray([1.0, 1.1]), 0.95) == (-np.inf, np.inf)
    assert confidence_interval(np.full(8, 0.5), 0.95) == (0.5, 0.5)


def test_pairs_are_ranked_tied_the_same_or_not_comparable():
    random = np.random.default_rng(4)
    base = random.normal(size=32)
    scores = {
        "a": base,
        "b": base + 1 + 0.1 * random.normal(size=32),
        "again": base.copy(),
        "near": base + random.normal(size=32),
        "lost": np.full(32, np.nan),
    }
    found = decide(scores, "rmse", 0.95)
    outcomes = {(pair.one, pair.other): pair.outcome for pair in found.pairs}
    assert outcomes["a", "b"] == "lower"
    assert outcomes["a", "again"] == "same"
    assert outcomes["a", "near"] == "tie"
    assert outcomes["a", "lost"] == "not comparable"
    assert found.ranking[-1] == "lost"
    assert not found.settled
    assert "A tie so far" in str(found)
    del scores["near"], scores["lost"]
    assert str(decide(scores, "rmse", 0.95)) == (
        "Settled by rmse at 0.95 after 32 seeds: a = again < b."
    )


def test_seeds_are_added_until_it_is_settled_and_nothing_is_compiled_for_them(mean, descent):
    solvers = {"slow": descent(jnp.asarray(0.01)), "quick": descent(jnp.asarray(0.03))}
    _program.traces.clear()
    told = []
    comparison = compare(
        mean, solvers, seeds=range(6), steps=20, until_decided=True, after_each=told.append
    )
    assert _program.traces == {"start": 1, "advance": 1, "finish": 1}
    assert comparison.decision.settled
    assert comparison.decision.ranking == ("quick", "slow")
    count = len(comparison.seeds)
    assert comparison.seeds == tuple(range(count))
    assert count % 6 == 0
    for row in comparison.rows:
        assert row.scores["distance"].shape == row.steps.shape == (count,)
        assert len(row.statuses) == count
    alone = px.solve(mean.reseeded(count - 1), solvers["slow"], seed=count - 1, steps=20)
    last = comparison.rows[0].scores["distance"][-1]
    np.testing.assert_allclose(last, alone.metrics["distance"], rtol=1e-4)
    assert told[-1] is comparison
    assert "Settled by distance" in str(comparison)
    plain = json.loads(comparison.to_json())["decision"]
    assert plain["settled"]
    assert plain["pairs"][0]["outcome"] == "higher"


def test_a_tie_remains_at_the_most_seeds(mean, descent):
    rates = {"a": 0.1, "b": 0.11}
    noisy = {name: descent(jnp.asarray(rate), noise=0.3) for name, rate in rates.items()}
    comparison = compare(
        mean, noisy, seeds=range(5), steps=20, until_decided=True, most_seeds=12, level=0.999
    )
    assert len(comparison.seeds) == 10
    assert not comparison.decision.settled
    assert "A tie so far: a and b" in str(comparison)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"level": 95}, "probability between 0 and 1"),
        ({"most_seeds": 2}, "at least that of the seeds to begin with, 16"),
        ({"solvers": ["bfgs"]}, "needs two solvers or more"),
    ],
)
def test_what_cannot_be_decided_is_said(mean, options, said):
    solvers = options.pop("solvers", ["bfgs", "newton"])
    with pytest.raises(px.PlugaxError, match=said):
        compare(mean, solvers, until_decided=True, **options)


def test_the_error_of_a_mean_knows_of_correlation():
    random = np.random.default_rng(5)
    phi, runs, hit = 0.9, 200, 0
    for _ in range(runs):
        x = np.empty(2000)
        x[0] = random.normal() / np.sqrt(1 - phi**2)
        for place, kick in enumerate(random.normal(size=1999)):
            x[place + 1] = phi * x[place] + kick
        hit += abs(x.mean()) < 1.96 * error_of_mean(x)
    # 95 % of the intervals; three standard deviations of the share, and some bias of the window.
    assert hit / runs > 0.88
    independent = random.normal(size=4000)
    np.testing.assert_allclose(error_of_mean(independent), 1 / np.sqrt(4000), rtol=0.2)
    assert np.isnan(error_of_mean(np.ones(3)))
    assert error_of_mean(np.ones(30)) == 0


def test_a_score_that_is_the_mean_after_a_burn_in_is_found():
    series = np.random.default_rng(6).normal(size=300).astype("float32")
    assert error_of_score(series[100:].mean(), series) == error_of_mean(series[100:])
    assert np.isnan(error_of_score(17.0, series))
