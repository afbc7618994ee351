"""The laws that every loss keeps, whatever its equation."""

import equinox as eqx
import hypothesis
import hypothesis.strategies as st
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import plugax as px


@pytest.fixture(autouse=True, scope="module")
def double_precision():
    with jax.enable_x64(True):
        yield


law = hypothesis.settings(max_examples=8, deadline=None, derandomize=True)
EXAMPLES, OUTPUTS = 6, 3


def _normal(random, dtype, *shape):
    return jnp.asarray(random.normal(size=shape), dtype)


def _regression(random, dtype):
    return _normal(random, dtype, EXAMPLES, OUTPUTS), _normal(random, dtype, EXAMPLES, OUTPUTS)


def _labels(random, dtype):
    labels = random.integers(OUTPUTS, size=EXAMPLES)
    return _normal(random, dtype, EXAMPLES, OUTPUTS), jnp.asarray(labels, "int32")


def _pixel_labels(random, dtype):
    labels = random.integers(OUTPUTS, size=(EXAMPLES, 2))
    return _normal(random, dtype, EXAMPLES, 2, OUTPUTS), jnp.asarray(labels, "uint8")


def _probabilities(random, dtype):
    logits, other = _regression(random, dtype)
    return logits, jax.nn.softmax(other)


def _answers(random, dtype):
    return _normal(random, dtype, EXAMPLES), jnp.asarray(random.random(EXAMPLES) < 0.5)


def _spread(random, dtype):
    mean, target = _regression(random, dtype)
    return (mean, _normal(random, dtype, EXAMPLES, OUTPUTS)), target


CASES = {
    "squared": (px.losses.SquaredError, _regression),
    "absolute": (px.losses.AbsoluteError, _regression),
    "huber": (px.losses.Huber, _regression),
    "huber-array": (lambda **k: px.losses.Huber(delta=jnp.asarray(0.3), **k), _regression),
    "cross-entropy-labels": (px.losses.CrossEntropy, _labels),
    "cross-entropy-axes": (px.losses.CrossEntropy, _pixel_labels),
    "cross-entropy-soft": (px.losses.CrossEntropy, _probabilities),
    "cross-entropy-smooth": (lambda **k: px.losses.CrossEntropy(label_smoothing=0.1, **k), _labels),
    "binary": (px.losses.BinaryCrossEntropy, _answers),
    "gaussian": (px.losses.GaussianNegativeLogLikelihood, _spread),
}

every_loss = pytest.mark.parametrize(
    ("make", "draw"), [pytest.param(*case, id=name) for name, case in CASES.items()]
)
seeds = st.integers(0, 2**32 - 1)
SIZE = {"min_size": EXAMPLES, "max_size": EXAMPLES}


def _pick(index, arrays):
    return jax.tree.map(lambda array: array[index], arrays)


@eqx.filter_jit
def _gradient(loss, prediction, target, weights=None):
    return jax.value_and_grad(loss)(prediction, target, weights)


def _scattered(index, arrays):
    """Row i of each added to row index[i]: the transpose of `_pick`."""

    def scattered(rows):
        total = np.zeros(np.shape(rows))
        np.add.at(total, index, rows)
        return total

    return jax.tree.map(scattered, arrays)


def _assert_close(actual, expected, rtol=1e-12):
    for a, b in zip(jax.tree.leaves(actual), jax.tree.leaves(expected), strict=True):
        np.testing.assert_allclose(a, b, rtol=rtol, atol=rtol)


@pytest.mark.parametrize("reduction", ["mean", "sum"])
@every_loss
@law
@hypothesis.given(seed=seeds, copies=st.lists(st.integers(0, EXAMPLES - 1), **SIZE))
def test_integer_weights_count_copies_and_zero_removes(make, draw, reduction, seed, copies):
    loss = make(reduction=reduction)
    prediction, target = draw(np.random.default_rng(seed), "float64")
    copies = np.asarray(copies)
    weights = jnp.asarray(np.bincount(copies, minlength=EXAMPLES), "float64")
    value, slope = _gradient(loss, _pick(copies, prediction), target[copies])
    actual = _gradient(loss, prediction, target, weights)
    _assert_close(actual, (value, _scattered(copies, slope)))


@pytest.mark.parametrize("reduction", ["mean", "sum"])
@every_loss
def test_weights_that_are_all_zero_give_zero(make, draw, reduction):
    loss = make(reduction=reduction)
    prediction, target = draw(np.random.default_rng(2), "float64")
    value, slope = _gradient(loss, prediction, target, jnp.zeros(EXAMPLES))
    assert value == 0
    assert all(not jnp.any(leaf) for leaf in jax.tree.leaves(slope))


@pytest.mark.parametrize("reduction", ["mean", "sum"])
@every_loss
@law
@hypothesis.given(
    seed=seeds, order=st.permutations(range(EXAMPLES)), weights=st.lists(st.integers(0, 3), **SIZE)
)
def test_the_order_of_examples_does_not_matter(make, draw, reduction, seed, order, weights):
    loss = make(reduction=reduction)
    prediction, target = draw(np.random.default_rng(seed), "float64")
    order, weights = np.asarray(order), jnp.asarray(weights, "float64")
    expected, slope = _gradient(loss, prediction, target, weights)
    actual = _gradient(loss, _pick(order, prediction), target[order], weights[order])
    _assert_close(actual, (expected, _pick(order, slope)))


