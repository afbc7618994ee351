"""The problem: what it learns from, its loss, its figures of merit, runs, populations."""

import functools
import json

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
import pytest

import plugax as px
import plugax_mnist
from plugax.cli import main
from plugax.testing import (
    check_loss_gradient,
    check_loss_precision,
    check_loss_vmap_equals_loop,
    check_strict_promotion,
    collect_checks,
)
from plugax_augmentation import Noise, Shift, augment
from plugax_mnist import (
    ConvolutionalNetwork,
    FashionMnist,
    Mnist,
    NormalisedNetwork,
    StatefulMnist,
    load,
    mnist,
)
from plugax_mnist._evaluation import merits_of
from plugax_mnist._image_classification import moments_of

SLOW = pytest.mark.slow
SMALL_CNN = functools.partial(ConvolutionalNetwork, channels=(2, 3))


def small_normalised(key):
    make = functools.partial(NormalisedNetwork, channels=(4, 6, 6, 8))
    return eqx.nn.make_with_state(make)(key=key)


@pytest.fixture(scope="module")
def adam():
    return px.solver("gradient", optimizer={"name": "adam", "learning_rate": 3e-3})


@pytest.fixture(scope="module")
def problem(tiny):
    return Mnist("linear", batch_size=8, data=tiny)


@pytest.fixture
def registered():
    """Both problems by name, whether or not the plugin is installed."""
    plugins = px.default_manager()
    if any("mnist" in record.names for record in plugins.records):
        yield
        return
    plugins.register(plugax_mnist, "mnist")
    yield
    plugins.unregister("mnist")


def test_pictures_stay_bytes_until_their_batch_comes(problem, tiny):
    images, labels = problem.data.arrays
    assert (images.dtype, labels.dtype) == (jnp.uint8, jnp.uint8)
    np.testing.assert_array_equal(images, load("mnist", tiny).train_images)
    assert problem.data.first()[0].shape == (8, 28, 28)


def test_normalised_pictures_have_mean_zero_and_deviation_one(problem):
    pixels = problem.normalised(problem.data.arrays[0], jnp.dtype("float32"))
    # Sums of 1e5 numbers in float32.
    np.testing.assert_allclose([pixels.mean(), pixels.std()], [0, 1], atol=1e-5)


def test_moments_are_those_of_numpy_and_nothing_is_divided_by_zero():
    images = np.random.default_rng(0).integers(0, 256, (5, 28, 28)).astype(np.uint8)
    np.testing.assert_allclose(moments_of(images), [images.mean(), images.std()], rtol=1e-12)
    assert moments_of(np.full((2, 28, 28), 7, np.uint8)) == (7, 1)


def test_the_loss_is_the_mean_cross_entropy(problem):
    model, batch = problem.init(jr.key(0)), problem.data.first()
    loss, metrics = eqx.filter_jit(problem.loss)(model, batch, jr.key(1))
    pictures = (np.asarray(batch[0], float) - problem.mean) / problem.deviation
    layer = model.layers[0]
    logits = pictures.reshape(8, -1) @ np.asarray(layer.weight).T + np.asarray(layer.bias)
    truth = np.asarray(batch[1])
    log_p = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    np.testing.assert_allclose(loss, -log_p[np.arange(8), truth].mean(), rtol=1e-5)
    np.testing.assert_allclose(metrics["accuracy"], np.mean(logits.argmax(axis=1) == truth))


def test_a_model_that_knows_nothing_loses_log_10(problem):
    nothing = jax.tree.map(jnp.zeros_like, problem.init(jr.key(0)))
    loss, _ = problem.loss(nothing, problem.data.first(), jr.key(0))
    np.testing.assert_allclose(loss, np.log(10), rtol=1e-6)


def test_figures_of_merit_count_true_classes_in_rows(problem):
    logits = jnp.asarray([[9.0, 0, 0], [0, 9, 0], [0, 9, 0], [0, 0, 9]])
    merits = merits_of(logits, jnp.asarray([0, 1, 2, 2], "uint8"))
    np.testing.assert_array_equal(merits["confusion"], [[1, 0, 0], [0, 1, 0], [0, 1, 1]])
    np.testing.assert_allclose(merits["test_accuracy"], 0.75)
    np.testing.assert_allclose(merits["test_loss"], 9 / 4, atol=1e-3)


