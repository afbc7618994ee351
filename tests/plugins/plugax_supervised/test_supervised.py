"""Your own model on your own arrays: it learns what can be learned, and says what is wrong."""

import functools
import math

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
import pytest

import plugax as px
from plugax_supervised import StatefulSupervised, Supervised, supervised

CROSS_ENTROPY, SQUARED = px.losses.CrossEntropy(), px.losses.SquaredError()
random = np.random.default_rng(0)
# Two normal distributions at distance 2, each of variance 1: nobody does better than Φ(1).
SIDE = random.integers(0, 2, 2000)
POINTS = (random.normal(size=(2000, 2)) + 2 * np.stack([SIDE, 0 * SIDE], axis=1)).astype("float32")
BAYES = 0.5 * (1 + math.erf(1 / math.sqrt(2)))
LINE = POINTS @ np.asarray([1.0, -2.0], "float32") + 0.5


@functools.cache  # one function for all tests, which then share programs
def mlp(outputs):
    return lambda key: eqx.nn.MLP(2, outputs, 8, 1, key=key)


class Net(eqx.Module):
    """Batch normalisation and dropout."""

    first: eqx.nn.Linear
    norm: eqx.nn.BatchNorm
    dropout: eqx.nn.Dropout
    last: eqx.nn.Linear

    def __init__(self, key):
        first, last = jr.split(key)
        self.first = eqx.nn.Linear(2, 8, key=first)
        self.norm = eqx.nn.BatchNorm(8, axis_name="batch", mode="ema")
        self.dropout = eqx.nn.Dropout(0.2)
        self.last = eqx.nn.Linear(8, 2, key=last)

    def __call__(self, x, state, key=None):
        x, state = self.norm(self.first(x), state)
        return self.last(self.dropout(jax.nn.relu(x), key=key)), state


@pytest.fixture(scope="module")
def classes():
    """A classification that was solved."""
    problem = supervised(
        mlp(2), CROSS_ENTROPY, POINTS, SIDE, classes=["left", "right"], batch_size=64
    )
    return px.solve(problem, epochs=20)


@pytest.mark.slow
def test_a_network_comes_near_the_rate_that_nobody_exceeds(classes):
    """The rate of 400 examples has a standard error of 1.8 %; three of these, and 2 % for it."""
    error = math.sqrt(BAYES * (1 - BAYES) / 400)
    assert abs(classes.metrics["validation_accuracy"] - BAYES) < 3 * error + 0.02
    assert len(classes.problem.validation[1]) == 400
    assert len(classes.evaluations.step) == 20


def test_predictions_are_names_and_probabilities_of_classes(classes):
    found = classes.predict(POINTS[:50])
    p = classes.predict(POINTS[:50], probabilities=True)
    np.testing.assert_allclose(p.sum(axis=1), 1, rtol=1e-5)
    np.testing.assert_array_equal(found, np.asarray(["left", "right"])[p.argmax(axis=1)])


def test_a_teacher_is_found_again():
    teacher = eqx.nn.MLP(2, "scalar", 4, 1, activation=jnp.tanh, key=jr.key(7))
    targets = np.asarray(jax.vmap(teacher)(jnp.asarray(POINTS)))
    student = lambda key: eqx.nn.MLP(2, "scalar", 16, 1, activation=jnp.tanh, key=key)  # noqa: E731
    solution = px.solve(supervised(student, SQUARED, POINTS, targets), epochs=60)
    assert solution.metrics["validation_r2"] > 0.995
    assert solution.metrics["validation_rmse"] == pytest.approx(
        math.sqrt(solution.metrics["validation_loss"]), rel=1e-4
    )


def test_a_model_that_is_given_is_where_the_run_starts():
    model = mlp("scalar")(jr.key(5))
    problem = supervised(model, SQUARED, POINTS, LINE)
    assert eqx.tree_equal(problem.init(jr.key(1)), model)
    assert px.solve(problem, epochs=3).history.loss[0] == pytest.approx(
        float(px.solve(problem, epochs=3, seed=0).history.loss[0])
    )


@pytest.fixture(scope="module")
def stateful():
    problem = supervised(eqx.nn.make_with_state(Net), CROSS_ENTROPY, POINTS, SIDE, batch_size=64)
    return px.solve(problem, epochs=15)


def test_batch_normalisation_and_dropout_work_as_they_are(stateful):
    assert isinstance(stateful.problem, StatefulSupervised)
    assert abs(stateful.metrics["validation_accuracy"] - BAYES) < 0.08
    np.testing.assert_array_equal(stateful.predict(POINTS), stateful.predict(POINTS))
    # Whom an example is asked with does not matter: nothing goes by the batch.
    alone = stateful.predict(POINTS[:1], probabilities=True)
    together = stateful.predict(POINTS, probabilities=True)[:1]
    np.testing.assert_allclose(alone, together, rtol=1e-5)


def test_a_part_of_a_model_with_a_state_is_held(stateful):
    solution = px.solve(px.fixed(stateful.problem, lambda u: u.free.first), epochs=1)
    start = stateful.problem.init(jr.key(0)).free
    np.testing.assert_array_equal(solution.unknowns.free.first.weight, start.first.weight)
    assert np.any(solution.unknowns.free.last.weight != start.last.weight)
    assert solution.predict(POINTS[:3]).shape == (3,)


def test_examples_of_weight_zero_are_not_there():
    weights = np.where(np.arange(2000) < 1000, 1.0, 0.0)
    wrong = np.where(np.arange(2000) < 1000, SIDE, 1 - SIDE)
    options = {"validation": (POINTS[:100], SIDE[:100]), "batch_size": 100}
    problem = supervised(mlp(2), CROSS_ENTROPY, POINTS, wrong, weights=weights, **options)
    assert px.solve(problem, epochs=20).metrics["validation_accuracy"] > 0.75


