"""The energy with which a trajectory starts."""

import jax.numpy as jnp
from blackjax.mcmc.hmc import HMCState
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Float, PyTree

from ._tuning import Tuned


def energy(start: HMCState, momentum: PyTree, tuned: Tuned) -> Float[Array, ""]:
    """−ℓ(u) + ½ pᵀ M⁻¹ p.

    Arguments:
        start: where the trajectory starts.
        momentum: p.
        tuned: with the inverse mass matrix, or its diagonal.
    """
    p, _ = ravel_pytree(momentum)
    inverse = tuned.inverse_mass
    velocity = inverse @ p if inverse.ndim > 1 else inverse * p
    return jnp.vdot(p, velocity) / 2 - start.logdensity
