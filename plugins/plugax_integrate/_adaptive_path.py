"""Dense output of an adaptive integration, by the polynomials of its scheme."""

from typing import Any

import diffrax
import jax
import jax.lax as lax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, PyTree

from plugax.integrators import AbstractPath

from ._trial import trial


class AdaptivePath(AbstractPath):
    """A solution between two times, interpolated between the steps that were made.

    Arguments:
        interpolation: diffrax's interpolation, over its own clock from 0 to 1.
        start: the time at 0 of this clock.
        length: the time from 0 to 1 of this clock.
        succeeded: whether the integration succeeded; if not, all values are NaN.
    """

    interpolation: diffrax.DenseInterpolation
    start: Float[Array, ""]
    length: Float[Array, ""]
    succeeded: Bool[Array, ""]

    def __call__(self, t: float | Float[Array, ""]) -> PyTree:
        """The state at one time."""
        s = (jnp.asarray(t, self.start.dtype) - self.start) / self.length
        # The ends may be missed by rounding: of the times, and of their difference.
        size = 1 + jnp.abs(self.start / self.length)
        slack = 16 * jnp.finfo(s.dtype).eps * size
        inside = (s >= -slack) & (s <= 1 + slack) & self.succeeded
        # Moved, not clipped: at the ends themselves the derivative of a clip is a half.
        s = s + lax.stop_gradient(jnp.clip(s, 0, 1) - s)
        state: Any
        state, _ = trial(lambda: (self.interpolation.evaluate(s), inside))
        return jax.tree.map(lambda leaf: jnp.where(inside, leaf, jnp.nan), state)
