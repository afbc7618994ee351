"""Gradients of single examples: those of a loop, however they are cut into blocks."""

import equinox as eqx
import jax
import jax.flatten_util
import jax.numpy as jnp
import jax.random as jr
import numpy as np
import pytest

import plugax as px
from plugax_supervised import supervised

X = np.random.default_rng(0).normal(size=(10, 3)).astype("float32")
Y = (X[:, 0] > 0).astype("int32")
WEIGHTS = np.arange(10, dtype="float32")
NAMES = ("norm_mean", "norm_max", "variance", "signal_to_noise")


class Net(eqx.Module):
    """A perceptron with dropout, so that keys matter."""

    inner: eqx.nn.MLP
    dropout: eqx.nn.Dropout

    def __init__(self, key):
        self.inner = eqx.nn.MLP(3, 2, 4, 1, key=key)
        self.dropout = eqx.nn.Dropout(0.3)

    def __call__(self, x, key=None):
        return self.inner(self.dropout(x, key=key))


def problem_with(**options):
    loss = px.losses.CrossEntropy(reduction=options.pop("reduction", "mean"))
    return supervised(Net, loss, X, Y, validation=0, batch_size=10, **options)


def loss_and_gradient(problem):
    """The loss of all examples at one model, the metrics, and the gradient as one vector."""
    unknowns = problem.init(jr.key(0))
    inputs, targets, weights = problem.train.arrays
    batch = inputs, targets, weights
    of = eqx.filter_jit(eqx.filter_value_and_grad(problem.loss, has_aux=True))
    (value, metrics), gradient = of(unknowns, batch, jr.key(1))
    return float(value), metrics, np.asarray(jax.flatten_util.ravel_pytree(gradient)[0])


def by_a_loop(weights):
    """The gradient of each example on its own, by Python."""
    unknowns, keys = problem_with().init(jr.key(0)), jr.split(jr.key(1), 10)

    def loss(model, x, y, key):
        return -jax.nn.log_softmax(model(x, key=key))[y]

    rows = []
    for x, y, key in zip(jnp.asarray(X), Y.tolist(), keys, strict=True):
        gradient = eqx.filter_grad(loss)(unknowns, x, y, key)
        rows.append(np.asarray(jax.flatten_util.ravel_pytree(gradient)[0]))
    return np.stack(rows), weights / weights.sum()


@pytest.mark.slow
@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_without_a_clip_loss_and_gradient_are_those_of_the_batch(reduction):
    options = {"weights": WEIGHTS, "reduction": reduction}
    plain, _, expected = loss_and_gradient(problem_with(**options))
    value, metrics, gradient = loss_and_gradient(
        problem_with(**options, gradient_statistics=True, block=4)
    )
    assert value == pytest.approx(plain, rel=1e-5)
    np.testing.assert_allclose(gradient, expected, rtol=1e-4, atol=1e-6)
    assert set(metrics) == {f"gradient_{name}" for name in NAMES}


@pytest.mark.parametrize("block", [1, 4, 10, 100])
def test_clipped_gradient_and_statistics_are_those_of_a_loop(block):
    rows, shares = by_a_loop(WEIGHTS)
    norms = np.linalg.norm(rows, axis=1)
    clip = float(np.median(norms))
    clipped = shares @ (rows * np.minimum(1, clip / norms)[:, None])
    options = {"clip_per_example": clip, "block": block, "weights": WEIGHTS}
    _, metrics, gradient = loss_and_gradient(problem_with(**options))
    np.testing.assert_allclose(gradient, clipped, rtol=1e-4, atol=1e-6)
    mean = shares @ rows
    variance = shares @ np.sum((rows - mean) ** 2, axis=1)
    expected = shares @ norms, norms[1:].max(), variance, mean @ mean / variance
    found = [float(metrics[f"gradient_{name}"]) for name in NAMES]
    np.testing.assert_allclose(found, expected, rtol=1e-3)


@pytest.mark.slow
def test_an_outlier_moves_a_clipped_model_no_further_than_others():
    x = np.ones((8, 1), "float32")
    y = np.r_[np.zeros(7), 1e6].astype("float32")
    model = lambda key: eqx.nn.Linear(1, "scalar", use_bias=False, key=key)  # noqa: E731
    options = {"validation": 0, "batch_size": 8, "clip_per_example": 1.0}
    problem = supervised(model, px.losses.SquaredError(), x, y, **options)
    sgd = px.optimizer("sgd", learning_rate=1.0)
    solution = px.solve(problem, "gradient", optimizer=sgd, steps=1)
    start = problem.init(jr.split(jr.key(0), 4)[0]).weight
    assert abs(float((solution.unknowns.weight - start).squeeze())) <= 1
    assert solution.history.gradient_norm_max[0] > 1e6


def test_what_has_no_gradients_of_single_examples_is_refused():
    def normalised(key):
        parts = [eqx.nn.BatchNorm(3, axis_name="batch", mode="ema"), eqx.nn.Linear(3, 2, key=key)]
        return eqx.nn.Sequential(parts)

    make, loss = eqx.nn.make_with_state(normalised), px.losses.CrossEntropy()
    with pytest.raises(px.PlugaxError, match="no example has a gradient of its own"):
        supervised(make, loss, X, Y, gradient_statistics=True)
    with pytest.raises(px.PlugaxError, match="greater than 0; got 0"):
        problem_with(clip_per_example=0)
