"""Truncated Newton: exact where it must be, quadratic, not held by saddles."""

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
import pytest

import plugax as px
from plugax_minimise._steihaug import minimise_within

pytestmark = pytest.mark.usefixtures("x64")


class Loss(px.AbstractProblem):
    """A loss given as a function of the unknowns."""

    function: object = eqx.field(static=True)
    start: object

    def init(self, key):
        return self.start

    def loss(self, unknowns, batch, key):
        return self.function(unknowns), {}


def pieces(seed, size=6, shift=0.0):
    root = jr.normal(jr.key(seed), (size, size))
    return root @ root.T + (1.0 - shift) * jnp.eye(size), jr.normal(jr.key(seed + 1), (size,))


def inner(matrix, gradient, radius):
    return minimise_within(
        lambda v: matrix @ v,
        gradient,
        jnp.asarray(radius),
        first_radius=1.0,
        tolerance=jnp.asarray(1e-10),
        steps=50,
    )


@pytest.mark.parametrize("seed", range(3))
def test_a_wide_ball_leaves_the_newton_step(seed):
    matrix, gradient = pieces(seed)
    found = inner(matrix, gradient, 1e6)
    np.testing.assert_allclose(found.step, -jnp.linalg.solve(matrix, gradient), rtol=1e-8)
    assert not found.bound
    np.testing.assert_allclose(found.residual, np.zeros(6), atol=1e-9)


@pytest.mark.parametrize("shift", [0.0, 6.0])
@pytest.mark.parametrize("radius", [1e-3, 0.1])
def test_a_narrow_one_binds_and_the_step_is_better_than_the_steepest(radius, shift):
    # With the shift the matrix has negative eigenvalues.
    matrix, gradient = pieces(0, shift=shift)
    found = inner(matrix, gradient, radius)
    assert found.bound
    np.testing.assert_allclose(np.linalg.norm(found.step), radius, rtol=1e-10)
    model = lambda p: gradient @ p + p @ matrix @ p / 2  # noqa: E731
    steepest = -gradient / jnp.linalg.norm(gradient)
    lengths = jnp.linspace(0, radius, 100)
    cauchy = jnp.min(jax.vmap(lambda length: model(length * steepest))(lengths))
    # Equal where the first iteration already ends at the surface.
    assert model(found.step) <= cauchy * (1 - 1e-9)
    np.testing.assert_allclose(found.residual, gradient + matrix @ found.step, rtol=1e-8)


def test_negative_curvature_is_followed_to_the_surface():
    matrix, gradient = jnp.diag(jnp.array([1.0, -2.0])), jnp.array([1.0, 1e-3])
    found = inner(matrix, gradient, 10.0)
    assert found.bound
    np.testing.assert_allclose(np.linalg.norm(found.step), 10.0, rtol=1e-10)
    assert found.step @ matrix @ found.step < 0


def test_a_convex_quadratic_is_solved_by_one_step_where_nothing_limits_it():
    matrix, gradient = pieces(0)
    problem = Loss(lambda u: u @ matrix @ u / 2 + gradient @ u, jnp.ones(6))
    solution = px.solve(problem, "newton", radius=1e12, inner_tolerance=1e-12, steps=1)
    np.testing.assert_allclose(solution.unknowns, -jnp.linalg.solve(matrix, gradient), rtol=1e-9)


def test_convergence_is_quadratic():
    # Near the minimum at log 2 every step squares the error, but for a factor.
    problem = Loss(lambda u: jnp.sum(jnp.exp(u) - 2 * u), jnp.array([2.0, 0.0, 1.0]))
    gradients = px.solve(problem, "newton", rtol=1e-12).history["gradient_norm"].values
    gradients = gradients[(gradients < 0.3) & (gradients > 1e-7)]
    assert len(gradients) >= 2
    assert np.all(gradients[1:] <= gradients[:-1] ** 2)


def test_a_start_beside_a_saddle_does_not_stay_there():
    # A saddle at 0; minima at (±1, 0).
    problem = Loss(lambda u: u[0] ** 4 / 4 - u[0] ** 2 / 2 + u[1] ** 2, jnp.array([1e-9, 1e-2]))
    solution = px.solve(problem, "newton")
    assert solution.status.name == "converged"
    np.testing.assert_allclose(np.abs(solution.unknowns), [1, 0], atol=1e-8)


def test_products_are_counted():
    matrix, gradient = pieces(0)
    problem = Loss(lambda u: u @ matrix @ u / 2 + gradient @ u, jnp.ones(6))
    history = px.solve(problem, "newton").history
    assert history["inner_iterations"][0] == 6  # the whole Hessian
    np.testing.assert_array_equal(
        history["gradient_evaluations"], np.arange(1, history.sizes["step"] + 1)
    )
