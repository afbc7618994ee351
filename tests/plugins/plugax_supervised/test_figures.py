"""The figures of a fit show what was learned, in the units of the data."""

import functools

import equinox as eqx
import numpy as np
import pytest

import plugax as px
from plugax_supervised import supervised

random = np.random.default_rng(0)
POINTS = random.normal(size=(200, 2)).astype("float32")
LINE = POINTS @ np.asarray([1.0, -2.0], "float32") + 0.5
SIDE = (LINE > 0.5).astype(int)


@functools.cache  # one function for all tests, which then share programs
def linear(outputs):
    return lambda key: eqx.nn.Linear(2, outputs, key=key)


def solved(outputs, loss, targets, **options):
    problem = supervised(linear(outputs), loss, POINTS, targets, **options)
    return px.solve(problem, "gradient", epochs=5)


@pytest.fixture(scope="module")
def classes():
    return solved(2, px.losses.CrossEntropy(), SIDE, classes=["left", "right"])


@pytest.fixture(scope="module")
def numbers():
    columns = {"a": POINTS[:, 0], "b": POINTS[:, 1], "height": 100 + 10 * LINE}
    told = {"data": columns, "response": "height", "hidden": ()}
    return px.solve(px.problem("regression-network", **told), "gradient", epochs=5)


def test_the_confusion_counts_what_was_kept_back(classes):
    panel = classes.figures()["confusion"].axes[0]
    counts = [0 if t.get_text() == "·" else int(t.get_text()) for t in panel.texts]
    assert sum(counts) == 40
    right = counts[0] + counts[3]
    assert right == pytest.approx(40 * classes.metrics["validation_accuracy"])
    assert panel.get_title(loc="left") == f"validation: {right} of 40 right"
    assert [tick.get_text() for tick in panel.get_xticklabels()] == ["left", "right"]


def test_the_curves_are_of_batches_and_of_what_was_kept_back(classes):
    loss, accuracy = classes.figures()["loss"].axes
    batches, kept = loss.lines
    assert (loss.get_ylabel(), accuracy.get_ylabel()) == ("loss", "accuracy")
    assert batches.get_xdata()[-1] <= 5
    np.testing.assert_array_equal(kept.get_xdata(), [1, 2, 3, 4, 5])
    np.testing.assert_array_equal(
        kept.get_ydata(), classes.evaluation_series["validation_loss"].astype(float)
    )


def test_numbers_are_drawn_in_the_units_of_the_data(numbers):
    left, right = numbers.figures()["predictions"].axes
    assert left.get_xlabel() == "true height"
    true, predicted = left.lines[1].get_data()
    assert true.size == 40
    assert true.mean() == pytest.approx(105, abs=10)
    np.testing.assert_allclose(right.lines[1].get_ydata(), predicted - true)
    rms = np.sqrt(np.mean((predicted - true) ** 2))
    assert rms == pytest.approx(numbers.metrics["validation_rmse"], rel=1e-5)
    assert f"{rms:.3g}" in left.get_title(loc="left")


def test_without_validation_the_training_part_is_drawn():
    solution = solved("scalar", px.losses.SquaredError(), LINE, validation=0)
    drawn = solution.figures()
    assert "training: rms error" in drawn["predictions"].axes[0].get_title(loc="left")
    assert drawn["loss"].axes[0].get_ylabel() == "loss"


def test_many_classes_have_no_numbers_and_many_points_are_thinned():
    from plugax_supervised._figure_confusion import draw_confusion
    from plugax_supervised._figure_numbers import draw_numbers

    labels = np.arange(60) % 30
    panel = draw_confusion(labels, labels, range(30), part="training").axes[0]
    assert not panel.texts
    assert len(panel.get_xticks()) <= 20
    many = random.normal(size=(12_000, 1))
    left = draw_numbers(many, many, "y", part="training").axes[0]
    assert len(np.asarray(left.lines[1].get_xdata())) == 4000
    assert "one point of 3" in left.get_title(loc="left")


def test_a_loss_that_knows_its_own_targets_has_curves_only():
    targets = np.stack([SIDE, 1 - SIDE], axis=1).astype("float32")
    solution = solved(2, px.losses.CrossEntropy(), targets)
    assert set(solution.figures()) == {"loss"}


def test_the_steps_of_a_thinned_history_are_those_that_were_recorded(classes):
    solution = px.solve(classes.problem, "gradient", epochs=5, record_every=4)
    batches, _ = solution.figures()["loss"].axes[0].lines
    np.testing.assert_allclose(batches.get_xdata(), 4 * np.arange(7) / 5)


def test_without_a_recorded_loss_there_is_the_evaluation(classes):
    problem = classes.problem
    solution = px.solve(problem, "gradient", epochs=5, record=(), evaluate_every="never")
    batches, kept = solution.figures()["loss"].axes[0].lines
    assert not len(batches.get_xdata())
    assert kept.get_xdata().tolist() == [5]
