"""Whether the parts of a state-space problem fit together, from shapes and dtypes alone."""

import math
from typing import TYPE_CHECKING, Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from plugax import PlugaxError

if TYPE_CHECKING:
    from ._geometry import Geometry
    from ._state_space import AbstractStateSpace

# Relative tolerance within which a time counts as a multiple of dt.
ROUNDING = 1e-9


def substeps_of(times: Any, *, start: float, dt: float, discrete: bool = False) -> int:
    """The equal time steps in which every interval between observations is run.

    Arguments:
        times: the times of the observations.
        start: the time of the initial state.
        dt: the longest time step; exactly the time step if the model is a map.
        discrete: whether the model is a map, which can only make whole steps.

    Errors: `PlugaxError` if dt is not positive, or if a map would have to make fractions of steps,
    or more steps in one interval than in another.
    """
    if not dt > 0 or not math.isfinite(dt):
        raise PlugaxError(f"dt must be positive; got {dt}.")
    lengths = np.diff(np.asarray(times, np.float64), prepend=start) / dt
    # Observations at the start need no step.
    lengths = lengths[1:] if lengths.size and lengths[0] == 0 else lengths
    lengths = lengths if lengths.size else np.ones(1)
    substeps = max(1, math.ceil(float(np.max(lengths)) * (1 - ROUNDING)))
    if discrete and not np.allclose(lengths, substeps, rtol=1e-6, atol=0):
        raise PlugaxError(
            f"A map makes the same number of steps of dt={dt} from each observation time to the "
            f"next; got intervals of {np.min(lengths):g} to {np.max(lengths):g} steps. List the "
            "time of every step, with NaN where nothing was observed."
        )
    return substeps


def check_state_space(problem: "AbstractStateSpace") -> None:
    """Raise `PlugaxError` for the first thing that does not fit."""
    state = jax.eval_shape(lambda: problem.initial.mean)
    size = sum(math.prod(leaf.shape) for leaf in jax.tree.leaves(state))
    cycle = jax.eval_shape(lambda: jax.tree.map(lambda leaf: leaf[0], problem.cycles))
    observed = cycle.observations.shape[0]
    climatology = problem.climatology.covariance if problem.climatology else None
    for name, covariance, wanted, what in (
        ("observation_error", problem.observation_error, observed, "observations"),
        ("model_error", problem.model_error, size, "numbers of a state"),
        ("climatology", climatology, size, "numbers of a state"),
    ):
        if covariance is not None and covariance.size != wanted:
            raise PlugaxError(
                f"{name} must be a covariance of the {wanted} {what}; got one of size "
                f"{covariance.size}."
            )
    # A covariance that cannot whiten raises an error of its own.
    jax.eval_shape(problem.observation_error.whiten, cycle.observations)
    _check_forecast(problem, state, cycle)
    _check_observation(problem, state, cycle)
    if cycle.truth is not None:
        wanted = jax.eval_shape(problem.verified, state)
        if not _same_form(cycle.truth, wanted):
            raise PlugaxError(
                f"The truth at one time must have the form of the state, {_describe(wanted)}; got "
                f"{_describe(cycle.truth)}."
            )
    if problem.geometry is not None:
        _check_geometry(problem.geometry, size, observed)


def _check_forecast(problem: "AbstractStateSpace", state: Any, cycle: Any) -> None:
    forecast = _result_shapes("model", problem.forecast, state, cycle)
    if not _same_form(forecast, state):
        raise PlugaxError(
            f"The model must keep the form of the state, {_describe(state)}; it returns "
            f"{_describe(forecast)}."
        )


def _check_observation(problem: "AbstractStateSpace", state: Any, cycle: Any) -> None:
    seen = _result_shapes("observation_operator", problem.observe, cycle.time, state)
    wanted = cycle.observations.shape
    is_row = isinstance(seen, jax.ShapeDtypeStruct) and seen.shape == wanted
    if not is_row or not jnp.issubdtype(seen.dtype, jnp.floating):
        raise PlugaxError(
            f"observation_operator(t, x) must return {wanted[0]} real numbers, as many as "
            f"observation_error and a row of the observations have; it returns {_describe(seen)}."
        )


def _check_geometry(geometry: "Geometry", size: int, observed: int) -> None:
    found = (geometry.states.shape[0], geometry.observations.shape[0])
    if found != (size, observed):
        raise PlugaxError(
            f"The geometry must have positions of {size} numbers of the state and {observed} "
            f"observations; it has {found[0]} and {found[1]}."
        )


def _result_shapes(name: str, function: Any, *arguments: Any) -> Any:
    """The shapes and dtypes that a function returns."""
    try:
        return eqx.filter_eval_shape(function, *arguments)
    except PlugaxError:
        raise
    except (TypeError, ValueError, IndexError) as error:
        raise PlugaxError(f"{name} cannot be called with a time and a state: {error}") from error


def _same_form(one: Any, other: Any) -> bool:
    leaves, others = jax.tree.leaves(one), jax.tree.leaves(other)
    return jax.tree.structure(one) == jax.tree.structure(other) and all(
        a.shape == b.shape for a, b in zip(leaves, others, strict=True)
    )


def _describe(tree: Any) -> str:
    return eqx.tree_pformat(tree, width=10_000, struct_as_array=True)
