"""Localised ensemble filters: near observations count, far ones do not; the published scores."""

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
import pytest

import plugax as px
import plugax_state_space as ss
from plugax_assimilation._ensemble import see
from plugax_assimilation.ensemble import _letkf
from plugax_assimilation.ensemble._etkf import ETKF
from plugax_assimilation.ensemble._letkf import LETKF
from plugax_assimilation.ensemble._local_serial import LocalSerialEAKF
from plugax_lorenz96 import Lorenz96

pytestmark = pytest.mark.usefixtures("x64")

METHODS = {"letkf": LETKF, "serial": LocalSerialEAKF}
SIZE = 12
WHERE = np.array([0.0, 1.0, 3.0, 4.5, 7.0, 9.0, 10.0])


@pytest.fixture(params=METHODS.values(), ids=METHODS)
def method(request):
    return request.param


def everything(t, x):
    """All variables as they are, observed or ahead in time."""
    return x


class Interpolated:
    """Linear interpolation on the ring."""

    def __init__(self, where):
        first, share = np.floor(where).astype(int), where % 1
        self.matrix = np.zeros((len(where), SIZE))
        np.add.at(self.matrix, (np.arange(len(where)), first % SIZE), 1 - share)
        np.add.at(self.matrix, (np.arange(len(where)), (first + 1) % SIZE), share)

    def __call__(self, t, x):
        return jnp.asarray(self.matrix, x.dtype) @ x


SEEN = Interpolated(WHERE)  # one, so that like problems are solved by one program


def ring(observations, *, where=WHERE, error=None, geometry=True, operator=None):
    """A ring of numbers, of which linear interpolations are observed at some places."""
    operator = operator or (SEEN if where is WHERE else Interpolated(where))
    positions = ss.Geometry(np.arange(SIZE), where, period=SIZE)
    return ss.StateSpace(
        everything,
        np.arange(1.0, len(observations) + 1),
        observations,
        operator,
        error or ss.ScalarCovariance(0.5, len(where)),
        ss.Gaussian(jnp.zeros(SIZE), ss.ScalarCovariance(1.0, SIZE)),
        dt=1.0,
        integrator="map",
        geometry=positions if geometry else None,
    )


def observed():
    return np.random.default_rng(0).normal(size=(1, len(WHERE)))


def ensemble_of(members, seed=0):
    return jr.normal(jr.key(seed), (members, SIZE))


def _analyse(solver, problem, ensemble, prepared):
    cycle = jax.tree.map(lambda leaf: leaf[0], problem.cycles)
    return solver.analyse(problem, ensemble, see(problem, ensemble, cycle), jr.key(0), *prepared)[0]


_analysed = eqx.filter_jit(_analyse)


def analysed(solver, problem, ensemble):
    return np.asarray(_analysed(solver, problem, ensemble, solver.prepare(problem, 1)))


# Fewer members than local observations, and more: other matrices are decomposed.
@pytest.mark.parametrize("members", [5, 20, pytest.param(11, marks=pytest.mark.slow)])
def test_with_an_infinite_radius_the_letkf_is_the_etkf(members):
    problem, ensemble = ring(observed()), ensemble_of(members)
    expected = analysed(ETKF(members=members, rotate=False), problem, ensemble)
    found = analysed(LETKF(members=members, radius=np.inf), problem, ensemble)
    np.testing.assert_allclose(found, expected, atol=1e-12)


@pytest.mark.parametrize("members", [5, 20])
def test_with_an_infinite_radius_the_serial_filter_is_the_kalman_filter(members):
    problem, ensemble = ring(observed()), ensemble_of(members)
    expected = analysed(ETKF(members=members, rotate=False), problem, ensemble)
    found = analysed(LocalSerialEAKF(members=members, radius=np.inf), problem, ensemble)
    np.testing.assert_allclose(found.mean(0), expected.mean(0), atol=1e-12)
    np.testing.assert_allclose(np.cov(found.T), np.cov(expected.T), atol=1e-12)


