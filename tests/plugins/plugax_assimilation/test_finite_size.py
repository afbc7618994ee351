"""The inflation of the finite-size filter: the minimum of both of its costs."""

import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
import pytest
from scipy.optimize import minimize_scalar

from plugax_assimilation._ensemble import ObservedEnsemble, mean_and_anomalies
from plugax_assimilation.ensemble._finite_size import hyperprior, inflation_for
from plugax_assimilation.ensemble._spectrum import spectrum

pytestmark = pytest.mark.usefixtures("x64")


def seen_of(members, observed, *, size=1.0, spread=1.0, seed=0):
    keys = jr.split(jr.key(seed), 2)
    anomalies = spread * mean_and_anomalies(jr.normal(keys[0], (members, observed)))[1]
    return ObservedEnsemble(
        anomalies, size * jr.normal(keys[1], (observed,)), jnp.asarray(observed)
    )


@jax.jit
def _found_for(seen, certainty):
    members, found = len(seen.anomalies), spectrum(seen)
    return inflation_for(found.values, found.squared_weights(), members, certainty)


def found_for(seen, certainty):
    return float(_found_for(seen, jnp.asarray(certainty)))


def dual(seen, certainty):
    """D as a function of ln λ², by dense linear algebra."""
    members, observed = seen.anomalies.shape
    y, d = np.asarray(seen.anomalies), np.asarray(seen.innovation)
    values = np.linalg.eigvalsh(y @ y.T)
    epsilon, nu = map(float, hyperprior(jnp.asarray(values), members, jnp.asarray(certainty)))

    def cost(log):
        zeta = (members - 1) * np.exp(-log)
        misfit = d @ np.linalg.solve(np.eye(observed) + y.T @ y / zeta, d)
        return (misfit + epsilon * zeta - nu * (members - 1) * np.log(zeta)) / 2

    return cost


@pytest.mark.parametrize("shape", [(4, 30), (10, 10), (20, 6)])
@pytest.mark.parametrize("certainty", [0.5, 1.0, 2.0])
@pytest.mark.parametrize("size", [0.0, 0.3, 1.0, 3.0, 10.0])
def test_the_inflation_minimises_the_dual_cost(shape, certainty, size):
    seen = seen_of(*shape, size=size)
    cost = dual(seen, certainty)
    best = minimize_scalar(cost, bounds=(-3, 12), method="bounded", options={"xatol": 1e-10})
    # The minimum of a smooth function is found to the root of its rounding.
    assert 2 * np.log(found_for(seen, certainty)) == pytest.approx(best.x, abs=1e-5)


@pytest.mark.parametrize("shape", [(4, 30), (20, 6)])
def test_its_weights_minimise_the_primal_cost(shape):
    members, seen = shape[0], seen_of(*shape, size=2.0)
    found = spectrum(seen)
    epsilon, nu = hyperprior(found.values, members, jnp.asarray(1.0))
    zeta = (members - 1) / jnp.asarray(found_for(seen, 1.0)) ** 2

    def primal(weights):
        misfit = seen.innovation - weights @ seen.anomalies
        size = jnp.sum(jnp.square(weights))
        return (jnp.sum(jnp.square(misfit)) + nu * (members - 1) * jnp.log(epsilon + size)) / 2

    np.testing.assert_allclose(jax.grad(primal)(found.weights(zeta)), 0, atol=1e-8)


def test_larger_innovations_ask_for_more_inflation():
    factors = [found_for(seen_of(10, 20, size=size), 1.0) for size in (0.0, 1.0, 2.0, 5.0, 50.0)]
    assert factors == sorted(factors)
    assert np.isfinite(factors).all()


def test_a_certain_prior_leaves_the_ensemble_as_it_is():
    assert found_for(seen_of(10, 20, size=3.0), 1e6) == pytest.approx(1, abs=0.01)


def test_without_observations_there_is_no_inflation():
    seen = seen_of(10, 20, size=0.0, spread=0.0)
    assert found_for(seen, 1.0) == pytest.approx(1, abs=1e-12)


@pytest.mark.parametrize("spread", [1e-6, 1.0, 1e6])
@pytest.mark.parametrize("size", [1e-6, 1.0, 1e6])
def test_the_iteration_ends_whatever_comes(spread, size):
    factor = found_for(seen_of(10, 20, size=size, spread=spread), 1.0)
    assert np.isfinite(factor)
    assert factor > 0.5
