"""A member that is no longer finite stops the run, or is replaced and counted."""

import functools

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
import pytest

import plugax as px
import plugax_state_space as ss
from plugax_assimilation._ensemble import ObservedEnsemble
from plugax_assimilation._replacement import replace_unsound
from plugax_assimilation.ensemble._ensemble_gauss_newton import minimise
from plugax_assimilation.ensemble._etkf import ETKF
from plugax_assimilation.ensemble._ienks import IEnKS
from plugax_assimilation.ensemble._window_run import Run
from plugax_assimilation.particle._particle_filter import ParticleFilter, Particles

pytestmark = pytest.mark.usefixtures("x64")


def running_away(t, x):
    """Where the state is large, as time steps do that are too long."""
    return jnp.where(jnp.max(jnp.abs(x)) > 2.5, jnp.inf, 1.1 * x[::-1])


def everything(t, x):
    return x


def fragile():
    return ss.StateSpace(
        running_away,
        np.arange(1.0, 31.0),
        np.random.default_rng(0).normal(size=(30, 2)),
        everything,
        ss.ScalarCovariance(1.0, 2),
        ss.Gaussian(jnp.zeros(2), ss.ScalarCovariance(1.2, 2)),
        dt=1.0,
        integrator="map",
    )


METHODS = {"etkf": ETKF, "ienks": IEnKS, "particle-filter": ParticleFilter}
# With these options programs are shared by several tests.
REPLACING = {"members": 30, "non_finite": "replace", "keep": "members"}


@pytest.mark.parametrize("method", METHODS.values(), ids=METHODS)
def test_the_run_stops_and_says_where(method):
    solution = px.solve(fragile(), method(members=30))
    assert not solution.status.success
    assert solution.steps < 30
    # The message names the step and the metric.
    assert "step" in solution.status.message
    assert "loss" in solution.status.message
    assert np.isfinite(solution.unknowns).all()


@pytest.mark.parametrize("lag", [0, 2])
def test_members_are_replaced_and_counted(lag):
    solution = px.solve(fragile(), ETKF(lag=lag, **REPLACING))
    assert solution.status.success
    assert solution.steps == 30
    assert np.isfinite(solution.series["analysis"]).all()
    counts = solution.series["replaced_members"]
    assert counts[0] > 0
    assert solution.metrics["replaced_members"] == counts.sum()
    # Copies part again, by rotation.
    last = solution.series["analysis"][-1]
    assert len(np.unique(np.round(last, 9), axis=0)) == 30


def test_unsound_members_become_copies_of_sound_ones():
    ensemble = jr.normal(jr.key(0), (8, 3))
    ensemble = ensemble.at[1, 0].set(jnp.nan).at[4].set(jnp.inf).at[6, 2].set(1e200)
    found, count = replace_unsound(ensemble, jr.key(1))
    assert int(count) == 3  # the square of the last overflows
    sound = [0, 2, 3, 5, 7]
    np.testing.assert_array_equal(found[np.array(sound)], ensemble[np.array(sound)])
    for row in (1, 4, 6):
        assert any((found[row] == ensemble[one]).all() for one in sound)


def test_where_no_member_is_sound_the_run_stops():
    lost = jnp.full((4, 3), jnp.nan)
    found, count = replace_unsound(lost, jr.key(0))
    assert int(count) == 4
    assert np.isnan(found).all()


@pytest.mark.parametrize(("lag", "shift"), [(1, 1), (3, 2)])
def test_members_of_a_smoother_are_replaced_and_counted(lag, shift):
    solution = px.solve(fragile(), IEnKS(lag=lag, shift=shift, **REPLACING))
    assert solution.status.success
    assert solution.steps == 30 // shift
    assert np.isfinite(solution.series["analysis"]).all()
    assert solution.series["replaced_members"][0] > 0
    assert solution.metrics["replaced_members"] == solution.series["replaced_members"].sum()
    last = solution.series["analysis"][-1]
    assert len(np.unique(np.round(last, 9), axis=0)) == 30


def test_a_smoother_goes_on_as_if_the_copy_had_been_there_from_the_start():
    problem, solver = fragile(), IEnKS(members=6, non_finite="replace", rotate=False)
    state, key = solver.init(problem, None, jr.key(3)), jr.key(1)
    calm = jnp.clip(state.start, -1, 1)
    batch = jax.tree.map(lambda leaf: leaf[:1], problem.cycles)

    @jax.jit
    def step(start):
        return solver.step(problem, eqx.tree_at(lambda s: s.start, state, start), batch, key)

    after, metrics = step(calm.at[2, 0].set(3.0))
    assert int(metrics["replaced_members"]) == 1
    copied = [step(calm.at[2].set(calm[i])) for i in (0, 1, 3, 4, 5)]
    assert all(int(told["replaced_members"]) == 0 for _, told in copied)
    assert any(np.allclose(after.front, same.front, atol=1e-12) for same, _ in copied)


