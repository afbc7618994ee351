"""The figures: complete, named axes, and safe with any solution."""

import dataclasses
import subprocess
import sys

import matplotlib.figure
import numpy as np
import pytest

import plugax as px
from plugax_mnist import FashionMnist, Mnist
from plugax_mnist._confusion import draw_confusion
from plugax_mnist._curves import average
from plugax_mnist._mistakes import draw_mistakes, worst_mistakes

CLASSES = ("a", "b", "c")
# Pictures 0 and 3 are right; 1 and 2 are wrong, 2 by far.
LABELS = np.asarray([0, 1, 2, 2])
PROBABILITIES = np.asarray([[0.8, 0.1, 0.1], [0.5, 0.4, 0.1], [0.01, 0.98, 0.01], [0, 0, 1]])


@pytest.fixture(scope="module")
def solution(tiny):
    return px.solve(Mnist("linear", batch_size=40, data=tiny), epochs=4)


def test_there_are_three_figures(solution):
    figures = solution.figures()
    assert list(figures) == ["loss", "confusion", "mistakes"]
    for figure in figures.values():
        assert isinstance(figure, matplotlib.figure.Figure)
        figure.canvas.draw()


def test_axes_have_names(solution):
    figures = solution.figures()
    for axes in [*figures["loss"].axes, figures["confusion"].axes[0]]:
        assert axes.get_xlabel()
        assert axes.get_ylabel()


def test_the_curves_have_a_point_for_every_epoch(solution):
    loss, accuracy = solution.figures()["loss"].axes
    for axes, name, factor in ((loss, "test_loss", 1), (accuracy, "test_accuracy", 100)):
        test = axes.lines[1]
        np.testing.assert_array_equal(test.get_xdata(), [1, 2, 3, 4])
        np.testing.assert_allclose(test.get_ydata(), factor * solution.evaluations[name])
    np.testing.assert_allclose(loss.lines[0].get_ydata(), solution.series["loss"], rtol=1e-6)


def test_a_run_that_was_never_evaluated_on_the_way_shows_its_end(tiny):
    problem = Mnist("linear", batch_size=40, data=tiny)
    solution = px.solve(problem, steps=4, evaluate_every="never")
    (line,) = [
        line for line in solution.figures()["loss"].axes[0].lines if len(line.get_xdata()) == 1
    ]
    np.testing.assert_allclose(line.get_xdata(), [4 / 3])
    bare = dataclasses.replace(solution, series={}, metrics={})
    for figure in bare.figures().values():
        figure.canvas.draw()


def test_many_steps_are_averaged_in_windows():
    steps, means = average(np.arange(1000.0))
    assert len(steps) == len(means) <= 120
    np.testing.assert_allclose(steps, means)
    np.testing.assert_allclose(steps[0], np.arange(9).mean())


def test_the_confusion_matrix_shows_the_counts_by_true_class():
    axes = draw_confusion(LABELS, PROBABILITIES, CLASSES).axes[0]
    shown = {text.get_position(): text.get_text() for text in axes.texts}
    assert shown[0, 0] == "1"
    assert shown[0, 1] == "1"  # column 0, row 1: a "b" that was taken for an "a"
    assert shown[1, 2] == "1"
    assert shown[2, 0] == "·"
    assert axes.get_title("left") == "2 of 4 right"
    assert [label.get_text() for label in axes.get_xticklabels()] == list(CLASSES)


def test_the_worst_mistakes_come_first():
    np.testing.assert_array_equal(worst_mistakes(LABELS, PROBABILITIES, 5), [2, 1])
    np.testing.assert_array_equal(worst_mistakes(LABELS, PROBABILITIES, 1), [2])
    images = np.zeros((4, 28, 28), np.uint8)
    axes = draw_mistakes(images, LABELS, PROBABILITIES, CLASSES).axes
    assert axes[0].get_title() == "c, not b\n(98.0 % sure)"
    assert axes[1].get_title() == "b, not a\n(50.0 % sure)"
    assert axes[2].get_title() == ""


def test_where_nothing_is_wrong_the_figures_say_so():
    right = np.eye(3)
    figure = draw_mistakes(np.zeros((3, 28, 28), np.uint8), np.arange(3), right, CLASSES)
    assert figure.get_suptitle() == "No mistakes"
    draw_confusion(np.arange(3), right, CLASSES).canvas.draw()


def test_names_of_clothes_fit_too(tiny):
    solution = px.solve(FashionMnist("linear", batch_size=40, data=tiny), steps=1)
    for figure in solution.figures().values():
        figure.canvas.draw()


def test_the_package_imports_neither_jax_nor_matplotlib():
    program = (
        "import sys, plugax_mnist; "
        "assert not {'jax', 'matplotlib'} & set(sys.modules), sorted(sys.modules); "
        "assert plugax_mnist.Mnist; assert 'matplotlib' not in sys.modules; "
        "assert all(hasattr(plugax_mnist, name) for name in plugax_mnist.__all__)"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
