"""Checks of state-space problems: model, observations and loss can be differentiated."""

from collections.abc import Callable
from typing import Any

import jax
import jax.random as jr
from jaxtyping import PRNGKeyArray

from plugax.testing.tools import cast, linearisation_checks, nearby

from .. import AbstractStateSpace


def check_state_space_linearisation(
    problem: AbstractStateSpace, key: PRNGKeyArray
) -> dict[str, Any]:
    """Tangent-linear, adjoint and Taylor test of `forecast`, `observe` and `loss`.

    Each test is made near the mean of the initial distribution, at the first cycle.

    Arguments:
        problem: the problem.
        key: random key of the point and the directions.

    Returns:
        the numbers by name, such as `"forecast adjoint"`.
    """
    return {name: check() for name, check in state_space_checks(problem, key).items()}


def state_space_checks(
    problem: AbstractStateSpace, key: PRNGKeyArray
) -> dict[str, Callable[[], Any]]:
    """These checks by name, as functions without arguments."""
    point_key, *keys = jr.split(key, 4)
    with jax.enable_x64(True):
        precise = cast(problem, 64)
        state = nearby(cast(precise.init(point_key), 64), point_key)
        cycle = precise.data.first()
        parts = {
            "forecast": lambda x: precise.forecast(x, cycle),
            "observe": lambda x: precise.observe(cycle.time, x),
            "loss": lambda x: precise.loss(x, cycle, point_key)[0],
        }
    return {
        f"{what} {name}": check
        for (what, function), part_key in zip(parts.items(), keys, strict=True)
        for name, check in linearisation_checks(problem, what, function, state, part_key).items()
    }
