"""The parameters of a mixture: as solvers see them, without bounds, and as people read them.

With weights w, means μ, covariances (or scale matrices) Σ and the lower triangular P of Pᵀ P = Σ⁻¹,

    w = softmax(0, a₁, …),    P_ii = exp(l_i),    1/ν = t² + 1/1000,

so that any a, μ, l, P_ij (i > j) and t are a mixture. Means and P are those of standardised data.
"""

from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

# A t distribution of that many degrees of freedom is a normal one for all that data can tell.
MOST_FREEDOM = 1000.0


class Parameters(eqx.Module):
    """The unknowns.

    Attributes:
        logits: a, of all components but the first, whose own is 0.
        means: μ, in the standardised units.
        log_scales: l: one for each axis of each component, if the components share them for each
            axis, and if the axes do for each component.
        lower: P below its diagonal, row by row, or nothing.
        tails: t of every component; None if no degrees of freedom are estimated.
    """

    logits: Float[Array, " others"]
    means: Float[Array, "components axes"]
    log_scales: Float[Array, "..."]
    lower: Float[Array, "..."]
    tails: Float[Array, " components"] | None

    @property
    def log_weights(self) -> Float[Array, " components"]:
        """The logarithms of w."""
        zero = jnp.zeros((1,), self.logits.dtype)
        return jax.nn.log_softmax(jnp.concatenate([zero, self.logits]))


class Mixture(NamedTuple):
    """A mixture in the units of the data.

    Attributes:
        weights: the share of every component.
        means: the mean of every component.
        covariances: the covariance of every component; for a t distribution its scale matrix Σ, for
            which the covariance is ν/(ν − 2) Σ.
        freedom: ν of every component; infinite for normal ones.
    """

    weights: Float[Array | np.ndarray, " components"]
    means: Float[Array | np.ndarray, "components columns"]
    covariances: Float[Array | np.ndarray, "components columns columns"]
    freedom: Float[Array | np.ndarray, " components"]


def logits_of(weights: Float[Array, " components"]) -> Float[Array, " others"]:
    """a of w."""
    return jnp.log(weights[1:] / weights[0])


def freedom_of(tails: Float[Array, " components"]) -> Float[Array, " components"]:
    """ν of t."""
    return 1 / (tails**2 + 1 / MOST_FREEDOM)


def tails_of(freedom: Float[Array, " components"]) -> Float[Array, " components"]:
    """t of ν, 0 for ν of 1000 and more."""
    return jnp.sqrt(jnp.maximum(1 / freedom - 1 / MOST_FREEDOM, 0))
