"""Checks of the structure of special problems: residuals, affine residuals, a log-density."""

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import PRNGKeyArray, PyTree

from ...problems import (
    AbstractLeastSquares,
    AbstractLinearLeastSquares,
    AbstractLogDensity,
    AbstractStatefulProblem,
    Stateful,
    loss_and_state,
)
from ..claims._claim import claim
from ..claims._compare import ROUNDING, difference, shapes
from ..claims._precision import Trial, nearby, noise_like, trial
from ..problems._numbers import value_and_gradient


def check_residuals(problem: AbstractLeastSquares, key: PRNGKeyArray) -> None:
    """The loss is half the squared norm of the residuals.

    Arguments:
        problem: the problem.
        key: the random key for the unknowns and the loss.
    """
    with jax.enable_x64(True):
        given = trial(problem, key, 64)
        (loss, _), _ = value_and_gradient(given)
        residuals, _ = given.problem.residuals(given.unknowns, given.batch, given.key)
        half = sum(float(jnp.sum(jnp.square(leaf))) for leaf in jax.tree.leaves(residuals)) / 2
        claim(
            abs(float(loss) - half) <= ROUNDING * max(abs(half), abs(float(loss))),
            problem,
            "the loss is half the squared norm of the residuals",
            f"a loss of {float(loss):.8g}, but half the squared norm is {half:.8g}",
            "Do not override loss, or change residuals along with it.",
        )


def check_residuals_affine(problem: AbstractLinearLeastSquares, key: PRNGKeyArray) -> None:
    """The Jacobian of the residuals is the same at two points.

    Arguments:
        problem: the problem.
        key: the random key for the unknowns and for the direction of the derivative.
    """
    with jax.enable_x64(True):
        given = trial(problem, key, 64)
        one, other = (_slope(given, distance, key) for distance in (0.0, 1.0))
        found = difference(one, other, tolerance=ROUNDING)
        claim(
            found is None,
            problem,
            "the residuals are affine: their Jacobian is the same everywhere",
            found,
            "Make it an AbstractLeastSquares instead, or its residuals linear in the unknowns.",
        )


def _slope(given: Trial, distance: float, key: PRNGKeyArray) -> PyTree:
    """The Jacobian times a random direction, at the start or at some distance from it."""
    point = nearby(given.unknowns, key, distance)
    floats, rest = eqx.partition(point, eqx.is_inexact_array)

    def residuals(floats: PyTree) -> PyTree:
        return given.problem.residuals(eqx.combine(floats, rest), given.batch, given.key)[0]

    return jax.jvp(residuals, (floats,), (noise_like(floats, key),))[1]


def check_log_density(problem: AbstractLogDensity, key: PRNGKeyArray) -> None:
    """The loss is the negative of the log-density.

    Arguments:
        problem: the problem.
        key: the random key for the unknowns and the loss.
    """
    with jax.enable_x64(True):
        given = trial(problem, key, 64)
        (loss, _), _ = value_and_gradient(given)
        value = float(given.problem.log_density(given.unknowns, given.batch, given.key)[0])
        claim(
            abs(float(loss) + value) <= ROUNDING * abs(value),
            problem,
            "the loss is minus the log-density",
            f"a loss of {float(loss):.8g}, but the log-density is {value:.8g}",
            "Do not override loss.",
        )


def check_state(problem: AbstractStatefulProblem, key: PRNGKeyArray) -> None:
    """The state that the loss makes has the structure, shapes and dtypes of the one before.

    Arguments:
        problem: the problem.
        key: of the unknowns and the loss.
    """
    with jax.enable_x64(True):
        given = trial(problem, key, 64)
        law = "the loss makes a state of the structure, shapes and dtypes of the one before"
        remedy = "Return Stateful(unknowns, state) from init, and (loss, metrics, state) here."
        claim(isinstance(given.unknowns, Stateful), problem, law, type(given.unknowns), remedy)
        after = eqx.filter_eval_shape(
            loss_and_state, given.problem, given.unknowns, given.batch, given.key
        )[2]
        found = difference(shapes(given.unknowns.state), shapes(after))
        claim(found is None, problem, law, found, remedy)
