"""The loss `NEW_class`: squares of small errors, sizes of large ones."""

import equinox as eqx
import jax.numpy as jnp
from plugax.losses import AbstractLoss, Reduction


class NEW_class(AbstractLoss):
    """l(e) = log cosh e, for the error e = prediction − target; its derivative is tanh e.

    Arguments:
        reduction: mean or sum, within an example and over examples.

    Errors: `ValueError` if the shapes of prediction and target differ.
    """

    reduction: Reduction = eqx.field(default="mean", static=True)

    def elements(self, prediction, target):
        if prediction.shape != target.shape:
            raise ValueError(
                f"prediction and target must have one shape; got {prediction.shape} and "
                f"{target.shape}."
            )
        error = prediction - target.astype(prediction.dtype)
        # cosh would overflow; the logarithm of a sum of exponentials does not.
        return jnp.logaddexp(error, -error) - jnp.log(2).astype(error.dtype)
