"""Localisation: what is far from a variable says nothing of it, whatever a small ensemble thinks.

Tables of neighbours are made on the host, before a run is compiled; they are arrays of the solver.
"""

import math
from typing import Any

import equinox as eqx
import jax.numpy as jnp
import lineax as lx
import numpy as np
from jaxtyping import Array, Float, Int

from plugax import PlugaxError
from plugax_state_space import AbstractStateSpace, Geometry

from ._taper import HALF_WIDTH, gaspari_cohn


class Neighbours(eqx.Module):
    """Which points are near every row, and how far.

    Attributes:
        indices: of the points.
        distances: to them; infinite where a row has no more.
        reach: how far the table goes.
    """

    indices: Int[Array, "rows most"]
    distances: Float[Array, "rows most"]
    reach: Float[Array, ""]

    def __init__(self, indices: np.ndarray, distances: np.ndarray, reach: float):
        self.indices = jnp.asarray(indices)
        self.distances = jnp.asarray(distances, float)
        self.reach = jnp.asarray(reach, float)

    def taper(self, radius: Float[Array, ""], dtype: jnp.dtype) -> Float[Array, "rows most"]:
        """The taper of every pair for a localisation radius.

        NaN where the table does not reach as far, so that nothing is cut off in silence.
        """
        width = HALF_WIDTH * radius
        # Both may be infinite: a row's end, and a radius that takes all points as they are.
        fill = jnp.isinf(self.distances)
        ratio = jnp.where(fill, 2, jnp.where(fill, 0, self.distances) / width.astype(float))
        enough = 2 * width <= self.reach.astype(width.dtype) * (1 + 1e-6)
        return jnp.where(enough, gaspari_cohn(ratio), jnp.nan).astype(dtype)


def distance_option(value: Any) -> Float[Array, ""]:
    """A positive distance, which may be infinite.

    Errors: `PlugaxError` if it is none.
    """
    if isinstance(value, int | float) and not value > 0:
        raise PlugaxError(f"A localisation radius must be positive; got {value}.")
    return value if isinstance(value, jnp.ndarray) else jnp.asarray(value, float)


def reach_of(radius: Float[Array, "*swept"]) -> float:
    """Where the taper of a radius ends, or of the largest of several."""
    reach = 2 * HALF_WIDTH * float(np.max(np.asarray(radius)))
    return reach if math.isfinite(reach) else math.inf


def no_positions(problem: AbstractStateSpace) -> str | None:
    """Why a localised method cannot tell what is near what; None if it can.

    Either the problem has no positions, or the errors of its observations are correlated: whitened,
    such observations lie in several places at once.
    """
    if problem.geometry is None:
        return (
            "needs to know where variables and observations lie, and the problem does "
            "not say: give it geometry=plugax_state_space.Geometry(states, observations, period=…)."
        )
    if not lx.is_diagonal(problem.observation_error):
        return (
            "needs observations whose errors are uncorrelated, a ScalarCovariance or a "
            f"DiagonalCovariance; observation_error is a {type(problem.observation_error).__name__}"
            ". Made uncorrelated, by whitening, each of them would be a mixture of many and lie in "
            "no one place. Take a method without localisation, which takes the errors as they are, "
            "or the variances alone: DiagonalCovariance(jnp.sqrt(R.variances()))."
        )
    return None


def geometry_for(problem: AbstractStateSpace) -> Geometry:
    """The positions; solvers have said that they need them.

    Errors: `PlugaxError` if the problem has none.
    """
    if problem.geometry is None:
        raise PlugaxError("The problem has no geometry.")
    return problem.geometry


def unplanned(method: str) -> PlugaxError:
    """What to say where a step is asked for before the tables are there."""
    return PlugaxError(
        f"{method} has no table of neighbours yet. plugax.solve makes it; where the solver's "
        "functions are called by hand, take solver = solver.planned(problem, steps) first."
    )