@pytest.mark.parametrize("iterations", [1, 4])
def test_an_iterate_that_loses_a_member_ends_the_iterations_with_the_one_before(iterations):
    start = jr.normal(jr.key(0), (5, 2))

    def run(ensemble):
        seen = jax.vmap(lambda x: jnp.exp(0.3 * x))(ensemble)
        mean = jnp.mean(seen, 0)
        lost = jnp.where(jnp.all(ensemble == start), 0, 1)
        seen = ObservedEnsemble(seen - mean[None], 1.0 - mean, jnp.asarray(2))
        front = jnp.where(lost > 0, jnp.nan, ensemble)
        return Run(ensemble, front, seen, lost)

    @functools.partial(jax.jit, static_argnums=0)
    def found(iterations):
        return minimise(
            start,
            run,
            iterations=iterations,
            tolerance=jnp.asarray(1e-9),
            certainty=None,
            any_root=False,
        )

    np.testing.assert_allclose(found(iterations).ensemble, found(1).ensemble, rtol=1e-12)
    np.testing.assert_allclose(found(iterations).front, found(1).front, rtol=1e-12)
    assert int(found(iterations).iterations) == 1


def test_lost_particles_are_left_out():
    options = {"non_finite": "replace", "threshold": 0.0, "regularisation": None}
    solver, problem = ParticleFilter(members=20, **options), fragile()
    cycle = jax.tree.map(lambda leaf: leaf[0], problem.cycles)
    states = jr.uniform(jr.key(0), (20, 2), minval=-1.0)
    weights = jax.nn.softmax(jr.normal(jr.key(1), (20,)))
    lost = jnp.arange(20) % 7 == 3
    begun = Particles(jnp.where(lost[:, None], 3.0, states), jnp.log(weights))
    step = eqx.filter_jit(lambda solver, begun: solver.step(problem, begun, cycle, jr.key(2)))
    after, metrics = step(solver, begun)
    assert int(metrics["replaced_members"]) == 3
    assert np.isneginf(after.log_weights[lost]).all()
    assert np.isfinite(after.states).all()
    # Those that are left, alone.
    left = Particles(states[~lost], jnp.log(weights[~lost] / jnp.sum(weights[~lost])))
    expected, told = step(ParticleFilter(members=17, **options), left)
    np.testing.assert_allclose(after.log_weights[~lost], expected.log_weights, rtol=1e-12)
    for name in ("loss", "spread", "forecast_spread", "effective_size", "analysis"):
        np.testing.assert_allclose(metrics[name], told[name], rtol=1e-12)


def test_particles_are_lost_on_the_way_and_the_filter_goes_on():
    problem = fragile()
    solution = px.solve(problem, ParticleFilter(**REPLACING))
    assert solution.status.success
    assert solution.metrics["replaced_members"] > 0
    assert np.isfinite(solution.series["analysis"]).all()


@pytest.mark.parametrize("method", METHODS.values(), ids=METHODS)
def test_where_all_are_lost_the_run_stops_even_so(method):
    problem = fragile()
    far = eqx.tree_at(lambda p: p.initial.mean, problem, jnp.full(2, 50.0))
    solution = px.solve(far, method(**REPLACING))
    assert not solution.status.success
    assert solution.steps == 0


def rooted(available=None):
    """What is observed is the root of numbers that are close to zero."""
    observations = np.abs(np.random.default_rng(1).normal(0.3, 0.1, (12, 2)))
    if available is not None:
        observations[:, ~np.asarray(available)] = np.nan
    return ss.StateSpace(
        lambda t, x: 0.9 * x,
        np.arange(1.0, 13.0),
        observations,
        lambda t, x: jnp.sqrt(x),
        ss.ScalarCovariance(0.1, 2),
        ss.Gaussian(0.1 * jnp.ones(2), ss.ScalarCovariance(0.06, 2)),
        dt=1.0,
        integrator="map",
        model_error=ss.ScalarCovariance(0.01, 2),
        geometry=ss.Geometry(np.arange(2.0), np.arange(2.0)),
    )


ENSEMBLES = (
    ("etkf", {"diagnostics": ("innovations",)}),
    ("etkf", {"prior_inflation": 1.5, "lag": 2}),
    # These replace members by the same lines as the first ones.
    *(
        pytest.param(name, {}, marks=pytest.mark.slow)
        for name in ("enkf", "denkf", "serial-enkf", "enkf-n", "letkf", "local-serial-eakf")
    ),
    ("ienks", {"diagnostics": ("innovations",)}),
    ("particle-filter", {"diagnostics": ("innovations",)}),
)


@pytest.mark.slow
@pytest.mark.parametrize(("method", "options"), ENSEMBLES)
def test_members_that_are_not_seen_as_numbers_are_replaced_too(method, options):
    solver = px.solver(method, members=12, non_finite="replace", **options)
    solution = px.solve(rooted(), solver, seed=1)
    assert solution.status.success, solution.status
    assert solution.series["replaced_members"][0] > 0
    assert solution.series["replaced_members"].max() < 12


@pytest.mark.slow
@pytest.mark.parametrize("method", ["etkf", "particle-filter", "ienks"])
def test_the_message_names_the_observation_operator(method):
    solution = px.solve(rooted(), px.solver(method, members=12), seed=1)
    assert solution.status.name == "non-finite"
    assert "observation_operator(t, x) of it was not" in str(solution.status)


def test_what_a_missing_observation_would_see_loses_no_member():
    problem = rooted(available=[False, True])
    one = eqx.tree_at(lambda p: p.initial.mean, problem, jnp.asarray([-1.0, 0.5]))
    solution = px.solve(one, px.solver("etkf", members=12, non_finite="replace"), steps=3)
    assert solution.status.success
    assert solution.metrics["replaced_members"] == 0
