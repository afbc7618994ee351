"""A normal distribution of states."""

import equinox as eqx
import jax
import jax.numpy as jnp
from jax.core import Tracer
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Float, PRNGKeyArray, PyTree

from plugax import PlugaxError

from .covariances import AbstractCovariance


class Gaussian(eqx.Module):
    """N(mean, covariance), of an initial state, or of a model's climate.

    Arguments:
        mean: a state, any pytree of arrays.
        covariance: the covariance of the state's numbers, in the order of
            `jax.flatten_util.ravel_pytree`.

    Errors: `PlugaxError` if the sizes differ, or the mean is not finite.
    """

    mean: PyTree[Float[Array, "..."]]
    covariance: AbstractCovariance

    def __init__(self, mean: PyTree, covariance: AbstractCovariance):
        self.mean = jax.tree.map(lambda leaf: jnp.asarray(leaf, float), mean)
        self.covariance = covariance
        for leaf in jax.tree.leaves(self.mean):
            if not isinstance(leaf, Tracer) and not bool(jnp.all(jnp.isfinite(leaf))):
                raise PlugaxError(f"The mean of a Gaussian must be finite; got {leaf}.")
        numbers = sum(leaf.size for leaf in jax.tree.leaves(self.mean))
        if numbers != covariance.size:
            raise PlugaxError(
                f"The mean has {numbers} numbers, but the covariance has size {covariance.size}; "
                "they must agree."
            )

    def sample(self, key: PRNGKeyArray) -> PyTree[Float[Array, "..."]]:
        """A draw, with the structure of the mean."""
        mean, unravel = ravel_pytree(self.mean)
        return unravel(mean + self.covariance.sample(key).astype(mean.dtype))
