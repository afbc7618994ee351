"""The figures: complete, named axes, and safe with any solution."""

import dataclasses
import subprocess
import sys

import matplotlib.animation
import matplotlib.figure
import numpy as np
import PIL.Image
import pytest

import plugax as px
from plugax_regression import Regression, _descent, _figures, _quadratic


@pytest.fixture(scope="module")
def solution():
    return _solve(60)


def _solve(steps, rate=0.05):
    solver = px.solver("gradient", optimizer={"name": "sgd", "learning_rate": rate})
    return px.solve(Regression(points=20), solver, steps=steps)


def test_there_are_two_figures_and_an_animation(solution):
    figures = solution.figures()
    assert list(figures) == ["fit", "loss", "descent"]
    for name in ("fit", "loss"):
        assert isinstance(figures[name], matplotlib.figure.Figure)
    assert isinstance(figures["descent"], matplotlib.animation.FuncAnimation)


def test_every_axis_has_a_name(solution):
    figures = solution.figures()
    drawn = [figures["fit"], figures["loss"], figures["descent"]._fig]
    for axes in [axes for figure in drawn for axes in figure.axes]:
        assert axes.get_xlabel()
        assert axes.get_ylabel()


def test_the_fit_shows_truth_least_squares_and_solution(solution):
    (axes,) = solution.figures()["fit"].axes
    labels = [text.get_text() for text in axes.get_legend().get_texts()]
    assert labels[0] == "points"
    assert labels[1] == "truth:  y = 2.00 + 3.00 x"
    assert labels[2].startswith("least squares:  y = ")
    assert labels[3].startswith("solution (gradient):  y = ")
    for line, expected in zip(
        axes.lines[1:],
        (solution.problem.truth, solution.problem.reference(), solution.unknowns),
        strict=True,
    ):
        intercept, slope = np.asarray(expected)
        np.testing.assert_allclose(line.get_ydata(), [intercept - slope, intercept + slope], 1e-6)


def test_the_loss_runs_from_the_start_to_the_solution(solution):
    left, right = solution.figures()["loss"].axes
    curve = left.lines[1].get_ydata()
    assert len(curve) == solution.steps + 1
    np.testing.assert_allclose(curve[:-1], solution.series["loss"], rtol=1e-5)
    assert right.get_yscale() == "log"


def test_the_descent_is_saved_as_a_gif_that_moves(tmp_path):
    path = tmp_path / "descent.gif"
    _solve(12).figures()["descent"].save(path, writer="pillow", dpi=30)
    with PIL.Image.open(path) as image:
        assert 10 <= image.n_frames <= 60
        first = np.asarray(image.convert("RGB"))
        image.seek(image.n_frames - 1)
        assert np.any(first != np.asarray(image.convert("RGB")))


@pytest.mark.parametrize("steps", [0, 1, 5, 1000])
def test_frames_begin_at_the_start_end_at_the_end_and_are_few(steps):
    path = np.cumsum(0.9 ** np.arange(steps + 1))[:, None] * [1.0, 2.0]
    frames = _descent.frames_of(path)
    assert frames[0] == 0
    assert frames[-1] == steps
    assert len(frames) <= 60
    assert frames == sorted(frames)


def test_a_direct_solver_and_a_diverged_run_have_figures_too():
    """One step; and steps that grow by a factor of 100 until nothing is finite."""
    for solution in (_solve(1), _solve(40, rate=60.0)):
        figures = solution.figures()
        for figure in (figures["fit"], figures["loss"], figures["descent"]._fig):
            figure.canvas.draw()


def test_a_solution_without_the_coefficients_of_every_step_shows_the_last(solution):
    bare = dataclasses.replace(solution, series={"loss": solution.series["loss"]})
    np.testing.assert_array_equal(_figures.descent_of(bare), solution.unknowns[None])
    assert list(bare.figures()) == ["fit", "loss", "descent"]


def test_the_quadratic_function_is_the_loss_however_many_points():
    problem = Regression(points=300, data_seed=5)
    quadratic = _quadratic.quadratic_of(problem)
    design, response = np.asarray(problem.design, float), np.asarray(problem.response, float)
    coefficients = np.random.default_rng(0).normal(size=(4, 3, 2))
    losses = np.mean((coefficients @ design.T - response) ** 2, axis=-1)
    found = quadratic.least + quadratic.excess(coefficients)
    np.testing.assert_allclose(found, losses, rtol=1e-13)


def test_labels_have_a_proper_minus_and_three_digits():
    assert _figures._label("a", np.asarray([-0.5, -12.345])) == "a:  y = −0.500 − 12.3 x"
    assert _figures._label("a", np.asarray([123.4, 2e-5])) == "a:  y = 123 + 2.00e−05 x"


def test_the_package_imports_neither_jax_nor_matplotlib():
    program = (
        "import sys, plugax_regression; "
        "assert not {'jax', 'matplotlib'} & set(sys.modules), sorted(sys.modules); "
        "import plugax_regression._regression; assert 'matplotlib' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
