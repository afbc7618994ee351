"""Losses of the difference between prediction and target, e = prediction − target."""

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float, Shaped

from ._loss import AbstractLoss, Reduction, check_same_shape


def _difference(
    prediction: Float[Array, "examples ..."], target: Shaped[Array, "examples ..."]
) -> Float[Array, "examples ..."]:
    check_same_shape("prediction", jnp.shape(prediction), target)
    return prediction - target.astype(prediction.dtype)


class SquaredError(AbstractLoss):
    """The squared error l(e) = e².

    Arguments:
        reduction: mean or sum, within an example and over examples.
    """

    reduction: Reduction = eqx.field(default="mean", static=True)

    def elements(
        self, prediction: Float[Array, "examples ..."], target: Shaped[Array, "examples ..."]
    ) -> Float[Array, "examples ..."]:
        """Squared errors, in the common shape of prediction and target."""
        return jnp.square(_difference(prediction, target))


class AbsoluteError(AbstractLoss):
    """The absolute error l(e) = |e|; its derivative at e = 0 is taken as 0.

    Arguments:
        reduction: mean or sum, within an example and over examples.
    """

    reduction: Reduction = eqx.field(default="mean", static=True)

    def elements(
        self, prediction: Float[Array, "examples ..."], target: Shaped[Array, "examples ..."]
    ) -> Float[Array, "examples ..."]:
        """Absolute errors, in the common shape of prediction and target."""
        error = _difference(prediction, target)
        # Not jnp.abs, whose derivative at zero is 1 in JAX: a perfect fit would not be kept.
        return error * jnp.sign(error)


class Huber(AbstractLoss):
    """Huber's loss: quadratic for small errors, linear for large ones.

    l(e) = ½ e² for |e| ≤ δ, and δ (|e| − ½ δ) beyond; its derivative is e clipped to [−δ, δ].

    Arguments:
        delta: δ, the error from which on the loss is linear; positive. An array leaf may be swept.
        reduction: mean or sum, within an example and over examples.

    Source: P. J. Huber, Robust Estimation of a Location Parameter, Ann. Math. Statist. 35 (1964),
    73–101, doi:10.1214/aoms/1177703732.
    """

    delta: float | Float[Array, ""] = 1.0
    reduction: Reduction = eqx.field(default="mean", static=True)

    def __check_init__(self):
        if isinstance(self.delta, int | float) and not self.delta > 0:
            raise ValueError(f"delta must be positive; got {self.delta}.")

    def elements(
        self, prediction: Float[Array, "examples ..."], target: Shaped[Array, "examples ..."]
    ) -> Float[Array, "examples ..."]:
        """Huber's loss of the errors, in the common shape of prediction and target."""
        size = jnp.abs(_difference(prediction, target))
        delta = jnp.asarray(self.delta, size.dtype)
        near = jnp.minimum(size, delta)
        return jnp.square(near) / 2 + delta * (size - near)
