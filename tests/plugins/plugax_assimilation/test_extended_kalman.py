"""The extended Kalman filter: on linear models the Kalman filter, to rounding."""

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
import pytest

import plugax as px
import plugax_state_space as ss
from plugax_assimilation._extended_kalman import ExtendedKalmanFilter, square
from plugax_lorenz96 import Lorenz63

pytestmark = pytest.mark.usefixtures("x64")

STATES, OBSERVED = 4, 3
MODEL = np.random.default_rng(0).normal(size=(STATES, STATES)) / 2
SEEN = np.random.default_rng(1).normal(size=(OBSERVED, STATES))
STD = np.array([0.3, 0.5, 0.4])
TIMES = np.array([0.1, 0.3, 0.4, 0.8, 0.9])


def model(t, x):
    """Linear dynamics; one function, so that like problems are solved by one program."""
    return jnp.asarray(MODEL, x.dtype) @ x


def operator(t, x):
    return jnp.asarray(SEEN, x.dtype) @ x


def linear(*, model_error=None, missing=False, initial=None):
    problem = ss.twin_experiment(
        model,
        TIMES,
        operator,
        ss.DiagonalCovariance(STD),
        ss.Gaussian(
            jnp.ones(STATES), initial or ss.DenseCovariance(np.diag([1.0, 2, 1, 0.5]) + 0.2)
        ),
        key=jr.key(0),
        dt=0.1,
        model_error=model_error,
    )
    if not missing:
        return problem
    available = jnp.ones((len(TIMES), OBSERVED), bool).at[1, 0].set(False).at[2].set(False)
    new = (available, jnp.where(available, problem.cycles.observations, 0))
    where = lambda p: (p.cycles.available, p.cycles.observations)  # noqa: E731
    return eqx.tree_at(where, problem, new, is_leaf=lambda x: x is None)


@eqx.filter_jit
def matrices_of(problem):
    """The model as a matrix, from each time to the next."""

    def matrix(cycle):
        return jax.jacfwd(lambda x: problem.forecast(x, cycle))(jnp.zeros(STATES))

    return jax.lax.map(matrix, problem.cycles)


def kalman(problem, inflation):
    """Means, and spreads of analysis and forecast, in the plainest form."""
    mean = np.asarray(problem.initial.mean)
    covariance = np.asarray(problem.initial.covariance.as_matrix())
    error = 0 if problem.model_error is None else np.asarray(problem.model_error.as_matrix())
    for k, m in enumerate(np.asarray(matrices_of(problem))):
        cycle = jax.tree.map(lambda leaf, k=k: leaf[k], problem.cycles)
        mean = m @ mean
        covariance = inflation ** float(cycle.duration) * m @ covariance @ m.T + error
        forecast_spread = np.sqrt(np.trace(covariance) / STATES)
        rows = slice(None) if cycle.available is None else np.asarray(cycle.available)
        h, r = SEEN[rows], np.diag(STD**2)[rows][:, rows]
        gain = covariance @ h.T @ np.linalg.inv(h @ covariance @ h.T + r)
        mean = mean + gain @ (np.asarray(cycle.observations)[rows] - h @ mean)
        covariance = (np.eye(STATES) - gain @ h) @ covariance
        yield mean, np.sqrt(np.trace(covariance) / STATES), forecast_spread


@pytest.mark.parametrize(
    ("missing", "noisy", "inflation"), [(False, False, 1.0), (True, True, 1.0), (True, False, 3.0)]
)
def test_it_is_the_kalman_filter_of_a_linear_model(missing, noisy, inflation):
    error = ss.DenseCovariance(0.1 * np.eye(STATES) + 0.05) if noisy else None
    problem = linear(missing=missing, model_error=error)
    solution = px.solve(problem, ExtendedKalmanFilter(inflation=inflation))
    means, spreads, before = map(np.asarray, zip(*kalman(problem, inflation), strict=True))
    np.testing.assert_allclose(solution.series["analysis"], means, rtol=1e-9)
    np.testing.assert_allclose(solution.series["spread"], spreads, rtol=1e-9)
    np.testing.assert_allclose(solution.series["forecast_spread"], before, rtol=1e-9)


@pytest.mark.parametrize("columns", [2, 7])
def test_it_starts_from_covariances_of_any_rank(columns):
    factor = np.random.default_rng(3).normal(size=(STATES, columns))
    problem = linear(initial=ss.FactorCovariance(factor))
    solution = px.solve(problem, ExtendedKalmanFilter(inflation=1.0))
    means, spreads, _ = map(np.asarray, zip(*kalman(problem, 1.0), strict=True))
    np.testing.assert_allclose(solution.series["analysis"], means, rtol=1e-8)
    np.testing.assert_allclose(solution.series["spread"], spreads, rtol=1e-8)


@pytest.mark.parametrize("columns", [1, 3, 8])
def test_a_square_root_has_the_covariance_of_its_columns(columns):
    root = jr.normal(jr.key(0), (columns, 3))
    assert square(root).shape == (3, 3)
    np.testing.assert_allclose(square(root).T @ square(root), root.T @ root, rtol=1e-10)


def test_a_nonlinear_operator_is_linearised_where_the_forecast_is():
    """One observation x² of one number that stays: the textbook's formula by hand."""
    problem = ss.StateSpace(
        lambda t, x: 0 * x,
        [1.0],
        [[5.0]],
        lambda t, x: x**2,
        ss.ScalarCovariance(0.5, 1),
        ss.Gaussian(jnp.array([2.0]), ss.ScalarCovariance(0.3, 1)),
        dt=1.0,
    )
    solution = px.solve(problem, ExtendedKalmanFilter(inflation=1.0))
    gain = 0.09 * 4 / (0.09 * 16 + 0.25)
    np.testing.assert_allclose(solution.unknowns, [2 + gain * (5 - 4)])
    np.testing.assert_allclose(solution.metrics["spread"], np.sqrt((1 - gain * 4) * 0.09))
    assert "analysis_rmse" not in solution.metrics


def test_it_follows_lorenz63_of_which_one_variable_is_observed():
    problem = ss.twin_experiment(
        Lorenz63(),
        0.1 * np.arange(1, 401),
        lambda t, x: x[:1],
        ss.ScalarCovariance(1.0, 1),
        ss.Gaussian(jnp.array([1.5, -1.5, 25.5]), ss.ScalarCovariance(1.0, 3)),
        key=jr.key(2),
        dt=0.01,
        burn_in=5.0,
    )
    metrics = px.solve(problem, ExtendedKalmanFilter()).metrics
    # The climate's standard deviation is about 8; the unobserved variables are found too.
    assert metrics["analysis_rmse"] < 1.0
    assert 0.5 < metrics["spread"] / metrics["analysis_rmse"] < 2


@pytest.mark.slow
def test_single_precision_stays_single():
    with jax.enable_x64(False):
        problem = linear(model_error=ss.ScalarCovariance(0.1, STATES))
        solver = ExtendedKalmanFilter()
        state = solver.init(problem, problem.initial.mean, jr.key(0))
        batch = jax.tree.map(lambda leaf: leaf[0], problem.cycles)
        after, metrics = eqx.filter_eval_shape(solver.step, problem, state, batch, jr.key(0))
        assert {leaf.dtype.name for leaf in jax.tree.leaves((after, metrics))} == {"float32"}
        assert after.root.shape == state.root.shape


def test_an_inflation_that_is_none_is_refused():
    with pytest.raises(px.PlugaxError, match="must be positive"):
        ExtendedKalmanFilter(inflation=0.0)