def test_the_letkf_is_an_analysis_of_every_variable_in_a_plane_that_closes_on_itself():
    random = np.random.default_rng(3)
    members, sizes, radius = 6, np.array([5.0, 7.0]), 0.8
    states, where = sizes * random.random((30, 2)), sizes * random.random((20, 2))
    operator = random.normal(size=(20, 30)) / 5
    problem = ss.StateSpace(
        lambda t, x: x,
        np.ones(1),
        random.normal(size=(1, 20)),
        lambda t, x: jnp.asarray(operator, x.dtype) @ x,
        ss.DiagonalCovariance(0.5 + random.random(20)),
        ss.Gaussian(jnp.zeros(30), ss.ScalarCovariance(1.0, 30)),
        dt=1.0,
        integrator="map",
        geometry=ss.Geometry(states, where, period=tuple(sizes)),
    )
    ensemble = random.normal(size=(members, 30))
    found = analysed(LETKF(radius=radius), problem, jnp.asarray(ensemble))

    # The same with matrices, a variable at a time.
    from plugax_assimilation.ensemble._taper import gaspari_cohn

    mean, variance = ensemble.mean(0), np.asarray(problem.observation_error.std) ** 2
    anomalies = ensemble - mean
    gap = np.abs(states[:, None] - where[None])
    distance = np.sqrt(np.sum(np.minimum(gap, sizes - gap) ** 2, -1))
    taper = np.asarray(gaspari_cohn(jnp.asarray(distance / (1.82 * radius))))
    seen = anomalies @ operator.T
    innovation = np.asarray(problem.cycles.observations[0]) - operator @ mean
    for i in range(30):
        weight = taper[i] / variance
        values, vectors = np.linalg.eigh((seen * weight) @ seen.T + (members - 1) * np.eye(members))
        weights = vectors @ ((vectors.T @ (seen @ (weight * innovation))) / values)
        root = (vectors * np.sqrt((members - 1) / values)) @ vectors.T
        expected = mean[i] + weights @ anomalies[:, i] + root @ anomalies[:, i]
        np.testing.assert_allclose(found[:, i], expected, atol=1e-12)


@pytest.mark.parametrize("members", [5, pytest.param(20, marks=pytest.mark.slow)])
def test_a_far_observation_changes_nothing_to_the_last_bit(method, members):
    here, changed = observed(), observed()
    changed[0, 4] = 100.0
    ensemble = ensemble_of(members)
    solver = method(members=members, radius=0.5)  # zero from 1.82 on
    before, after = (analysed(solver, ring(row), ensemble) for row in (here, changed))
    touched = (before != after).any(0)
    assert touched[[6, 7, 8]].all()
    # The serial filter hands news on from one observation to the next, so from 7 to 9, and on.
    far = [0, 1, 2, 3, 4] if method is LETKF else [1, 2, 3]
    assert not touched[far].any()


def test_a_far_observation_changes_nothing_by_being_there(method):
    changed = observed()
    changed[0, 4] = np.nan
    solver, ensemble = method(radius=0.5), ensemble_of(7)
    rows = np.concatenate([observed(), observed()]), np.concatenate([changed, observed()])
    before, after = (analysed(solver, ring(row), ensemble) for row in rows)
    touched = (before != after).any(0)
    assert touched[7]
    assert not touched[[1, 2, 3]].any()


@pytest.mark.parametrize("members", [20, pytest.param(5, marks=pytest.mark.slow)])
def test_missing_observations_are_as_if_they_were_not_there(method, members):
    row, ensemble, left = observed(), ensemble_of(members), np.arange(len(WHERE)) != 2
    row[0, 2] = np.nan
    rows = np.concatenate([row, observed()])  # another cycle, or one column would be all missing
    solver = method(members=members, radius=1.0)
    found = analysed(solver, ring(rows), ensemble)
    expected = analysed(solver, ring(row[:, left], where=WHERE[left]), ensemble)
    np.testing.assert_allclose(found, expected, atol=1e-13)


def test_without_any_observation_the_analysis_is_the_forecast(method):
    rows = np.concatenate([np.full((1, len(WHERE)), np.nan), observed()])
    ensemble = ensemble_of(7)
    np.testing.assert_allclose(analysed(method(), ring(rows), ensemble), ensemble, atol=1e-14)


def test_blocks_of_variables_change_nothing(monkeypatch):
    problem, ensemble = ring(observed()), ensemble_of(5)
    solver = LETKF(members=5, radius=1.0)
    prepared = solver.prepare(problem, 1)
    whole = _analysed(solver, problem, ensemble, prepared)
    monkeypatch.setattr(_letkf, "BLOCK_NUMBERS", 600)
    blockwise = eqx.filter_jit(lambda *given: _analyse(*given))  # compiled anew
    np.testing.assert_array_equal(blockwise(solver, problem, ensemble, prepared), whole)


