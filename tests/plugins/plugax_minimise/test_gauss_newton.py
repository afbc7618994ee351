"""Gauss–Newton: dense, matrix-free, and the safeguard."""

import equinox as eqx
import jax
import jax.extend
import jax.numpy as jnp
import jax.random as jr
import numpy as np
import pytest

import plugax as px
from plugax_minimise import _gauss_newton
from plugax_minimise._triangular import linearise


def wave(size):
    """A smooth nonlinear model with all unknowns observed twice, once through neighbours."""
    target = jnp.sin(jnp.arange(size) / 3)

    def residuals(u):
        neighbours = jnp.concatenate([u[1:], u[:1]])
        return jnp.concatenate([u - target, (u * neighbours - target) / 5])

    return residuals


@pytest.mark.usefixtures("x64")
def test_dense_and_iterative_find_the_same_minimum(curve):
    problem = curve(wave(20), jnp.zeros(20))
    dense, iterative = (
        px.solve(problem, "gauss-newton", linear_solver=linear_solver, rtol=1e-10)
        for linear_solver in ("dense", "iterative")
    )
    assert dense.status.name == iterative.status.name == "converged"
    np.testing.assert_allclose(iterative.unknowns, dense.unknowns, rtol=1e-8, atol=1e-9)


@pytest.mark.usefixtures("x64")
def test_only_the_iterative_one_iterates_inside(curve):
    problem = curve(wave(20), jnp.zeros(20))
    for linear_solver, inside in (("dense", False), ("iterative", True)):
        solution = px.solve(problem, "gauss-newton", linear_solver=linear_solver)
        assert (solution.history["inner_iterations"].values[-1] > 0) == inside


@pytest.mark.parametrize(("size", "inside"), [(100, False), (101, True)])
def test_auto_goes_by_the_number_of_unknowns(curve, size, inside):
    assert _gauss_newton.DENSE_UNKNOWNS == 100
    solution = px.solve(curve(wave(size), jnp.zeros(size)), "gauss-newton", steps=1)
    assert (solution.history["inner_iterations"].values[-1] > 0) == inside


@pytest.mark.usefixtures("x64")
def test_a_hundred_thousand_unknowns_need_no_matrix(curve):
    size = 100_000
    problem = curve(wave(size), jnp.zeros(size))
    solver = px.solver("gauss-newton")
    state = solver.init(problem, problem.init(jr.key(0)), jr.key(0))
    traced = jax.make_jaxpr(
        lambda u: solver.step(problem, _at(state, u), (), jr.key(0))[0].unknowns
    )
    sizes = [v.aval.size for v in _variables(traced(state.unknowns).jaxpr) if v.aval.shape]
    assert max(sizes) <= 2 * size
    solution = px.solve(problem, solver)
    assert solution.status.name == "converged"
    gradient = jax.grad(lambda u: problem.loss(u, (), jr.key(0))[0])(solution.unknowns)
    assert float(jnp.linalg.norm(gradient)) < 1e-5 * np.sqrt(size)


def _at(state, unknowns):
    return eqx.tree_at(lambda state: state.unknowns, state, unknowns)


def _variables(jaxpr):
    """All variables of a traced program, those of its inner programs too."""
    for equation in jaxpr.eqns:
        yield from equation.outvars
        for inner in jax.extend.core.jaxprs_in_params(equation.params):
            yield from _variables(inner)


@pytest.mark.usefixtures("x64")
def test_too_few_inner_steps_do_not_count_as_converged(curve):
    # Any change of u looks small beside residuals this large, but one inner step is not enough.
    def residuals(u):
        return jnp.append(jnp.array([1.0, 0.3]) * (u - 1), jnp.asarray(1e9))

    options = {"linear_solver": "iterative", "inner_tolerance": 1e-6, "steps": 1}
    names = [
        px.solve(
            curve(residuals, jnp.zeros(2)), "gauss-newton", inner_steps=n, **options
        ).status.name
        for n in (1, 2)
    ]
    assert names == ["not-converged", "converged"]