@pytest.mark.parametrize("spoilt", ["prediction", "target", "both"])
@every_loss
def test_an_example_of_weight_zero_is_not_there_even_where_it_is_not_finite(make, draw, spoilt):
    loss = make()
    prediction, target = draw(np.random.default_rng(3), "float64")
    weights = jnp.asarray([1.0, 0.5, 0.0, 2.0, 0.0, 1.0])
    expected = _gradient(loss, prediction, target, weights)
    spoil = lambda array: (  # noqa: E731
        array.at[2].set(jnp.nan).at[4].set(jnp.inf) if array.dtype == "float64" else array
    )
    if spoilt != "target":
        prediction = jax.tree.map(spoil, prediction)
    if spoilt != "prediction":
        target = spoil(target)
    _assert_close(_gradient(loss, prediction, target, weights), expected, rtol=0)


@every_loss
def test_weights_may_be_a_mask_or_counts(make, draw):
    loss = make()
    prediction, target = draw(np.random.default_rng(4), "float32")
    weights = jnp.asarray([1.0, 0.0, 0.0, 1.0, 1.0, 0.0], "float32")
    expected = loss(prediction, target, weights)
    for dtype in ("bool", "int32", "uint8", "float64"):
        assert loss(prediction, target, weights.astype(dtype)) == expected


@every_loss
def test_equal_weights_change_nothing(make, draw):
    prediction, target = draw(np.random.default_rng(5), "float64")
    loss = make(reduction="mean")
    _assert_close(loss(prediction, target, jnp.full(EXAMPLES, 0.3)), loss(prediction, target))


@every_loss
def test_the_reduction_is_that_of_all_elements(make, draw):
    """Mean and sum over everything, which is what PyTorch's losses give."""
    prediction, target = draw(np.random.default_rng(6), "float64")
    mean, total = make(reduction="mean"), make(reduction="sum")
    elements = mean.elements(prediction, target)
    _assert_close(mean(prediction, target), np.mean(elements))
    _assert_close(total(prediction, target), np.sum(elements))
    _assert_close(mean.values(prediction, target), np.reshape(elements, (EXAMPLES, -1)).mean(1))
    _assert_close(total.values(prediction, target), np.reshape(elements, (EXAMPLES, -1)).sum(1))


@every_loss
@law
@hypothesis.given(seed=seeds)
def test_single_precision_agrees_with_double(make, draw, seed):
    """To 20 units in the last place of sums of a few terms of size one."""
    single = make()(*draw(np.random.default_rng(seed), "float32"))
    double = make()(*draw(np.random.default_rng(seed), "float64"))
    assert single.dtype == "float32"
    assert double.dtype == "float64"
    np.testing.assert_allclose(single, double, rtol=0, atol=20 * 2**-23 * (1 + abs(double)))


@every_loss
def test_jit_vmap_and_the_pytree_change_nothing(make, draw):
    loss = make()
    random = np.random.default_rng(8)
    batches = [draw(random, "float64") for _ in range(3)]
    stacked = jax.tree.map(lambda *leaves: jnp.stack(leaves), *batches)
    expected = jnp.stack([loss(*batch) for batch in batches])
    again = jax.tree.unflatten(jax.tree.structure(loss), jax.tree.leaves(loss))
    _assert_close(eqx.filter_jit(eqx.filter_vmap(again))(*stacked), expected)


@every_loss
def test_the_gradient_is_that_of_finite_differences(make, draw):
    loss = make()
    prediction, target = draw(np.random.default_rng(9), "float64")
    direction = jax.tree.map(
        lambda x: jnp.cos(jnp.linspace(0, 9, x.size)).reshape(x.shape), prediction
    )
    along = lambda t: loss(  # noqa: E731
        jax.tree.map(lambda p, d: p + t * d, prediction, direction), target
    )
    # Central differences: truncation h² and rounding ε / h balance near h = ε^⅓ ≈ 6e-6.
    h = 1e-5
    numeric = (along(h) - along(-h)) / (2 * h)
    np.testing.assert_allclose(jax.grad(along)(0.0), numeric, rtol=1e-8, atol=1e-9)


@pytest.mark.usefixtures("unchecked")
def test_other_reductions_are_refused():
    with pytest.raises(
        ValueError, match=r"reduction must be 'mean' or 'sum'; got 'none'"
    ) as caught:
        px.losses.SquaredError(reduction="none")
    assert "values" in str(caught.value)


def test_weights_must_fit_the_examples():
    with pytest.raises(ValueError, match=r"one weight per example, shape \(3,\); got shape \(2,\)"):
        px.losses.SquaredError()(jnp.zeros(3), jnp.zeros(3), jnp.ones(2))


@pytest.mark.parametrize("weights", [None, jnp.ones(4, "float32")])
def test_shapes_are_never_broadcast(weights):
    with pytest.raises(ValueError, match=r"same shape; got \(4, 1\) and \(4,\)"):
        px.losses.SquaredError()(jnp.zeros((4, 1)), jnp.zeros(4), weights)


@pytest.mark.usefixtures("unchecked")
def test_a_scalar_has_no_examples():
    with pytest.raises(ValueError, match="leading axis of examples"):
        px.losses.SquaredError().elements(jnp.asarray(1.0), jnp.asarray(1.0))
