"""Localisation: observations far from a variable do not change it, whatever their correlation.

Tables of neighbours are made on the host, before a run is compiled, by a method's `prepare`.
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
    """Which points are near every row, and how far away they are.

    Attributes:
        indices: indices of the points.
        distances: distances to the points; infinite where a row has no more points.
        reach: the greatest distance in the table.
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

        NaN if the table does not reach that far, so that nothing is cut off without notice.
        """
        width = HALF_WIDTH * radius
        # Both may be infinite: the distance at a row's end, and a radius without localisation.
        fill = jnp.isinf(self.distances)
        ratio = jnp.where(fill, 2, jnp.where(fill, 0, self.distances) / width.astype(float))
        enough = 2 * width <= self.reach.astype(width.dtype) * (1 + 1e-6)
        return jnp.where(enough, gaspari_cohn(ratio), jnp.nan).astype(dtype)


def distance_option(value: Any) -> Float[Array, ""]:
    """A positive distance, which may be infinite.

    Errors: `PlugaxError` if it is not positive.
    """
    if isinstance(value, int | float) and not value > 0:
        raise PlugaxError(f"A localisation radius must be positive; got {value}.")
    return value if isinstance(value, jnp.ndarray) else jnp.asarray(value, float)


def reach_of(radius: Float[Array, "*swept"]) -> float:
    """The distance at which the taper of a radius ends, or of the largest of several radii."""
    reach = 2 * HALF_WIDTH * float(np.max(np.asarray(radius)))
    return reach if math.isfinite(reach) else math.inf


def no_positions(problem: AbstractStateSpace) -> str | None:
    """Why a localised method cannot determine what is near what; None if it can.

    Either the problem has no positions, or its observation errors are correlated: after whitening,
    such observations have no single position.
    """
    if problem.geometry is None:
        return (
            "needs the positions of variables and observations, but the problem has none: give "
            "it geometry=plugax_state_space.Geometry(states, observations, period=…)."
        )
    if not lx.is_diagonal(problem.observation_error):
        return (
            "needs observations whose errors are uncorrelated, a ScalarCovariance or a "
            f"DiagonalCovariance; observation_error is a {type(problem.observation_error).__name__}"
            ". Whitening would make each of them a mixture of many, without a position of its own. "
            "Use a method without localisation, which can handle correlated errors, or the "
            "variances alone: DiagonalCovariance(jnp.sqrt(R.variances()))."
        )
    return None


def geometry_for(problem: AbstractStateSpace) -> Geometry:
    """The positions; `unsuitable` has checked for them.

    Errors: `PlugaxError` if the problem has none.
    """
    if problem.geometry is None:
        raise PlugaxError("The problem has no geometry.")
    return problem.geometry
