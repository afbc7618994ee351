"""Dense output of an adaptive integration, by the polynomials of its scheme."""

from typing import Any

import diffrax
import jax
import jax.lax as lax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, PyTree

from plugax import AbstractPath

from ._trial import trial


class AdaptivePath(AbstractPath):
    """A solution between two times, from every step that was made to the next.

    Arguments:
        interpolation: diffrax's, over a clock of its own from 0 to 1.
        start: the time that is 0 there.
        length: the time from there to 1.
        succeeded: whether the integration did; all is NaN where it did not.
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
