"""The solver `baum-welch`."""

import jax
import numpy as np
import pytest

import plugax as px
from plugax.errors import UnsuitableProblemError
from plugax_markov import HiddenMarkovModel

pytestmark = pytest.mark.usefixtures("x64")

RNG = np.random.default_rng(11)
STATES = np.repeat([0, 1, 2, 1, 0, 2], 25)
SERIES = {
    "x": np.asarray([-1.0, 0.0, 2.5])[STATES] + RNG.normal(size=150),
    "y": np.asarray([1.0, 3.0, 1.0])[STATES] + RNG.normal(size=150),
}
COUNTS = {"n": RNG.poisson(np.asarray([1, 4, 9])[STATES])}
LETTERS = {"a": np.asarray(list("abc"))[(STATES + RNG.integers(0, 2, 150)) % 3]}
SEQUENCES = {"which": np.repeat(["p", "q"], [90, 60])}
PRIOR = {"concentration": 1.5, "stickiness": 2.0, "sequence": "which"}
KINDS = {
    "full": {"data": SERIES | SEQUENCES, "states": 3},
    "tied": {"data": SERIES | SEQUENCES, "states": 3, "covariance": "tied"},
    "diagonal": {"data": SERIES | SEQUENCES, "states": 3, "covariance": "diagonal"},
    "spherical": {"data": SERIES | SEQUENCES, "states": 3, "covariance": "spherical"},
    "poisson": {"data": COUNTS | SEQUENCES, "states": 3, "emission": "poisson"},
    "categorical": {"data": LETTERS | SEQUENCES, "states": 2, "emission": "categorical"},
    "autoregressive": {
        "data": SERIES | SEQUENCES,
        "states": 2,
        "emission": "autoregressive",
        "order": 2,
    },
}


def slow(kind):
    return pytest.param(kind, marks=pytest.mark.slow)


@pytest.mark.parametrize("kind", ["full", *(slow(kind) for kind in KINDS if kind != "full")])
def test_the_loss_never_rises_and_ends_where_the_gradient_vanishes(kind):
    problem = HiddenMarkovModel(**KINDS[kind] | PRIOR)
    solution = px.solve(problem, "baum-welch", rtol=1e-13, steps=5000)
    loss = np.asarray(solution.series["loss"])
    assert solution.status.success
    assert np.max(np.diff(loss)) <= 1e-12 * abs(loss[-1])
    slope = jax.grad(lambda u: problem.loss(u, problem.data.first(), jax.random.key(0))[0])
    for leaf in jax.tree.leaves(slope(solution.unknowns)):
        np.testing.assert_allclose(leaf, 0, atol=1e-4)


@pytest.mark.parametrize("kind", ["poisson", slow("full")])
def test_gradients_and_expectations_meet(kind):
    problem = HiddenMarkovModel(**KINDS[kind] | PRIOR)
    one = px.solve(problem, "baum-welch", rtol=1e-14, steps=5000)
    near = px.starting_at(problem, px.solve(problem, "baum-welch", steps=5).unknowns)
    other = px.solve(near, "bfgs")
    assert one.status.success
    assert other.status.success
    best = float(other.history["loss"][-1])
    assert float(one.history["loss"][-1]) == pytest.approx(best, rel=1e-11)
    # The logarithm of an initial probability of 0 has no end, so probabilities are compared.
    for name in ("initial", "transition", "means" if kind == "full" else "rates"):
        np.testing.assert_allclose(one.metrics[name], other.metrics[name], atol=2e-5)


def test_missing_cells_of_independent_columns_are_left_out():
    data = {name: np.where(RNG.random(150) < 0.2, np.nan, col) for name, col in SERIES.items()}
    problem = HiddenMarkovModel(data, states=3, covariance="diagonal")
    loss = np.asarray(px.solve(problem, "baum-welch").series["loss"])
    assert np.max(np.diff(loss)) <= 1e-12 * abs(loss[-1])


REFUSED = {
    "stationary": ({"data": COUNTS, "emission": "poisson", "initial": "stationary"}, "stationary"),
    "switching-mean": ({"data": SERIES, "emission": "switching-mean"}, "switching-mean"),
    "missing": ({"data": SERIES | {"y": np.where(STATES == 0, np.nan, 1.0 * STATES)}}, "missing"),
}


@pytest.mark.parametrize(("options", "reason"), REFUSED.values(), ids=REFUSED)
def test_what_has_no_closed_form_is_refused(options, reason):
    problem = HiddenMarkovModel(states=2, **options)
    with pytest.raises(UnsuitableProblemError, match=f"{reason}.*bfgs"):
        px.solve(problem, "baum-welch")


def test_another_kind_of_problem_is_refused():
    with pytest.raises(UnsuitableProblemError, match="AbstractHiddenMarkov"):
        px.solve("regression", "baum-welch")


def test_what_is_fixed_stays_so_it_is_refused():
    problem = HiddenMarkovModel(COUNTS, states=2, emission="poisson")
    held = px.fixed(problem, lambda u: u["transition"])
    with pytest.raises(UnsuitableProblemError):
        px.solve(held, "baum-welch")
    start = problem.init(jax.random.key(0))
    solution = px.solve(held, "bfgs", seed=0)
    assert solution.status.success
    assert solution.metrics["parameters"] == 3
    assert start["transition"].shape == solution.unknowns["transition"].shape
