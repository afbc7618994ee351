"""Bounds: inactive ones change nothing, active ones are held exactly."""

import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
import pytest
import scipy.optimize

import plugax as px

pytestmark = pytest.mark.usefixtures("x64")

# Those that share their steps with another one.
SLOW = [pytest.param(name, marks=pytest.mark.slow) for name in ("dogleg", "bfgs")]


class Resonance(px.AbstractLeastSquares):
    """|Z| of a resistance, an inductance and a capacity in series: 50 Ω, 200 nH, 3 pF."""

    true: jax.Array

    def init(self, key):
        return jnp.array([30.0, 1e-7, 1e-12])

    def residuals(self, unknowns, batch, key):
        omega = jnp.logspace(8, 10, 60)

        def impedance(b):
            return jnp.log(jnp.hypot(b[0], omega * b[1] - 1 / (omega * b[2])))

        return impedance(unknowns) - impedance(self.true), {}


@pytest.mark.parametrize(
    ("solver", "count"),
    [
        *(("levenberg-marquardt", 40), ("gauss-newton", 8), ("newton", 8), ("bfgs", 8)),
        pytest.param("dogleg", 8, marks=pytest.mark.slow),
    ],
)
def test_random_non_negative_least_squares_are_those_of_lawson_and_hanson(linear, solver, count):
    matrices = jr.normal(jr.key(1), (count, 20, 8))
    targets = jr.normal(jr.key(2), (count, 20))
    for matrix, target in zip(matrices, targets, strict=True):
        solution = px.solve(px.bounded(linear(matrix, target), lower=0.0), solver)
        assert solution.status.name == "converged"
        expected, _ = scipy.optimize.nnls(np.asarray(matrix), np.asarray(target))
        np.testing.assert_allclose(solution.unknowns, expected, atol=1e-8)


def test_more_unknowns_than_a_matrix_is_made_for_are_bounded_too(linear):
    matrix, target = jr.normal(jr.key(1), (300, 120)), jr.normal(jr.key(2), (300,))
    problem = px.bounded(linear(matrix, target), lower=0.0)
    solver = px.solver("gauss-newton", inner_tolerance=1e-4)
    solution = px.solve(problem, solver)
    assert solution.status.name == "converged"
    expected, _ = scipy.optimize.nnls(np.asarray(matrix), np.asarray(target))
    np.testing.assert_allclose(solution.unknowns, expected, atol=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize(
    "solver", ["gauss-newton", "levenberg-marquardt", "newton", "lbfgs", *SLOW]
)
def test_a_resonance_is_found_whatever_the_sizes_of_its_parameters(solver):
    true = np.array([50.0, 2e-7, 3e-12])
    for upper in (np.inf, 1e3):
        problem = px.bounded(Resonance(jnp.asarray(true)), lower=0.0, upper=upper)
        solution = px.solve(problem, solver)
        assert solution.status.name == "converged"
        np.testing.assert_allclose(solution.unknowns, true, rtol=1e-6)


@pytest.mark.parametrize(
    ("solver", "start"),
    [
        *((solver, 51.0) for solver in ("gauss-newton", "levenberg-marquardt", "bfgs")),
        ("newton", 2.5),
        pytest.param("dogleg", 51.0, marks=pytest.mark.slow),
    ],
)
def test_an_active_bound_far_from_the_start_is_reached(curve, solver, start):
    x = jnp.linspace(0, 2, 12)
    y = 2 * jnp.exp(-1.3 * x)
    problem = curve(lambda b: b[0] * jnp.exp(-b[1] * x) - y, jnp.array([start, start]))
    solution = px.solve(px.bounded(problem, lower=jnp.array([0.0, 1.6])), solver)
    factor = jnp.exp(-1.6 * x)
    assert solution.status.name == "converged"
    np.testing.assert_allclose(solution.unknowns[1], 1.6, rtol=1e-10)
    np.testing.assert_allclose(solution.unknowns[0], y @ factor / (factor @ factor), rtol=1e-7)
