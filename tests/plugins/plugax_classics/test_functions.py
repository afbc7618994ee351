"""The 35 functions are those of the paper: at the starts, and at the minima."""

import math
from typing import get_args

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
import pytest

from plugax_classics import CLASSICS, MoreGarbowHillstrom
from plugax_classics._more_garbow_hillstrom import Function

KEY = jr.key(0)

# ‖f‖ at the start times a factor, to eight digits, as MINPACK's own test programs print it (the
# reference output of cminpack's lmddrv and hyjdrv, from Fortran): (function, n, m, factor).
NORMS = {
    ("linear-full-rank", 5, 10, 1): 5.0,
    ("linear-full-rank", 5, 50, 1): 8.0622577,
    ("linear-rank-1", 5, 10, 1): 2.9152187e2,
    ("linear-rank-1", 5, 50, 1): 3.1016004e3,
    ("linear-rank-1-zeros", 5, 10, 1): 1.2603968e2,
    ("linear-rank-1-zeros", 5, 50, 1): 1.7489500e3,
    ("rosenbrock", 2, 2, 1): 4.9193496,
    ("rosenbrock", 2, 2, 10): 1.3400631e3,
    ("helical-valley", 3, 3, 1): 5.0e1,
    ("helical-valley", 3, 3, 10): 1.0295630e2,
    ("powell-singular", 4, 4, 1): 1.4662878e1,
    ("powell-singular", 4, 4, 10): 1.2709839e3,
    ("freudenstein-roth", 2, 2, 1): 2.0012496e1,
    ("freudenstein-roth", 2, 2, 10): 1.2432834e4,
    ("bard", 3, 15, 1): 6.4561363,
    ("bard", 3, 15, 10): 3.6141853e1,
    ("kowalik-osborne", 4, 11, 1): 7.2891510e-2,
    ("kowalik-osborne", 4, 11, 10): 2.9793701,
    ("meyer", 3, 16, 1): 4.1153467e4,
    ("meyer", 3, 16, 10): 4.1682169e6,
    ("watson", 6, 31, 1): 5.4772256,
    ("watson", 6, 31, 10): 6.4331258e3,
    ("watson", 9, 31, 10): 1.2088127e4,
    ("watson", 12, 31, 10): 1.9220759e4,
    ("box", 3, 10, 1): 3.2111584e1,
    ("jennrich-sampson", 2, 10, 1): 6.4585650e1,
    ("brown-dennis", 4, 20, 1): 2.8154384e3,
    ("brown-dennis", 4, 20, 10): 5.5507335e5,
    ("chebyquad", 1, 8, 1): 1.8862380,
    ("chebyquad", 1, 8, 10): 5.3833444e9,
    ("chebyquad", 8, 8, 1): 1.9651386e-1,
    ("chebyquad", 9, 9, 1): 1.6994993e-1,
    ("chebyquad", 10, 10, 1): 1.8374783e-1,
    ("brown-almost-linear", 10, 10, 1): 1.6530216e1,
    ("brown-almost-linear", 40, 40, 1): 1.2802636e2,
    ("osborne-1", 5, 33, 1): 9.3756402e-1,
    ("osborne-2", 11, 65, 1): 1.4468654,
    ("powell-badly-scaled", 2, 2, 1): 1.0654866,
    ("discrete-boundary-value", 10, 10, 1): 2.8080582e-2,
    ("discrete-boundary-value", 10, 10, 10): 5.2555258e-1,
    ("discrete-integral-equation", 1, 1, 1): 1.2792969e-1,
    ("discrete-integral-equation", 10, 10, 1): 2.5182701e-1,
    ("discrete-integral-equation", 10, 10, 10): 6.1168330,
    ("trigonometric", 10, 10, 1): 8.4117534e-2,
    ("trigonometric", 10, 10, 10): 2.0305195e1,
    ("broyden-tridiagonal", 10, 10, 1): 4.5825757,
    ("broyden-tridiagonal", 10, 10, 10): 6.3910093e2,
    ("broyden-banded", 10, 10, 1): 1.8973666e1,
    ("broyden-banded", 10, 10, 10): 1.7130922e4,
}
# Σ f² at the start: the problems that are not in MINPACK's programs, as Gonum's tests have them
# Wood's there is of another form, with the same values.
SQUARES = {
    ("beale", 2): 14.203125,
    ("biggs-exp6", 6): 0.77907007565597,
    ("box", 3): 1031.1538106093985,
    ("brown-badly-scaled", 2): 999998000003.0,
    ("brown-dennis", 4): 7926693.33699744,
    ("extended-rosenbrock", 10): 121.0,
    ("extended-powell-singular", 12): 645.0,
    ("gaussian", 3): 3.88810699116688e-06,
    ("gulf", 3): 12.11070582556949,
    ("penalty-1", 4): 885.06264,
    ("penalty-1", 10): 148032.56535,
    ("penalty-2", 4): 2.34000880546302,
    ("penalty-2", 10): 162.65277656596712,
    ("trigonometric", 5): 0.0116573789904718,
    ("variably-dimensioned", 4): 3222.1875,
    ("wood", 4): 19192.0,
}
SIZES = {
    "watson": (6, 9, 12),
    "penalty-1": (4, 10),
    "penalty-2": (4, 10),
    "chebyquad": range(1, 11),
}
EVERY = [(name, n) for name, classic in CLASSICS.items() for n in SIZES.get(name, (classic.size,))]
MINIMA = [
    (name, n, k)
    for name, n in EVERY
    for k, minimum in enumerate(CLASSICS[name].minima(n, CLASSICS[name].equations(n)))
    if minimum.at is not None
]


