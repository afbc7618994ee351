"""Metrics are what their definitions say, counted out in NumPy."""

import itertools

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import plugax as px
from plugax.errors import UnknownNameError
from plugax_supervised import METRICS, supervised
from plugax_supervised._metrics import metrics_of

random = np.random.default_rng(0)
LABELS = random.integers(0, 3, 60)
# Rounded, so that there are ties.
LOGITS = np.round(random.normal(size=(60, 3)), 1)
WEIGHTS = random.integers(0, 4, 60).astype(np.float32)


def figure(name, predictions, targets, weights=None):
    kind = METRICS["top_k" if name.startswith("top") else name][0]
    (metric,) = metrics_of((name,), kind)
    weights = np.ones(len(targets)) if weights is None else weights
    dtype = "int32" if kind == "classes" else "float32"
    arrays = (predictions, "float32"), (targets, dtype), (weights, "float32")
    return np.asarray(jax.jit(metric)(*(jnp.asarray(a, d) for a, d in arrays)))


def pairs_in_order(scores, positive):
    """The share of pairs of a positive and a negative with the higher score for the positive."""
    pairs = itertools.product(scores[positive], scores[~positive])
    return np.mean([(up > down) + 0.5 * (up == down) for up, down in pairs])


def test_accuracy_and_top_k_count_the_hits():
    best = np.argsort(-LOGITS, axis=1, kind="stable")
    assert figure("accuracy", LOGITS, LABELS) == pytest.approx(np.mean(best[:, 0] == LABELS))
    own = LOGITS[np.arange(60), LABELS]
    above = (own[:, None] < LOGITS).sum(axis=1)
    assert figure("top_2", LOGITS, LABELS) == pytest.approx(np.mean(above < 2))
    assert figure("top_3", LOGITS, LABELS) == 1


def test_f1_is_that_of_class_1_of_two_and_the_mean_of_more():
    def of_class(predicted, k, labels):
        hits = np.sum((predicted == k) & (labels == k))
        return 2 * hits / (np.sum(predicted == k) + np.sum(labels == k))

    predicted = LOGITS.argmax(axis=1)
    mean = np.mean([of_class(predicted, k, LABELS) for k in range(3)])
    assert figure("f1", LOGITS, LABELS) == pytest.approx(mean, rel=1e-6)
    two = LABELS % 2
    expected = of_class(LOGITS[:, :2].argmax(axis=1), 1, two)
    assert figure("f1", LOGITS[:, :2], two) == pytest.approx(expected, rel=1e-6)


def test_roc_auc_is_the_share_of_pairs_in_order_with_ties_by_half():
    two = LABELS % 2
    scores = LOGITS[:, :2].astype(np.float32)
    expected = pairs_in_order(scores[:, 1] - scores[:, 0], two == 1)
    assert figure("roc_auc", scores, two) == pytest.approx(expected, rel=1e-5)
    log_p = np.asarray(jax.nn.log_softmax(jnp.asarray(LOGITS, "float32")))
    each = [pairs_in_order(log_p[:, k], k == LABELS) for k in range(3)]
    assert figure("roc_auc", LOGITS, LABELS) == pytest.approx(np.mean(each), rel=1e-5)


def test_perplexity_of_equal_logits_is_the_number_of_classes():
    assert figure("perplexity", np.zeros((60, 3)), LABELS) == pytest.approx(3)


def test_confusion_has_true_classes_in_rows():
    found = figure("confusion", [[0, 1], [0, 1], [1, 0]], [0, 1, 1])
    np.testing.assert_array_equal(found, [[0, 1], [1, 1]])


def test_errors_of_numbers_by_hand():
    predictions, targets = [[1.0], [2.0], [6.0]], [[1.0], [4.0], [4.0]]
    assert figure("mae", predictions, targets) == pytest.approx(4 / 3)
    assert figure("rmse", predictions, targets) == pytest.approx(np.sqrt(8 / 3))
    assert figure("r2", predictions, targets) == pytest.approx(1 - 8 / 6)  # ȳ = 3


@pytest.mark.parametrize("name", [*sorted(METRICS.keys() - {"top_k"}), "top_2"])
def test_a_weight_is_as_many_copies(name):
    times = WEIGHTS.astype(int)
    if METRICS.get(name, ("classes",))[0] == "classes":
        predictions, targets = LOGITS, LABELS
    else:
        predictions, targets = LOGITS, LOGITS[::-1]
    weighted = figure(name, predictions, targets, WEIGHTS)
    copied = figure(name, np.repeat(predictions, times, 0), np.repeat(targets, times, 0))
    np.testing.assert_allclose(weighted, copied, rtol=1e-5)


def test_a_metric_that_does_not_fit_is_named_with_those_that_do():
    with pytest.raises(UnknownNameError, match=r"'r2' is about numbers.*accuracy, top_k"):
        metrics_of(("r2",), "classes")
    with pytest.raises(UnknownNameError, match=r"no metric 'acuracy'.*accuracy"):
        metrics_of(("acuracy",), "classes")
    loss, model = px.losses.AbsoluteError(), eqx.nn.Linear(2, "scalar", key=jax.random.key(0))
    with pytest.raises(UnknownNameError, match="Metrics for it are mae, rmse, r2"):
        supervised(model, loss, np.ones((4, 2)), np.ones(4), metrics=["f1"])
