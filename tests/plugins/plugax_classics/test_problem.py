"""The problem `more-garbow-hillstrom`: its options, what it tells, and what it refuses."""

import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
import pytest
from jaxtyping import TypeCheckError

import plugax as px
from plugax_classics import CLASSICS, Minimum, MoreGarbowHillstrom

KEY = jr.key(0)


@pytest.mark.parametrize("name", CLASSICS)
def test_residuals_have_the_precision_of_the_unknowns_and_the_length_they_should(name):
    problem = MoreGarbowHillstrom(name)
    for dtype in ("float32", "float64"):
        unknowns = jax.ShapeDtypeStruct(problem.start.shape, dtype)
        residuals, _ = jax.eval_shape(lambda x: problem.residuals(x, (), KEY), unknowns)
        assert residuals.shape == (problem.equations,)
        assert residuals.dtype == dtype


@pytest.mark.parametrize(
    ("name", "n"),
    [
        ("watson", 31),
        ("extended-rosenbrock", 100),
        ("extended-powell-singular", 40),
        ("penalty-1", 1),
        ("penalty-2", 1),
        ("variably-dimensioned", 1),
        ("trigonometric", 1),
        ("brown-almost-linear", 1),
        ("discrete-boundary-value", 100),
        ("discrete-integral-equation", 1),
        ("broyden-tridiagonal", 1),
        ("broyden-banded", 3),
        ("linear-full-rank", 1),
        ("linear-rank-1-zeros", 3),
        ("chebyquad", 20),
    ],
)
def test_the_number_of_unknowns_can_be_chosen(name, n):
    problem = MoreGarbowHillstrom(name, size=n)
    assert problem.init(KEY).shape == (n,)
    residuals, _ = jax.eval_shape(lambda x: problem.residuals(x, (), KEY), problem.start)
    assert residuals.shape == (problem.equations,)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"function": "wood", "size": 5}, "size must be 4 for this function; got 5"),
        ({"function": "watson", "size": 40}, "size must be 2 to 31 for this function; got 40"),
        (
            {"function": "extended-rosenbrock", "size": 7},
            "size must be 2 or more, a multiple of 2 for this function; got 7",
        ),
        (
            {"function": "wood", "equations": 7},
            "equations cannot be chosen for this function: with 4 unknowns it has 6; got 7",
        ),
        (
            {"function": "box", "equations": 2},
            "equations must be at least the number of unknowns, 3; got 2",
        ),
        (
            {"function": "gulf", "equations": 101},
            "equations must be at least the number of unknowns, 3 and at most 100; got 101",
        ),
    ],
)
def test_numbers_that_a_function_cannot_have_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        MoreGarbowHillstrom(**options)


def test_the_start_can_be_farther_away_and_from_zero_it_goes_to_where_all_are_the_factor():
    np.testing.assert_array_equal(MoreGarbowHillstrom(start_factor=10.0).start, [-12.0, 10.0])
    watson = MoreGarbowHillstrom("watson", start_factor=10.0)
    np.testing.assert_array_equal(watson.start, np.full(6, 10.0))
    np.testing.assert_array_equal(MoreGarbowHillstrom("watson").start, np.zeros(6))


def test_the_reference_is_the_least_of_the_published_minima():
    np.testing.assert_array_equal(MoreGarbowHillstrom("freudenstein-roth").reference(), [5.0, 4.0])
    assert MoreGarbowHillstrom("watson", size=7).reference() is None
    assert MoreGarbowHillstrom("discrete-boundary-value", size=20).reference() is None


def test_evaluate_tells_the_sum_of_squares_and_the_published_minimum():
    problem = MoreGarbowHillstrom("bard")
    figures = problem.evaluate(problem.reference())
    assert float(figures["sum_of_squares"]) == pytest.approx(8.21487e-3, rel=1e-5)
    assert figures["published_minimum"] == 8.21487e-3
    unpublished = MoreGarbowHillstrom("watson", size=7)
    assert set(unpublished.evaluate(unpublished.start)) == {"sum_of_squares"}


def test_reached_tells_which_minimum_it_is():
    problem = MoreGarbowHillstrom("freudenstein-roth")
    zero, local = problem.minima
    assert problem.reached(0.0) == problem.reached(0.9e-8) == zero
    assert problem.reached(48.98425) == local
    assert problem.reached(48.9) is problem.reached(1.1e-8) is problem.reached(float("nan")) is None
    # Where the start is all but a fit, 1e-8 is none.
    gaussian = MoreGarbowHillstrom("gaussian")
    assert gaussian.reached(1.12793e-8) == Minimum(1.12793e-8, gaussian.minima[0].at)
    assert gaussian.reached(1.13e-8) is gaussian.reached(0.0) is None


def test_the_figure_shows_the_sum_of_squares_and_the_minima_above_zero():
    problem = MoreGarbowHillstrom("freudenstein-roth")
    solution = px.solve(problem, "levenberg-marquardt", steps=5)
    (axes,) = solution.figures()["descent"].axes
    run, local = axes.get_lines()
    assert run.get_ydata()[0] == pytest.approx(400.5)
    assert run.get_ydata()[-1] == pytest.approx(solution.metrics["sum_of_squares"])
    assert local.get_ydata()[0] == pytest.approx(48.9842)


def test_the_gradient_is_that_of_differences_where_a_branch_or_a_recursion_is_written():
    """Problems whose code is more than a formula: an angle, powers, a scan."""
    for name in ("helical-valley", "gulf", "chebyquad", "watson"):
        problem = MoreGarbowHillstrom(name)
        loss = jax.jit(lambda x, problem=problem: problem.loss(x, (), KEY)[0])
        # Off the start, where the helical valley's is a special one.
        at = problem.start + 0.01 * jr.normal(KEY, problem.start.shape)
        direction = jr.normal(jr.key(1), at.shape)
        slope = jax.grad(loss)(at) @ direction
        step = 1e-5
        difference = (loss(at + step * direction) - loss(at - step * direction)) / (2 * step)
        # Central differences are off by step² of the third derivative, some thousands here.
        np.testing.assert_allclose(difference, slope, rtol=1e-5)


def test_it_runs_by_name():
    problem = px.problem("more-garbow-hillstrom", function="beale")
    assert jnp.allclose(px.solve(problem).unknowns, problem.reference(), rtol=1e-6)


def test_a_function_that_there_is_not_is_refused_with_the_names_of_all():
    # Annotations, where they are checked, are checked first.
    with pytest.raises((px.PlugaxError, TypeCheckError), match=r"rosenbrock.*chebyquad"):
        px.problem("more-garbow-hillstrom", function="rosenbrok")
