"""Many members of a small state take memory linear in their number."""

import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
import pytest

import plugax as px
import plugax_state_space as ss
from plugax_assimilation._ensemble import ObservedEnsemble
from plugax_assimilation.ensemble._serial_enkf import _in_columns, _serially
from plugax_assimilation.linear_algebra._rotation import rotate_anomalies
from plugax_assimilation.scores._ensemble_scores import crps, weighted_crps

pytestmark = pytest.mark.usefixtures("x64")

MEMBERS, SIZE = 3000, 3
DIAGNOSTICS = {"diagnostics": ("crps", "rank-histogram", "innovations", "signal")}
METHODS = {
    "etkf": DIAGNOSTICS,
    "enkf": {"lag": 2},
    "denkf": {"rotate": True},
    "serial-enkf": {},
    "enkf-n": {"rtpp": 0.5},
    "letkf": {},
    "local-serial-eakf": {},
    "ienks": {"xN": 1.0, "lag": 2, **DIAGNOSTICS},
    "particle-filter": {"diagnostics": ("crps", "innovations")},
    "hybrid-4dvar": {"scale": 0.0, "inner_solver": "conjugate-gradients"},
}


@pytest.fixture(scope="module")
def problem():
    with jax.enable_x64(True):
        return ss.twin_experiment(
            lambda t, x: -0.1 * x,
            np.arange(1.0, 9.0),
            lambda t, x: x,
            ss.ScalarCovariance(1.0, SIZE),
            ss.Gaussian(np.zeros(SIZE), ss.ScalarCovariance(1.0, SIZE)),
            key=jr.key(0),
            dt=1.0,
            geometry=ss.Geometry(np.arange(3.0), np.arange(3.0)),
        )


def largest(jaxpr):
    """The size of the largest array in a program."""
    sizes = [0]
    for equation in jaxpr.eqns:
        sizes += [np.prod(v.aval.shape) for v in equation.outvars if hasattr(v.aval, "shape")]
        for inner in jax.tree.leaves(list(equation.params.values())):
            inner = getattr(inner, "jaxpr", inner)
            if hasattr(inner, "eqns"):
                sizes.append(largest(inner))
    return max(sizes)


@pytest.mark.parametrize("method", METHODS)
def test_no_array_is_as_large_as_the_square_of_the_members(problem, method):
    solver = px.solver(method, members=MEMBERS, **METHODS[method])
    prepared = solver.prepare(problem, 8)

    def first(key):
        state = solver.init(problem, problem.init(key), key, *prepared)
        batch, _ = solver.data(problem).next((), key, jnp.asarray(0, "int32"))
        return solver.step(problem, state, batch, key, *prepared)

    size = largest(jax.make_jaxpr(first)(jr.key(0)).jaxpr)
    assert size < 50 * MEMBERS < MEMBERS**2


@pytest.mark.slow
def test_a_rotation_in_the_smaller_space_keeps_mean_and_products():
    anomalies = jr.normal(jr.key(1), (50, 4))
    anomalies = anomalies - anomalies.mean(0, keepdims=True)
    found = rotate_anomalies(jr.key(2), anomalies)
    np.testing.assert_allclose(found.sum(0), 0, atol=1e-12)
    np.testing.assert_allclose(found.T @ found, anomalies.T @ anomalies, atol=1e-12)
    # Uniform: a member's number has the mean 0 and the variance of all, over rotations.
    many = jax.vmap(lambda key: rotate_anomalies(key, anomalies)[0])(jr.split(jr.key(3), 4000))
    variance = (anomalies**2).mean(0)
    np.testing.assert_allclose(many.mean(0), 0, atol=4 * np.sqrt(variance.max() / 4000))
    np.testing.assert_allclose(many.T @ many / 4000, anomalies.T @ anomalies / 50, atol=0.1)


def test_the_serial_filter_in_columns_is_the_one_by_a_transform():
    y = jr.normal(jr.key(4), (20, 3))
    seen = ObservedEnsemble(
        y - y.mean(0, keepdims=True), jr.normal(jr.key(5), (3,)), jnp.asarray(3)
    )
    anomalies = jr.normal(jr.key(6), (20, 5))
    weights, transform = _serially(seen)
    moves, after = _in_columns(seen, anomalies)
    np.testing.assert_allclose(moves, weights @ anomalies, atol=1e-12)
    np.testing.assert_allclose(after, transform @ anomalies, atol=1e-12)


def test_the_score_of_many_members_is_that_of_all_pairs():
    ensemble, truth = jr.normal(jr.key(7), (1001, 2)), jnp.asarray([0.3, -1.0])
    pairs = jnp.abs(ensemble[:, None] - ensemble[None]).mean((0, 1)) / 2
    expected = jnp.mean(jnp.abs(ensemble - truth[None]).mean(0) - pairs)
    np.testing.assert_allclose(crps(ensemble, truth), expected, rtol=1e-10)
    equal = jnp.full(1000, 1e-3)
    np.testing.assert_allclose(
        crps(ensemble[:1000], truth), weighted_crps(ensemble[:1000], equal, truth), rtol=1e-10
    )
