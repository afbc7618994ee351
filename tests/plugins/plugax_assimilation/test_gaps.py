"""Times without observations between those with some change no analysis."""

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
import pytest

import plugax as px
import plugax_state_space as ss
from plugax_assimilation.ensemble._enkf import EnKF
from plugax_assimilation.ensemble._enkf_n import EnKFN
from plugax_assimilation.ensemble._etkf import ETKF
from plugax_assimilation.ensemble._letkf import LETKF
from plugax_assimilation.ensemble._local_serial import LocalSerialEAKF
from plugax_assimilation.ensemble._taper import gaspari_cohn
from plugax_assimilation.particle._particle_filter import ParticleFilter

pytestmark = pytest.mark.usefixtures("x64")

SIZE, OFTEN, DT, CYCLES = 6, 4, 0.05, 8
PLACES = np.arange(float(SIZE))
RANDOM = np.random.default_rng(0)
OBSERVATIONS = RANDOM.normal(2, 2, (CYCLES, SIZE))


def lorenz96(t, x):
    return (jnp.roll(x, -1) - jnp.roll(x, 2)) * jnp.roll(x, 1) - x + 8


def problem(every, observations, **parts):
    return ss.StateSpace(
        lorenz96,
        DT * every * np.arange(1, len(observations) + 1),
        observations,
        lambda t, x: x,
        ss.ScalarCovariance(1.0, SIZE),
        ss.Gaussian(2 + np.sin(PLACES), ss.ScalarCovariance(1.0, SIZE)),
        dt=DT,
        geometry=ss.Geometry(PLACES, PLACES, period=float(SIZE)),
        **parts,
    )


@pytest.fixture(scope="module")
def coarse():
    with jax.enable_x64(True):
        return problem(OFTEN, OBSERVATIONS)


@pytest.fixture(scope="module")
def fine():
    rows = np.full((OFTEN * CYCLES, SIZE), np.nan)
    rows[OFTEN - 1 :: OFTEN] = OBSERVATIONS
    with jax.enable_x64(True):
        return problem(1, rows)


def answers(solver, problem, every):
    """The mean after every observed cycle, whose draws depend on its number alone."""
    prepared = solver.prepare(problem, len(problem.cycles.time))
    state, means = solver.init(problem, problem.init(jr.key(0)), jr.key(1), *prepared), []
    step = eqx.filter_jit(
        lambda state, cycle, key: solver.step(problem, state, cycle, key, *prepared)[0]
    )
    for number in range(len(problem.cycles.time)):
        cycle = jax.tree.map(lambda leaf: leaf[number], problem.cycles)  # noqa: B023
        last = number % every == every - 1
        key = jr.fold_in(jr.key(2), number // every if last else 1000 + number)
        state = step(state, cycle, key)
        if last:
            means.append(solver.unknowns(problem, state))
    return np.stack(means)


@pytest.mark.parametrize(
    "solver",
    [
        ETKF(members=8, rotate=False, prior_inflation=1.2, rtpp=0.3, additive=0.2),
        EnKF(members=8, rtps=0.5, lag=2),
        LETKF(members=5, inflation=1.1, radius=1.0),
        ParticleFilter(members=20, threshold=1.0),
        pytest.param(ETKF(members=8, inflation=1.1), marks=pytest.mark.slow),
        pytest.param(EnKFN(members=8), marks=pytest.mark.slow),
        pytest.param(LocalSerialEAKF(members=5, additive=0.1, radius=1.0), marks=pytest.mark.slow),
    ],
    ids=lambda solver: type(solver).__name__,
)
def test_gaps_change_no_analysis(coarse, fine, solver):
    expected = answers(solver, coarse, 1)
    found = answers(solver, fine, OFTEN)
    # Rounding grows with the errors of the model, for eight intervals.
    np.testing.assert_allclose(found, expected, rtol=1e-8)


def test_a_cycle_without_observations_keeps_every_member(fine):
    solver = ETKF(members=8, inflation=1.5, prior_inflation=1.5, additive=1.0)
    ensemble = jnp.asarray(RANDOM.normal(2, 1, (8, SIZE)))
    cycle = jax.tree.map(lambda leaf: leaf[0], fine.cycles)
    after, metrics = eqx.filter_jit(solver.step)(fine, ensemble, cycle, jr.key(0))
    ahead = jax.vmap(lambda row: fine.forecast(row, cycle))(ensemble)
    np.testing.assert_allclose(after, ahead, rtol=1e-12)
    assert metrics["spread"] == metrics["forecast_spread"]


@pytest.mark.parametrize("method", [LETKF, LocalSerialEAKF])
def test_a_local_method_leaves_alone_what_is_never_observed(method):
    """Variables that stand still, those at one end observed, the others out of reach."""
    size, seen = 30, 5
    here = np.arange(float(size))
    rows = RANDOM.normal(size=(400, size))
    rows[:, seen:] = np.nan
    still = ss.StateSpace(
        lambda t, x: 0 * x,
        np.arange(1.0, 401.0),
        rows,
        lambda t, x: x,
        ss.ScalarCovariance(1.0, size),
        ss.Gaussian(np.zeros(size), ss.ScalarCovariance(1.0, size)),
        dt=1.0,
        geometry=ss.Geometry(here, here),
    )
    solver = method(members=6, inflation=1.05, radius=2.0, rotate=False, keep="members")
    members = np.asarray(px.solve(still, solver, seed=0).series["analysis"])
    reach = seen + int(3.64 * 2.0)  # the last observation and its reach
    np.testing.assert_allclose(members[-1, :, reach:], members[0, :, reach:], rtol=1e-9)
    # An inflation of 1.05 in all 400 cycles would be 3e8; between the observations and the end of
    # their reach there is no more spread than at the start, either.
    assert members[-1].std(0).max() < 1.05 * members[0].std(0).max()


def test_the_weight_of_an_inflation_is_the_taper_of_the_nearest_observation(fine):
    available = jnp.zeros(SIZE, bool).at[1].set(True)
    cycle = eqx.tree_at(
        lambda cycle: cycle.available, jax.tree.map(lambda leaf: leaf[0], fine.cycles), available
    )
    solvers = [method(members=4, radius=1.0) for method in (LETKF, LocalSerialEAKF)]
    weights = [
        solver.inflation_weights(fine, cycle, jnp.dtype("float64"), *solver.prepare(fine, 1))
        for solver in solvers
    ]
    # The half-width is 1.82, the observation lies at 1.
    ratio = np.asarray([1, 0, 1, 2, 3, 2]) / 1.82
    expected = gaspari_cohn(jnp.asarray(ratio))
    for found in weights:
        np.testing.assert_allclose(found, expected, rtol=1e-12)