# As the linear model, a perceptron: slow.
@pytest.mark.parametrize("model", ["linear", pytest.param("mlp", marks=SLOW), SMALL_CNN])
def test_every_model_learns(tiny, adam, model):
    solution = px.solve(Mnist(model, batch_size=20, data=tiny), adam, steps=60)
    assert solution.metrics["test_accuracy"] > 0.9
    assert solution.series["loss"][-1] < solution.series["loss"][0] / 3
    assert np.trace(solution.metrics["confusion"]) == round(37 * solution.metrics["test_accuracy"])


def test_a_run_by_the_recipe_is_evaluated_every_epoch(tiny):
    problem = Mnist("linear", batch_size=50, data=tiny)
    solution = px.solve(problem, epochs=2)
    # 120 pictures in batches of 50: the second pass ends in the fifth batch.
    assert solution.steps == 5
    np.testing.assert_array_equal(solution.evaluations.step, [3, 5])
    assert solution.evaluations.confusion.shape == (2, 10, 10)


def test_a_population_of_seeds_is_each_seed_alone(problem):
    population = px.sweep(problem, over={"seed": range(3)}, steps=20)
    alone = px.solve(problem, seed=2, steps=20)
    together = population.member(seed=2)
    assert together.status.success
    for found, expected in zip(
        jax.tree.leaves(eqx.filter(together.unknowns, eqx.is_array)),
        jax.tree.leaves(eqx.filter(alone.unknowns, eqx.is_array)),
        strict=True,
    ):
        # Twenty steps of Adam in float32, the products summed in another order.
        np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-5)
    assert population.metrics["confusion"].shape == (3, 10, 10)


def test_pictures_are_augmented_in_grey_values_before_they_are_normalised(tiny, problem):
    change = Shift(3), Noise(0.1)
    augmented = Mnist("linear", batch_size=8, data=tiny, augment=("shift=3", "noise=0.1"))
    model, batch, key = problem.init(jr.key(0)), problem.data.first(), jr.key(1)
    loss, _ = eqx.filter_jit(augmented.loss)(model, batch, key)
    # The key of the batch makes one for the augmentation.
    pictures = 255 * augment(change, batch[0].astype("float32") / 255, jr.split(key)[1])
    logits = model((pictures - problem.mean) / problem.deviation)
    np.testing.assert_allclose(loss, px.losses.CrossEntropy()(logits, batch[1]), rtol=1e-4)
    evaluated = (eqx.filter_jit(one.evaluate)(model) for one in (augmented, problem))
    one, other = (metrics["test_loss"] for metrics in evaluated)
    np.testing.assert_array_equal(one, other)


def test_augmentation_of_strength_zero_changes_the_loss_by_rounding_alone(tiny, problem):
    nothing = Mnist("linear", batch_size=8, data=tiny, augment=("shift=0", "rotate=0", "crop=0"))
    model, batch = problem.init(jr.key(0)), problem.data.first()
    found, expected = (one.loss(model, batch, jr.key(1))[0] for one in (nothing, problem))
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_smoothed_labels_and_mixtures_count_in_training_only(tiny, problem):
    changed = Mnist("linear", batch_size=8, data=tiny, mixup=0.4, label_smoothing=0.1)
    model, batch = problem.init(jr.key(0)), problem.data.first()
    loss, metrics = eqx.filter_jit(changed.loss)(model, batch, jr.key(1))
    assert loss != problem.loss(model, batch, jr.key(1))[0]
    assert 0 <= metrics["accuracy"] <= 1
    smooth = Mnist("linear", batch_size=8, data=tiny, label_smoothing=0.1)
    logits = model(problem.normalised(batch[0], jnp.dtype("float32")))
    expected = px.losses.CrossEntropy(label_smoothing=0.1)(logits, batch[1])
    np.testing.assert_allclose(smooth.loss(model, batch, jr.key(1))[0], expected, rtol=1e-5)
    found, plain = (eqx.filter_jit(one.evaluate)(model) for one in (changed, problem))
    np.testing.assert_array_equal(found["test_loss"], plain["test_loss"])


@pytest.mark.slow
def test_a_network_with_batch_normalisation_learns_and_is_resumed(tiny, adam, tmp_path):
    problem = mnist(small_normalised, batch_size=20, data=tiny, augment=("shift=1", "rotate=5"))
    assert isinstance(problem, StatefulMnist)
    solution = px.solve(problem, adam, steps=60)
    assert solution.metrics["test_accuracy"] > 0.9
    px.solve(problem, adam, steps=30, out=tmp_path)
    resumed = px.resume(tmp_path, problem=problem, solver=adam, steps=60)
    for found, expected in zip(
        jax.tree.leaves(resumed.unknowns), jax.tree.leaves(solution.unknowns), strict=True
    ):
        np.testing.assert_array_equal(found, expected)


