"""All examples at every step: for solvers that need them, and as least squares."""

import functools

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
import pytest

import plugax as px
from plugax_supervised import LeastSquaresSupervised, supervised

random = np.random.default_rng(0)
POINTS = random.normal(size=(200, 2)).astype("float32")
LINE = POINTS @ np.asarray([1.0, -2.0], "float32") + 0.5
NOISY = LINE + 0.1 * random.normal(size=200).astype("float32")
SIDE = (LINE > 0.5).astype(int)
SQUARED = px.losses.SquaredError()


@functools.cache  # one function for all tests, which then share programs
def linear(outputs):
    return lambda key: eqx.nn.Linear(2, outputs, key=key)


@pytest.fixture(scope="module")
def line():
    return supervised(linear("scalar"), SQUARED, POINTS, NOISY, batch_size=None)


def test_least_squares_are_solved_as_such(line):
    assert isinstance(line, LeastSquaresSupervised)
    solution = px.solve(line, "levenberg-marquardt")
    assert solution.status.name == "converged"
    inputs, targets, _ = line.train.arrays
    design = np.column_stack([inputs, np.ones(len(inputs))]).astype(float)
    expected = np.linalg.lstsq(design, np.asarray(targets, float), rcond=None)[0]
    found = [*solution.unknowns.weight.ravel(), *solution.unknowns.bias.ravel()]
    np.testing.assert_allclose(found, expected, atol=1e-4)  # float32


@pytest.mark.parametrize("solver", ["lbfgs", "gradient then lbfgs"])
def test_solvers_that_need_all_data_can_be_used(line, solver):
    solution = px.solve(line, solver)
    assert solution.status.name == "converged"
    # The noise of the 40 examples kept back has a standard deviation of 0.1, to 11 per cent.
    assert solution.metrics["validation_rmse"] < 0.14


@pytest.mark.parametrize("reduction", ["mean", "sum"])
@pytest.mark.parametrize("outputs", [None, 3])
@pytest.mark.parametrize("weighted", [False, True])
def test_half_the_squares_are_the_loss_of_every_other_model(reduction, outputs, weighted):
    targets = NOISY if outputs is None else np.stack([NOISY, LINE, 2 * LINE], axis=1)
    weights = random.integers(0, 3, 200) if weighted else None
    model = linear("scalar" if outputs is None else outputs)
    loss = px.losses.SquaredError(reduction=reduction)
    told = {"validation": 0, "weights": weights}
    whole = supervised(model, loss, POINTS, targets, **told, batch_size=None)
    assert isinstance(whole, LeastSquaresSupervised)
    unknowns, key = whole.init(jr.key(0)), jr.key(1)
    batch = whole.data.first()
    value = whole.loss(unknowns, batch, key)[0]
    prediction = jax.vmap(unknowns)(jnp.asarray(POINTS))
    expected = loss(prediction, jnp.asarray(targets), batch[2])
    np.testing.assert_allclose(value, expected, rtol=1e-5)  # float32, sums of 200 terms


def test_classes_are_learned_from_all_examples():
    problem = supervised(linear(2), px.losses.CrossEntropy(), POINTS, SIDE, batch_size=None)
    assert not isinstance(problem, px.AbstractLeastSquares)
    solution = px.solve(problem, "lbfgs", steps=50)
    assert solution.metrics["validation_accuracy"] > 0.95


def test_an_epoch_of_all_examples_is_a_step(line):
    assert px.solve(line, "gradient", epochs=7).steps == 7


def test_networks_for_tables_have_the_option():
    table = {"a": POINTS[:, 0], "b": POINTS[:, 1], "y": NOISY}
    told = {"data": table, "response": "y", "hidden": (), "batch_size": None}
    problem = px.problem("regression-network", **told)
    solution = px.solve(problem, "lbfgs")
    assert solution.status.name == "converged"
    assert solution.metrics["validation_rmse"] < 0.14


@pytest.mark.parametrize("size", [0, -1, True])
def test_a_wrong_size_is_refused(size):
    with pytest.raises(px.PlugaxError, match="batch_size must be a whole number above 0, or None"):
        supervised(linear("scalar"), SQUARED, POINTS, NOISY, batch_size=size)
