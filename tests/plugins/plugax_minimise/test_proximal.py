"""Composite problems: a smooth loss with a penalty that is not smooth."""

from typing import ClassVar

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import plugax as px
from plugax.errors import UnsuitableProblemError
from plugax_minimise import AbstractComposite

SIZE = 12


class Lasso(AbstractComposite):
    """½ u·H u − c·u + λ‖u‖₁, with correlated unknowns."""

    strength: float = 1.0

    def init(self, key):
        return jnp.zeros(SIZE)

    def smooth(self, u, batch, key):
        rng = np.random.default_rng(0)
        factor = jnp.asarray(rng.normal(size=(SIZE, SIZE)) + 2, u.dtype)
        centre = jnp.asarray(rng.normal(size=SIZE), u.dtype)
        return jnp.sum(jnp.square(factor @ (u - centre))) / 2, {}

    def penalty(self, u):
        return self.strength * jnp.sum(jnp.abs(u))

    def proximal(self, u, length):
        return jnp.sign(u) * jnp.maximum(jnp.abs(u) - length * self.strength, 0)


class OneGroup(AbstractComposite):
    """½‖u − c‖² + λ‖u‖₂: all numbers are zero together, or none."""

    separable: ClassVar[bool] = False

    def init(self, key):
        return jnp.zeros(2)

    def smooth(self, u, batch, key):
        return jnp.sum(jnp.square(u - jnp.asarray([3.0, 4.0], u.dtype))) / 2, {}

    def penalty(self, u):
        return jnp.linalg.norm(u)

    def proximal(self, u, length):
        norm = jnp.linalg.norm(u)
        return u * jnp.maximum(1 - length / jnp.where(norm > 0, norm, 1), 0)


def optimality(problem, u):
    """The largest violation of |∂f| ≤ λ where u = 0, and of ∂f = −λ sign u elsewhere."""
    gradient = np.asarray(jax.grad(lambda u: problem.smooth(u, None, None)[0])(u))
    u, strength = np.asarray(u), problem.strength
    off = np.maximum(np.abs(gradient) - strength, 0)
    return np.max(np.where(u == 0, off, np.abs(gradient + strength * np.sign(u))))


@pytest.mark.usefixtures("x64")
@pytest.mark.parametrize(
    # The gradients here are up to 10⁴; each solver is to be right to its own tolerance of them.
    ("solver", "most"),
    [("proximal-newton", 1e-8), ("proximal-gradient", 1e-3)],
)
def test_the_minimum_fulfils_the_conditions_of_karush_kuhn_and_tucker(solver, most):
    problem = Lasso(20.0)
    solution = px.solve(problem, solver)
    assert solution.status.success
    zeros = int(np.sum(np.asarray(solution.unknowns) == 0))
    assert 0 < zeros < SIZE
    assert optimality(problem, solution.unknowns) < most


@pytest.mark.usefixtures("x64")
def test_newton_needs_one_step_for_a_quadratic():
    assert px.solve(Lasso(20.0), "proximal-newton").steps == 1


@pytest.mark.usefixtures("x64")
def test_zero_is_found_exactly_and_at_once():
    solution = px.solve(Lasso(1e6), "proximal-newton")
    assert not np.any(solution.unknowns)
    assert solution.steps == 1


@pytest.mark.usefixtures("x64")
def test_a_penalty_that_is_no_sum_is_for_gradients():
    # ‖c‖ = 5, so the minimum is c (1 − 1/5).
    solution = px.solve(OneGroup(), "proximal-gradient")
    np.testing.assert_allclose(solution.unknowns, [2.4, 3.2], rtol=1e-6)
    with pytest.raises(UnsuitableProblemError, match="is not separable"):
        px.solve(OneGroup(), "proximal-newton")


@pytest.mark.usefixtures("x64")
def test_another_start_keeps_the_kind():
    moved = px.starting_at(Lasso(20.0), np.full(SIZE, 3.0))
    assert isinstance(moved, AbstractComposite)
    again, first = px.solve(moved, "proximal-newton"), px.solve(Lasso(20.0), "proximal-newton")
    np.testing.assert_allclose(again.unknowns, first.unknowns, atol=1e-9)


def test_a_smooth_problem_has_no_penalty_to_map():
    with pytest.raises(UnsuitableProblemError, match="needs an AbstractComposite"):
        px.solve("regression", "proximal-newton")


class Counts(AbstractComposite):
    """A Poisson likelihood of large counts, whose terms are 10⁵ times as large as their sum."""

    def init(self, key):
        return jnp.zeros(3)

    def smooth(self, u, batch, key):
        x = np.random.default_rng(0).normal(size=(50, 3))
        x, y = jnp.asarray(x, u.dtype), jnp.round(jnp.exp(10 + x[:, 0]))
        eta = 10 + x @ u
        return jnp.sum(jnp.exp(eta) - y * eta - (y - y * jnp.log(y))), {}

    def penalty(self, u):
        return 0.1 * jnp.sum(jnp.abs(u))

    def proximal(self, u, length):
        return jnp.sign(u) * jnp.maximum(jnp.abs(u) - length * 0.1, 0)


@pytest.mark.usefixtures("x64")
def test_rounding_of_the_loss_does_not_end_newtons_steps():
    solution = px.solve(Counts(), "proximal-newton")
    assert solution.status.success
    assert solution.series["residual"][-1] < 1e-6 * solution.series["residual"][0]