def test_a_number_that_lies_nowhere_is_seen_by_all_observations_as_they_are(method):
    problem, ensemble = ring(observed()), ensemble_of(6)
    states = jnp.arange(float(SIZE)).at[5].set(jnp.nan)
    lost = eqx.tree_at(lambda p: p.geometry.states, problem, states[:, None])
    found = analysed(method(members=6, radius=1.0), lost, ensemble)
    local = analysed(method(members=6, radius=1.0), problem, ensemble)
    others = np.arange(SIZE) != 5
    np.testing.assert_allclose(found[:, others], local[:, others], atol=1e-14)
    assert (found[:, 5] != local[:, 5]).all()
    if method is LETKF:
        expected = analysed(ETKF(members=6, rotate=False), problem, ensemble)
        np.testing.assert_allclose(found[:, 5], expected[:, 5], atol=1e-12)


def test_the_serial_filter_regresses_on_an_observation_that_is_no_linear_function_of_the_state():
    # Two observations of exp(x₃) at one place are one of half the variance.
    two = ring(
        np.array([[1.5, 1.5]]),
        where=np.array([3.0, 3.0]),
        operator=lambda t, x: jnp.exp(jnp.stack([x[3], x[3]])),
    )
    one = ring(
        np.array([[1.5]]),
        where=np.array([3.0]),
        operator=lambda t, x: jnp.exp(x[3:4]),
        error=ss.ScalarCovariance(0.5 / np.sqrt(2), 1),
    )
    solver, ensemble = LocalSerialEAKF(radius=2.0), ensemble_of(7)
    found, expected = (analysed(solver, problem, ensemble)[:, 3] for problem in (two, one))
    np.testing.assert_allclose(found, expected, atol=1e-13)


def test_positions_are_needed(method):
    with pytest.raises(px.PlugaxError, match="give it geometry="):
        px.solve(ring(observed(), geometry=False), method())


def test_dependent_observation_errors_are_refused(method):
    matrix = np.eye(len(WHERE)) + 0.1
    with pytest.raises(px.PlugaxError, match="is a DenseCovariance"):
        px.solve(ring(observed(), error=ss.DenseCovariance(matrix)), method())


@pytest.mark.parametrize("radius", [0.0, -1.0, float("nan")])
def test_a_radius_is_positive(method, radius):
    with pytest.raises(px.PlugaxError, match="radius must be positive"):
        method(radius=radius)


def test_a_table_that_does_not_reach_ends_the_run(method):
    problem = ring(observed())
    prepared = method(radius=1.0).prepare(problem, 1)
    found = _analysed(method(radius=2.0), problem, ensemble_of(7), prepared)
    assert np.isnan(np.asarray(found)).any()


def sakov(cycles=1000, dim=40):
    return ss.twin_experiment(
        Lorenz96(8.0),
        0.05 * np.arange(1, cycles + 2),
        everything,
        ss.ScalarCovariance(1.0, dim),
        ss.Gaussian(jnp.zeros(dim).at[0].set(1.0), ss.ScalarCovariance(0.001**0.5, dim)),
        key=jr.key(0),
        dt=0.05,
        burn_in=20.0,
        geometry=ss.Geometry(np.arange(dim), np.arange(dim), period=dim),
    )


@pytest.mark.parametrize(
    ("kind", "score"),
    [(LETKF, 0.219), pytest.param(LocalSerialEAKF, 0.230, marks=pytest.mark.slow)],
)
def test_the_scores_on_lorenz96_are_those_published(kind, score):
    found = px.sweep(sakov(), kind(keep="nothing"), over={"seed": range(3)})
    # Scores of 600 cycles scatter by 0.006 about their mean over observations and seeds, so the
    # mean of three, with observations in common, by 0.005.
    assert found.metrics["analysis_rmse"].mean() < 1.05 * score + 0.01
    assert found.metrics["analysis_rmse"].mean() > 0.85 * score
    ratio = found.metrics["spread"].mean() / found.metrics["analysis_rmse"].mean()
    assert 0.9 < ratio < 1.4


@pytest.mark.parametrize("method", [LETKF, pytest.param(LocalSerialEAKF, marks=pytest.mark.slow)])
def test_a_sweep_over_radii_in_any_order_is_as_every_radius_alone(method):
    problem, radii = sakov(cycles=30, dim=20), [3.0, 2.0]
    swept = px.sweep(problem, method(radius=1.0), over={"radius": radii})
    for radius, unknowns in zip(radii, swept.unknowns, strict=True):
        alone = px.solve(problem, method(radius=radius))
        np.testing.assert_allclose(unknowns, alone.unknowns, rtol=1e-8)
    assert abs(swept.unknowns[1] - swept.unknowns[0]).max() > 1e-4


@pytest.mark.filterwarnings("ignore::plugax.errors.PrecisionWarning")
def test_single_precision_stays(method):
    with jax.enable_x64(False):
        problem = sakov(cycles=20)
        solution = px.solve(problem, method())
    assert solution.status.success
    assert solution.unknowns.dtype == jnp.float32
