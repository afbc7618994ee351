"""What each loss is: analytic values, other people's implementations, and the far ends."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
import scipy.special
import scipy.stats

import plugax as px


@pytest.fixture(autouse=True, scope="module")
def double_precision():
    with jax.enable_x64(True):
        yield


@pytest.fixture
def random():
    return np.random.default_rng(0)


def test_squared_error():
    values = px.losses.SquaredError().values(
        jnp.asarray([[1.0, 2.0], [0.0, -3.0]]), jnp.zeros((2, 2))
    )
    np.testing.assert_array_equal(values, [2.5, 4.5])
    assert px.losses.SquaredError(reduction="sum")(jnp.asarray([3.0, 4.0]), jnp.zeros(2)) == 25


def test_absolute_error_with_a_gradient_of_zero_at_zero():
    prediction, target = jnp.asarray([1.0, 2.0, 3.0]), jnp.asarray([1, 4, 0])
    np.testing.assert_array_equal(px.losses.AbsoluteError().values(prediction, target), [0, 2, 3])
    slope = jax.grad(px.losses.AbsoluteError(reduction="sum"))(prediction, target)
    np.testing.assert_array_equal(slope, [0, -1, 1])


@pytest.mark.parametrize("delta", [0.5, 1.0, 2.5])
def test_huber_is_scipys_and_its_gradient_is_the_clipped_error(random, delta):
    errors = jnp.asarray(np.append(3 * random.normal(size=50), [0.0, delta, -delta]))
    loss = px.losses.Huber(delta, reduction="sum")
    expected = scipy.special.huber(delta, errors)
    np.testing.assert_allclose(loss.values(errors, 0 * errors), expected, rtol=1e-14)
    slope = jax.grad(loss)(errors, 0 * errors)
    np.testing.assert_allclose(slope, np.clip(errors, -delta, delta), rtol=1e-14)


def test_huber_neither_overflows_nor_takes_a_wrong_delta():
    far = jnp.asarray([1e30, -1e30], "float32")
    value, slope = jax.value_and_grad(px.losses.Huber(2.0))(far, 0 * far)
    assert value == pytest.approx(2e30, rel=1e-6)
    np.testing.assert_array_equal(slope, [1, -1])
    with pytest.raises(ValueError, match="delta must be positive; got -1"):
        px.losses.Huber(-1.0)


def test_hubers_delta_is_a_leaf_that_can_be_vmapped():
    deltas = jnp.asarray([0.5, 1.0, 2.0])
    error = jnp.asarray([1.5])
    values = jax.vmap(lambda delta: px.losses.Huber(delta)(error, 0 * error))(deltas)
    np.testing.assert_allclose(values, scipy.special.huber(deltas, 1.5), rtol=1e-14)


def test_cross_entropy_of_equal_logits_is_the_logarithm_of_their_number():
    value = px.losses.CrossEntropy()(jnp.zeros((4, 10)), jnp.asarray([0, 3, 9, 5]))
    np.testing.assert_allclose(value, np.log(10), rtol=1e-15)


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int32", "int64"])
def test_cross_entropy_of_labels_is_optaxs(random, dtype):
    logits = jnp.asarray(10 * random.normal(size=(7, 2, 5)))
    labels = jnp.asarray(random.integers(5, size=(7, 2)), dtype)
    expected = optax.softmax_cross_entropy_with_integer_labels(logits, labels)
    # The logarithm of the sum of exponentials, about 20, loses that many units against ours.
    np.testing.assert_allclose(
        px.losses.CrossEntropy().elements(logits, labels), expected, atol=1e-14
    )


def test_labels_of_a_small_dtype_do_not_wrap():
    """300 classes, labels of one byte: class 44 is not also class 300 − 256."""
    logits = jnp.linspace(0.0, 1.0, 300).reshape(1, 300)
    expected = -scipy.special.log_softmax(np.linspace(0.0, 1.0, 300))[44]
    value = px.losses.CrossEntropy()(logits, jnp.asarray([44], "uint8"))
    np.testing.assert_allclose(value, expected, rtol=1e-14)


def test_soft_labels_that_are_certain_are_labels(random):
    logits = jnp.asarray(random.normal(size=(6, 4)))
    labels = jnp.asarray(random.integers(4, size=6))
    certain = jax.nn.one_hot(labels, 4)
    for smoothing in (0.0, 0.2, 1.0):
        loss = px.losses.CrossEntropy(label_smoothing=smoothing)
        np.testing.assert_allclose(loss(logits, certain), loss(logits, labels), rtol=1e-14)


def test_label_smoothing_mixes_the_target_with_all_classes(random):
    logits = jnp.asarray(random.normal(size=(6, 4)))
    q = scipy.special.softmax(random.normal(size=(6, 4)), axis=1)
    smooth = px.losses.CrossEntropy(label_smoothing=0.3)(logits, jnp.asarray(q))
    np.testing.assert_allclose(
        smooth, px.losses.CrossEntropy()(logits, jnp.asarray(0.7 * q + 0.3 / 4)), rtol=1e-14
    )
    with pytest.raises(ValueError, match="label_smoothing must be from 0 to 1; got 2"):
        px.losses.CrossEntropy(label_smoothing=2.0)


@pytest.mark.parametrize("size", [1e2, 1e4, 1e30])
def test_cross_entropy_and_gradient_are_finite_at_extreme_logits(size):
    logits = jnp.asarray([[size, 0.0, -size], [-size, 0.0, size]], "float32")
    labels = jnp.asarray([0, 0])
    for target in (labels, jax.nn.one_hot(labels, 3, dtype="float32")):
        values = px.losses.CrossEntropy().values(logits, target)
        np.testing.assert_allclose(values, [0, 2 * size], rtol=1e-6)
        slope = jax.grad(px.losses.CrossEntropy(reduction="sum"))(logits, target)
        np.testing.assert_allclose(slope, [[0, 0, 0], [-1, 0, 1]], atol=1e-6)


def test_small_differences_of_large_logits_are_not_lost():
    logits = jnp.asarray([[10000.0, 10000.0]], "float32")
    value = px.losses.CrossEntropy()(logits, jnp.asarray([1]))
    np.testing.assert_allclose(value, np.log(2), rtol=1e-6)


@pytest.mark.parametrize("soft", [False, True])
def test_a_class_ruled_out_costs_nothing_and_takes_no_gradient(soft):
    logits = jnp.asarray([[0.0, 0.0, -jnp.inf]])
    target = jnp.asarray([[0.5, 0.5, 0.0]]) if soft else jnp.asarray([1])
    value, slope = jax.value_and_grad(px.losses.CrossEntropy())(logits, target)
    np.testing.assert_allclose(value, np.log(2), rtol=1e-15)
    np.testing.assert_allclose(slope, [[0, 0, 0]] if soft else [[0.5, -0.5, 0]], atol=1e-15)


def test_a_label_that_is_no_class_gives_nan_unless_it_has_no_weight():
    logits, labels = jnp.zeros((3, 2)), jnp.asarray([-1, 1, 2])
    np.testing.assert_array_equal(
        np.isnan(px.losses.CrossEntropy().values(logits, labels)), [True, False, True]
    )
    weights = jnp.asarray([False, True, False])
    np.testing.assert_allclose(
        px.losses.CrossEntropy()(logits, labels, weights), np.log(2), rtol=1e-15
    )


@pytest.mark.usefixtures("unchecked")
def test_targets_that_do_not_fit_logits_are_refused():
    loss = px.losses.CrossEntropy()
    with pytest.raises(ValueError, match=r"without its last axis .* \(3,\) and \(3, 1\)"):
        loss(jnp.zeros((3, 4)), jnp.zeros((3, 1), int))
    with pytest.raises(ValueError, match=r"same shape; got \(3, 4\) and \(3, 2\)"):
        loss(jnp.zeros((3, 4)), jnp.zeros((3, 2)))
    with pytest.raises(ValueError, match=r"integers .* or floats .* got bool.*BinaryCrossEntropy"):
        loss(jnp.zeros((3, 4)), jnp.zeros(3, bool))


def test_binary_cross_entropy_is_the_cross_entropy_of_two_classes(random):
    logits = jnp.asarray(5 * random.normal(size=20))
    target = jnp.asarray(random.integers(2, size=20))
    both = jnp.stack([0 * logits, logits], axis=1)
    expected = px.losses.CrossEntropy().values(both, target)
    for kind in ("int32", "bool", "float64"):
        values = px.losses.BinaryCrossEntropy().values(logits, target.astype(kind))
        # Of a small loss, log(1 + e) for the two classes loses digits that softplus keeps.
        np.testing.assert_allclose(values, expected, rtol=1e-14, atol=1e-15)


@pytest.mark.parametrize("size", [1e2, 1e4, 1e30])
def test_binary_cross_entropy_and_gradient_are_finite_at_extreme_logits(size):
    logits = jnp.asarray([size, -size, size, -size], "float32")
    answers = jnp.asarray([1, 0, 0, 1])
    values = px.losses.BinaryCrossEntropy().values(logits, answers)
    np.testing.assert_allclose(values, [0, 0, size, size], rtol=1e-6, atol=1e-30)
    slope = jax.grad(px.losses.BinaryCrossEntropy(reduction="sum"))(logits, answers)
    np.testing.assert_allclose(slope, [0, 0, 1, -1], atol=1e-6)


def test_gaussian_negative_log_likelihood_is_scipys(random):
    mean, log_variance, target = (jnp.asarray(2 * random.normal(size=(8, 3))) for _ in range(3))
    expected = -scipy.stats.norm.logpdf(target, mean, np.exp(log_variance / 2))
    loss = px.losses.GaussianNegativeLogLikelihood(reduction="sum")
    prediction = (mean, log_variance)
    np.testing.assert_allclose(loss.elements(prediction, target), expected, rtol=1e-13)
    np.testing.assert_allclose(loss.values(prediction, target), expected.sum(1), rtol=1e-13)


def test_the_best_gaussian_is_that_of_the_sample_mean_and_variance(random):
    sample = jnp.asarray(3 + 2 * random.normal(size=100))
    best = (jnp.mean(sample), jnp.log(jnp.var(sample)))
    loss = lambda mean, log_variance: px.losses.GaussianNegativeLogLikelihood()(  # noqa: E731
        (jnp.full(100, mean), jnp.full(100, log_variance)), sample
    )
    np.testing.assert_allclose(jax.grad(loss, (0, 1))(*best), [0, 0], atol=1e-14)


def test_gaussian_shapes_must_fit():
    with pytest.raises(ValueError, match=r"log variance and target must have the same shape"):
        px.losses.GaussianNegativeLogLikelihood()(
            (jnp.zeros((3, 2)), jnp.zeros((3, 1))), jnp.zeros((3, 2))
        )