@pytest.mark.slow
def test_balanced_classes_move_the_border_of_a_rare_class():
    """With 1 in 20, a network says no almost always; balanced it is as for equal numbers."""
    keep = (SIDE == 0) | (np.arange(2000) % 20 == 0)
    recall = {}
    for class_weights in (None, "balanced", [1.0, 20.0], {0: 1.0, 1: 20.0}):
        problem = supervised(
            mlp(2),
            CROSS_ENTROPY,
            POINTS[keep],
            SIDE[keep],
            class_weights=class_weights,
            batch_size=64,
            metrics=["confusion"],
            validation=0,
        )
        confusion = np.asarray(px.solve(problem, epochs=20).metrics["training_confusion"])
        recall[str(class_weights)] = confusion[1, 1] / confusion[1].sum()
    plain, balanced, by_number, by_name = recall.values()
    assert plain < 0.5 < 0.7 < balanced
    assert by_number == by_name > 0.7


@pytest.mark.slow
def test_two_classes_by_one_logit():
    problem = supervised(
        mlp("scalar"),
        px.losses.BinaryCrossEntropy(),
        POINTS,
        SIDE,
        batch_size=64,
        metrics=["accuracy", "roc_auc"],
    )
    solution = px.solve(problem, epochs=10)
    assert abs(solution.metrics["validation_accuracy"] - BAYES) < 0.08
    assert solution.metrics["validation_roc_auc"] > 0.9  # Φ(√2) = 0.921 at best
    p = solution.predict(POINTS, probabilities=True)
    np.testing.assert_array_equal(solution.predict(POINTS), p.argmax(axis=1))


def test_an_evaluation_in_pieces_is_that_of_all_at_once(classes):
    pieces = classes.predict(np.tile(POINTS, (2, 1))[:3001], probabilities=True)
    at_once = np.concatenate(
        [classes.predict(POINTS[i : i + 1000], probabilities=True) for i in (0, 1000)]
    )
    np.testing.assert_allclose(pieces[:2000], at_once, rtol=1e-5, atol=1e-7)


def test_a_run_compiles_the_model_once():
    traces = []

    class Counted(eqx.Module):
        line: eqx.nn.Linear

        def __call__(self, x):
            traces.append(x.shape)
            return self.line(x)

    make = lambda key: Counted(eqx.nn.Linear(2, "scalar", key=key))  # noqa: E731
    problem = supervised(make, SQUARED, POINTS, LINE, validation=0, batch_size=64)
    px.solve(problem, epochs=1)
    once = len(traces)
    px.solve(problem, epochs=4)
    assert len(traces) == once


def fits(model=None, loss=CROSS_ENTROPY, inputs=POINTS, targets=SIDE, **options):
    return lambda: supervised(model or mlp(2), loss, inputs, targets, **options)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (fits(loss="cross-entropy"), r"one of plugax\.losses"),
        (fits(inputs=POINTS[:5]), r"same number of examples.*\(5, 2\).*\(2000,\)"),
        (fits(inputs=np.where(POINTS > 2, np.nan, POINTS)), "inputs hold .* the first at"),
        (fits(targets=np.asarray(["a", "b"])[SIDE]), r"targets must be numbers.*classes="),
        (fits(targets=SIDE + 1), "2 classes, 0 to 1; the targets go from 1 to 2"),
        (fits(model=mlp(1), loss=SQUARED), r"of shape \(1,\); a target is of shape \(\)"),
        (fits(model=3), "model must be a model"),
        (fits(model=eqx.nn.Lambda(jnp.sum)), "needs floating-point weights"),
        (fits(model=lambda x: x @ jnp.ones(2)), "makes the model from a random key"),
        (fits(model=eqx.nn.MLP(5, 2, 4, 1, key=jr.key(0))), r"one example, of shape \(2,\)"),
        (fits(model=(1, 2)), r"eqx\.nn\.make_with_state"),
        (fits(validation=2.0), "from 0 to below 1; got 2.0"),
        (fits(weights=[1.0]), r"shape \(2000,\); got \(1,\)"),
        (fits(weights=-np.ones(2000)), "not negative"),
        (fits(class_weights=[1.0]), "no weight for class 1"),
        (fits(class_weights="even"), "'balanced'; got 'even'"),
        (fits(model=mlp("scalar"), loss=SQUARED, targets=LINE, class_weights=[1]), "one class for"),
        (fits(classes=["a"]), "names 1 classes; this model and loss are for 2"),
    ],
)
def test_what_does_not_fit_is_refused_before_anything_is_compiled(call, message):
    with pytest.raises(px.PlugaxError, match=message):
        call()


def test_a_layer_along_an_axis_of_another_name_is_told_of():
    class Other(Net):
        def __init__(self, key):
            super().__init__(key)
            self.norm = eqx.nn.BatchNorm(8, axis_name="examples", mode="ema")

    with pytest.raises(px.PlugaxError, match="axis_name='batch'"):
        supervised(eqx.nn.make_with_state(Other), CROSS_ENTROPY, POINTS, SIDE)


def test_probabilities_of_numbers_are_refused():
    solution = px.solve(supervised(mlp("scalar"), SQUARED, POINTS, LINE), epochs=1)
    assert isinstance(solution.problem, Supervised)
    with pytest.raises(px.PlugaxError, match="no probabilities"):
        solution.predict(POINTS, probabilities=True)
