"""The negative log-likelihood of a normal distribution with a predicted spread."""

import math

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float, Shaped

from ._loss import AbstractLoss, Reduction, check_same_shape


class GaussianNegativeLogLikelihood(AbstractLoss):
    """The negative log-density of the target under a predicted normal distribution.

    l = ½ (log 2π + s + (y − μ)² exp(−s)) for target y, mean μ and *logarithm of the variance* s.
    The logarithm may be any real number, so the output of a model needs no constraint, and the
    variance is never zero. The density includes its constant, so losses of different models can be
    compared, and `reduction="sum"` gives minus the log-likelihood of all data.

    The loss is not bounded below: if a model can pass through every target, s goes to −∞. Give such
    a model a lower bound, as in `s = jnp.logaddexp(s, log_smallest_variance)`.

    Arguments:
        reduction: mean or sum, within an example and over examples.

    Source: D. A. Nix and A. S. Weigend, Estimating the Mean and Variance of the Target Probability
    Distribution, ICNN (1994), 55–60, doi:10.1109/ICNN.1994.374138.
    """

    reduction: Reduction = eqx.field(default="mean", static=True)

    def elements(
        self,
        prediction: tuple[Float[Array, "examples ..."], Float[Array, "examples ..."]],
        target: Shaped[Array, "examples ..."],
    ) -> Float[Array, "examples ..."]:
        """Negative log-densities, in the common shape of mean, logarithm of variance and target.

        Arguments:
            prediction: the pair (mean, logarithm of the variance), with the same shape and dtype.
            target: the observed values.
        """
        mean, log_variance = prediction
        check_same_shape("the predicted mean", jnp.shape(mean), target)
        check_same_shape("the predicted log variance", jnp.shape(log_variance), target)
        # Scaled before it is squared: the square of a large error may overflow even if the square
        # of its ratio to the standard deviation does not.
        z = (target.astype(mean.dtype) - mean) * jnp.exp(-log_variance / 2)
        return (math.log(2 * math.pi) + log_variance + jnp.square(z)) / 2