def test_the_class_for_models_without_a_state_refuses_others(tiny):
    with pytest.raises(px.PlugaxError, match=r"has a state\. plugax_mnist\.mnist"):
        Mnist("cnn-bn", batch_size=8, data=tiny)


def test_fashion_mnist_is_the_same_with_other_classes(tiny):
    problem = FashionMnist("linear", batch_size=8, data=tiny)
    assert problem.classes[9] == "Ankle boot"
    assert px.solve(problem, steps=2).status.name == "completed"


def test_the_command_line_runs_it(registered, tiny, capsys):
    words = ["--model", "linear", "--batch-size", "40", "--data", str(tiny), "--epochs", "2"]
    words += ["--augment", "shift=1,rotate=5"]
    for name in ("mnist", "fashion-mnist"):
        assert main(["run", name, *words, "--json"]) == 0
        answer = json.loads(capsys.readouterr().out)
        assert answer["steps"] == 6
        assert 0 <= answer["metrics"]["test_accuracy"] <= 1


def test_a_model_of_ones_own_is_saved_and_loaded(tiny, adam, tmp_path):
    problem = Mnist(SMALL_CNN, batch_size=20, data=tiny)
    solution = px.solve(problem, adam, steps=3, out=tmp_path)
    again = px.load(tmp_path, problem=problem, solver=solution.solver)
    np.testing.assert_array_equal(again.unknowns.kernels[1], solution.unknowns.kernels[1])


def test_batches_larger_than_the_data_are_refused(tiny):
    with pytest.raises(ValueError, match="between 1 and the number of examples, 120; got 128"):
        Mnist("linear", data=tiny)


@pytest.mark.slow
@pytest.mark.parametrize(
    "check",
    [
        check_loss_gradient,
        check_loss_precision,
        check_loss_vmap_equals_loop,
        # All tests here run under strict promotion.
        pytest.param(check_strict_promotion, marks=SLOW),
    ],
)
def test_a_convolutional_network_conforms_too(tiny, check):
    check(Mnist(SMALL_CNN, batch_size=4, data=tiny), jr.key(0))


@SLOW
def test_a_problem_with_a_state_conforms_too(tiny):
    options = {"batch_size": 4, "data": tiny, "augment": ("shift=1", "crop=0.1"), "mixup": 0.2}
    for check in collect_checks(problems={"mnist": lambda: mnist(small_normalised, **options)}):
        check()


def test_the_linear_model_learns_from_the_real_pictures(real_mnist):
    solution = px.solve(Mnist("linear", data=real_mnist), steps=300)
    assert solution.metrics["test_accuracy"] > 0.85


@SLOW
@pytest.mark.parametrize(
    ("model", "least"),
    [("linear", 0.92), ("mlp-300", 0.98), ("mlp", 0.98), ("lenet-5", 0.98), ("cnn", 0.99)],
)
def test_with_default_options_the_models_are_as_good_as_they_should(real_mnist, model, least):
    solution = px.solve(Mnist(model, data=real_mnist))
    assert solution.metrics["test_accuracy"] >= least


@SLOW
def test_an_lstm_that_reads_row_by_row_is_as_good_as_it_should_in_five_epochs(real_mnist):
    adam = px.optimizer("adam", learning_rate=4e-3, schedule="cosine")
    solution = px.solve(Mnist("lstm", data=real_mnist), "gradient", optimizer=adam, epochs=5)
    assert solution.metrics["test_accuracy"] >= 0.985


@SLOW
def test_with_augmentation_batch_normalisation_is_better_than_the_others(real_mnist):
    """Measured: 0.38 % of errors; that of 10 000 pictures has a standard error of 0.06 %."""
    problem = mnist("cnn-bn", data=real_mnist, augment=("shift=2", "rotate=15", "scale=0.15"))
    told = {"learning_rate": 3e-3, "weight_decay": 0.05, "schedule": "cosine"}
    adamw = px.optimizer("adamw", **told)
    solution = px.solve(problem, px.solver("gradient", optimizer=adamw), epochs=20)
    assert solution.metrics["test_accuracy"] >= 0.995
