"""Equations and inequalities: published minima, multipliers, and wrong use."""

import jax.numpy as jnp
import numpy as np
import pytest

import plugax as px

pytestmark = pytest.mark.usefixtures("x64")


class HockSchittkowski71(px.AbstractProblem):
    """Problem 71 of Hock and Schittkowski 1981, doi 10.1007/978-3-642-48320-2."""

    def init(self, key):
        return jnp.array([1.0, 5.0, 5.0, 1.0])

    def loss(self, unknowns, batch, key):
        a, b, c, d = unknowns
        return a * d * (a + b + c) + c, {}


def test_a_classic_of_all_kinds_of_constraints_is_solved():
    problem = px.constrained(
        px.bounded(HockSchittkowski71(), lower=1.0, upper=5.0),
        equal=lambda u: jnp.sum(u**2) - 40,
        at_most=lambda u: 25 - jnp.prod(u),
    )
    solution = px.solve(problem)
    assert solution.status.name == "converged"
    expected = [1.0, 4.74299963, 3.82114998, 1.37940829]
    np.testing.assert_allclose(solution.unknowns, expected, rtol=1e-6)
    np.testing.assert_allclose(solution.history["loss"][-1], 17.0140173, rtol=1e-7)
    assert solution.metrics["violation"] <= 1e-8


@pytest.mark.parametrize(
    "solver",
    [pytest.param("bfgs", marks=pytest.mark.slow), "newton", "levenberg-marquardt"],
)
def test_least_squares_with_an_equation_are_those_of_the_kkt_matrix(curve, solver):
    matrix = np.random.default_rng(0).normal(size=(12, 4))
    target = np.random.default_rng(1).normal(size=12)
    rows, right = np.array([[1.0, 1, 1, 1], [0, 1, 0, -2.0]]), np.array([1.0, 0.5])
    problem = px.constrained(
        curve(lambda u: jnp.asarray(matrix) @ u - target, jnp.ones(4)),
        equal=lambda u: jnp.asarray(rows) @ u - right,
    )
    solution = px.solve(problem, px.solver("augmented-lagrangian", solver=solver))
    kkt = np.block([[matrix.T @ matrix, rows.T], [rows, np.zeros((2, 2))]])
    expected = np.linalg.solve(kkt, np.concatenate([matrix.T @ target, right]))
    assert solution.status.name == "converged"
    np.testing.assert_allclose(solution.unknowns, expected[:4], atol=1e-7)
    multipliers = solution.history["equal_multipliers"].values[-1]
    np.testing.assert_allclose(multipliers, expected[4:], atol=1e-5)


def test_an_inequality_that_does_not_bind_has_no_multiplier(rosenbrock):
    problem = px.constrained(rosenbrock(2), at_most=lambda u: jnp.sum(u**2) - 4)
    solution = px.solve(problem)
    assert solution.status.name == "converged"
    np.testing.assert_allclose(solution.unknowns, np.ones(2), rtol=1e-5)
    assert solution.history["at_most_multipliers"].values[-1] == 0


def test_constraints_that_contradict_each_other_are_no_success(rosenbrock):
    problem = px.constrained(rosenbrock(2), equal=lambda u: jnp.stack([u[0] - 1, u[0] - 2]))
    solution = px.solve(problem)
    assert not solution.status.success
    assert solution.metrics["violation"] > 0.4


def test_a_variant_of_a_constrained_problem_is_still_constrained(rosenbrock):
    problem = px.constrained(rosenbrock(2), equal=lambda u: u[0] + u[1] - 1)
    elsewhere = px.starting_at(problem, jnp.array([0.3, 0.3]))
    solution = px.solve(elsewhere, px.solver("augmented-lagrangian", solver="newton"))
    assert solution.status.name == "converged"
    np.testing.assert_allclose(jnp.sum(solution.unknowns), 1, atol=1e-8)
    with pytest.raises(px.errors.UnsuitableProblemError, match="augmented-lagrangian"):
        px.solve(elsewhere, "bfgs")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "Give equal="),
        ({"equal": lambda u: u["a"]}, "cannot be computed from the unknowns"),
        ({"at_most": lambda u: u > 0}, "arrays of floating-point numbers"),
        ({"at_most": lambda u: None}, "arrays of floating-point numbers"),
    ],
)
def test_what_is_no_constraint_is_an_error(rosenbrock, arguments, message):
    with pytest.raises(px.PlugaxError, match=message):
        px.constrained(rosenbrock(2), **arguments)


def test_a_solver_without_a_test_of_convergence_is_refused(rosenbrock):
    problem = px.constrained(rosenbrock(2), equal=lambda u: u[0] - 1)
    with pytest.raises(px.PlugaxError, match="with a test of convergence"):
        px.solve(problem, px.solver("augmented-lagrangian", solver="gradient"))
