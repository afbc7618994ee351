"""The steps of a run as a pure function: the same as those of `solve`, and differentiable."""

import dataclasses

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import plugax as px

STEPS = 11  # not a square: the last segment is a short one


class Bowl(px.AbstractProblem):
    """½ Σ c u² from u₀, so that a step of gradient descent multiplies u by 1 − η c."""

    curvature: jax.Array
    start: jax.Array

    def init(self, key):
        return self.start

    def loss(self, unknowns, batch, key):
        return jnp.sum(self.curvature * unknowns**2) / 2, {}


@pytest.fixture
def bowl():
    return Bowl(jnp.array([0.5, 2.0]), jnp.array([1.0, -1.0]))


def sgd(rate, **options):
    return px.solver("gradient", optimizer=px.optimizer("sgd", learning_rate=rate), **options)


@pytest.mark.parametrize("steps", [1, 4, STEPS])
def test_the_steps_are_those_of_a_run(bowl, steps):
    solution = px.solve(bowl, sgd(0.1), steps=steps)
    found = px.unrolled(bowl, sgd(0.1), steps=steps)
    np.testing.assert_allclose(found.unknowns, solution.unknowns, rtol=1e-6)
    np.testing.assert_allclose(found.series["loss"], solution.series["loss"], rtol=1e-6)
    assert found.steps == steps


def test_random_batches_and_noise_are_those_of_a_run_too():
    problem = px.problem("regression", points=40)
    solver = px.solver("gradient", optimizer="noisy_sgd")
    solution = px.solve(problem, solver, steps=STEPS, seed=3)
    found = jax.jit(lambda: px.unrolled(problem, solver, steps=STEPS, seed=3))()
    for one, other in zip(
        jax.tree.leaves(found.unknowns), jax.tree.leaves(solution.unknowns), strict=True
    ):
        np.testing.assert_allclose(one, other, rtol=1e-5)


@pytest.mark.usefixtures("x64")
def test_the_gradient_by_a_learning_rate_is_the_formula():
    """u_n = (1 − η c)ⁿ u₀, so du_n/dη = −n c (1 − η c)ⁿ⁻¹ u₀."""
    bowl = Bowl(jnp.array([0.5, 2.0]), jnp.array([1.0, -1.0]))

    def last(rate):
        solver = sgd(0.1)
        solver = eqx.tree_at(lambda s: s.optimizer.hyperparameters["learning_rate"], solver, rate)
        return px.unrolled(bowl, solver, steps=STEPS).unknowns

    rate, c = jnp.asarray(0.1), bowl.curvature
    expected = -STEPS * c * (1 - rate * c) ** (STEPS - 1) * bowl.start
    np.testing.assert_allclose(jax.jacrev(last)(rate), expected, rtol=1e-10)
    np.testing.assert_allclose(jax.jacfwd(last)(rate), expected, rtol=1e-10)


@pytest.mark.usefixtures("x64")
def test_the_gradient_by_the_problem_is_the_formula():
    """du_n/dc = −n η (1 − η c)ⁿ⁻¹ u₀, and du_n/du₀ = (1 − η c)ⁿ."""
    bowl = Bowl(jnp.array([0.5, 2.0]), jnp.array([1.0, -1.0]))
    total = lambda bowl: jnp.sum(px.unrolled(bowl, sgd(0.1), steps=STEPS).unknowns)  # noqa: E731
    gradient = eqx.filter_jit(eqx.filter_grad(total))(bowl)
    shrunk = 1 - 0.1 * bowl.curvature
    expected = -STEPS * 0.1 * shrunk ** (STEPS - 1) * bowl.start
    np.testing.assert_allclose(gradient.curvature, expected, rtol=1e-10)
    np.testing.assert_allclose(gradient.start, shrunk**STEPS, rtol=1e-10)


def test_members_side_by_side_are_those_alone(bowl):
    starts = jnp.array([[1.0, -1.0], [3.0, 2.0]])

    def run(start):
        problem = dataclasses.replace(bowl, start=start)
        return px.unrolled(problem, sgd(0.1), steps=4).unknowns

    np.testing.assert_allclose(
        jax.vmap(run)(starts), jnp.stack([run(start) for start in starts]), rtol=1e-6
    )


def test_nothing_changes_after_convergence(bowl):
    solution = px.solve(bowl, sgd(0.1, tolerance=0.1), steps=50)
    assert solution.status.name == "converged"
    found = px.unrolled(bowl, sgd(0.1, tolerance=0.1), steps=50)
    assert found.steps == solution.steps < 50
    np.testing.assert_allclose(found.unknowns, solution.unknowns, rtol=1e-6)


def test_forward_mode_goes_through_a_line_search(bowl):
    def last(curvature):
        problem = dataclasses.replace(bowl, curvature=curvature)
        return px.unrolled(problem, "bfgs", steps=3).unknowns

    tangent = jax.jvp(last, (bowl.curvature,), (jnp.ones(2),))[1]
    assert np.all(np.isfinite(tangent))


@pytest.mark.parametrize("steps", [0, -1, True])
def test_a_number_of_steps_that_is_none_is_refused(bowl, steps):
    with pytest.raises(px.PlugaxError, match="steps must be a whole number"):
        px.unrolled(bowl, "gradient", steps=steps)