@pytest.mark.usefixtures("x64")
def test_full_steps_are_taken_where_they_are_good(curve):
    history = px.solve(curve(wave(5), jnp.zeros(5)), "gauss-newton").history
    np.testing.assert_array_equal(history["step_length"], 1)


@pytest.mark.usefixtures("x64")
def test_the_inner_tolerance_can_be_swept(curve):
    problem = curve(wave(20), jnp.ones(20))
    solver = px.solver("gauss-newton", linear_solver="iterative")
    over = {"inner_tolerance": jnp.array([1e-1, 1e-6])}
    loose, tight = (
        px.sweep(problem, solver, over=over, steps=1).history["inner_iterations"].values[:, 0]
    )
    assert loose < tight


@pytest.mark.usefixtures("x64")
@pytest.mark.parametrize("collinearity", [1.0, 1e-3, 1e-6])
def test_both_factorisations_give_the_triangle_of_the_jacobian(collinearity):
    # Well conditioned, Cholesky's factor is used; nearly collinear, Householder's.
    matrix = jr.normal(jr.key(0), (9, 3))
    matrix = matrix.at[:, 2].set(matrix[:, 1] + collinearity * matrix[:, 2])
    target = jr.normal(jr.key(1), (9,))
    linear = linearise(lambda u: (matrix @ u - target, {}), jnp.zeros(3))
    scaled = linear.factor * linear.scale[None, :]
    np.testing.assert_allclose(scaled.T @ scaled, matrix.T @ matrix, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(np.tril(linear.factor, -1), 0, atol=1e-15)
    expected = np.linalg.lstsq(np.asarray(matrix), np.asarray(target))[0]
    step, offset = linear.step()
    np.testing.assert_allclose(step, expected, rtol=1e-8)
    np.testing.assert_allclose(offset, np.linalg.norm(matrix @ expected), rtol=1e-9)


@pytest.mark.usefixtures("x64")
def test_without_full_rank_the_step_is_the_shortest():
    matrix = jr.normal(jr.key(0), (9, 3))
    matrix = matrix.at[:, 2].set(matrix[:, 1] - matrix[:, 0])
    target = jr.normal(jr.key(1), (9,))
    linear = linearise(lambda u: (matrix @ u - target, {}), jnp.zeros(3))
    step, offset = linear.step()
    lengths = np.linalg.norm(matrix, axis=0)[None]
    expected = np.linalg.pinv(matrix / lengths, rcond=1e-10) @ target / lengths[0]
    np.testing.assert_allclose(step, expected, rtol=1e-9)
    np.testing.assert_allclose(offset, np.linalg.norm(matrix @ expected), rtol=1e-9)


@pytest.mark.usefixtures("x64")
def test_the_offset_is_the_part_of_the_residuals_that_the_jacobian_reaches():
    matrix, target = jr.normal(jr.key(0), (9, 3)), jr.normal(jr.key(1), (9,))
    linear = linearise(lambda u: (matrix @ u - target, {}), jnp.zeros(3))
    orthogonal, _ = np.linalg.qr(np.asarray(matrix))
    expected = np.linalg.norm(orthogonal.T @ np.asarray(target))
    np.testing.assert_allclose(jnp.linalg.norm(linear.projection), expected, rtol=1e-12)


@pytest.mark.usefixtures("x64")
def test_a_full_step_is_kept_though_it_leaves_the_floor_of_a_valley(curve):
    """From the customary start, one full step makes y₁ = 1 and raises the loss, two end it."""

    def residuals(y):
        return jnp.stack([10 * (y[1] - y[0] ** 2), 1 - y[0]])

    solution = px.solve(curve(residuals, jnp.asarray([-1.2, 1.0])), "gauss-newton")
    loss = solution.history["loss"].values
    assert (solution.status.name, solution.steps) == ("converged", 3)
    # (10 (1 − 1.44))² + 2.2², then (10 · 2.2²)², halved.
    np.testing.assert_allclose(loss[:2], [24.2 / 2, 48.4**2 / 2], rtol=1e-12)
    np.testing.assert_allclose(loss[2], 0, atol=1e-20)