@eqx.filter_jit
def _linearised(problem, unknowns):
    """Loss, residuals and Jacobian: one program for all points of a function."""
    residuals = lambda x: problem.residuals(x, (), KEY)[0]  # noqa: E731
    loss, _ = problem.loss(unknowns, (), KEY)
    return loss, residuals(unknowns), jax.jacfwd(residuals)(unknowns)


def _squares(problem, unknowns):
    loss, _, _ = _linearised(problem, jnp.asarray(unknowns))
    return float(2 * loss)


def test_there_are_the_35_of_the_paper_in_its_order():
    assert [classic.number for classic in CLASSICS.values()] == list(range(1, 36))
    assert get_args(Function) == tuple(CLASSICS)


@pytest.mark.parametrize(("name", "n", "m", "factor"), NORMS)
def test_at_the_start_the_norm_is_that_of_minpacks_programs(name, n, m, factor):
    problem = MoreGarbowHillstrom(
        name, n, m if CLASSICS[name].most_equations else None, float(factor)
    )
    assert _linearised(problem, problem.start)[1].shape == (m,)
    # The digits printed are eight.
    expected = NORMS[name, n, m, factor]
    assert math.sqrt(_squares(problem, problem.start)) == pytest.approx(expected, rel=1e-7)


@pytest.mark.parametrize(("name", "n"), SQUARES)
def test_at_the_start_the_sum_of_squares_is_that_of_other_libraries(name, n):
    problem = MoreGarbowHillstrom(name, n)
    assert _squares(problem, problem.start) == pytest.approx(SQUARES[name, n], rel=1e-12)


def test_every_function_has_a_value_from_outside_at_its_start():
    assert {name for name, *_ in [*NORMS, *SQUARES]} == set(CLASSICS)


@pytest.mark.parametrize(("name", "n", "k"), MINIMA)
def test_at_a_minimiser_the_sum_of_squares_is_the_published_one(name, n, k):
    problem = MoreGarbowHillstrom(name, n)
    minimum = problem.minima[k]
    found = _squares(problem, minimum.at)
    # Published are six digits, cut off; an exact fit leaves rounding, which the start's size has.
    rounding = 1e-24 * max(1.0, _squares(problem, problem.start))
    assert found == pytest.approx(minimum.value, rel=1e-5, abs=rounding)


@pytest.mark.parametrize(("name", "n", "k"), MINIMA)
def test_at_a_minimiser_the_gradient_vanishes(name, n, k):
    problem = MoreGarbowHillstrom(name, n)
    at = jnp.asarray(problem.minima[k].at)
    _, residuals, jacobian = map(np.asarray, _linearised(problem, at))
    # Column by column, whatever the unknowns' units: the cosine between residuals and column, with
    # 1e-8 of the column's prediction allowed for, since the unknowns have sixteen digits.
    lengths = np.linalg.norm(jacobian, axis=0)
    size = np.linalg.norm(residuals) + 1e-8 * np.linalg.norm(jacobian * np.asarray(at))
    assert np.all(np.abs(jacobian.T @ residuals) <= 1e-6 * lengths * size + 1e-25)


def test_the_minima_at_infinity_are_approached_there():
    bard = MoreGarbowHillstrom("bard")
    assert _squares(bard, [0.840667, -1.5e8, -1.6e8]) == pytest.approx(17.4286, rel=1e-5)
    kowalik = MoreGarbowHillstrom("kowalik-osborne")
    at = [
        7.2867547e5,
        -1.4075880e1,
        -3.2977798e7,
        -2.0571594e7,
    ]  # MINPACK, from ten times the start
    assert _squares(kowalik, at) == pytest.approx(1.02734e-3, rel=1e-5)


def test_the_angle_of_the_helical_valley_is_continuous_at_the_start():
    problem = MoreGarbowHillstrom("helical-valley")
    around = [_squares(problem, [-1.0, b, 0.0]) for b in (-1e-9, -0.0, 0.0, 1e-9)]
    np.testing.assert_allclose(around, 2500, rtol=1e-8)
    assert _squares(problem, [0.0, 1.0, 2.5]) == pytest.approx(2.5**2)  # a quarter of a turn
    assert _squares(problem, [-1e-300, -1.0, 7.5]) == pytest.approx(7.5**2)  # three quarters
