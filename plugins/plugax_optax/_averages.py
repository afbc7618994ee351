"""Averages of the weights along a run, which often predict better than the last weights.

With the weights u_t after step t, each average is a ← a + w_t (u_t − a), where

    exponential   w_t = (1 − d) / (1 − dᵗ)        a = Σ_i dᵗ⁻ⁱ u_i / Σ_i dᵗ⁻ⁱ
    stochastic    w_t = 1 / max(t − s, 1)         a = mean of u_{s+1} … u_t, and u_t before that

d is the decay, s the step at which the average begins.

Source: Polyak and Juditsky, 1992, doi:10.1137/0330046; stochastic weight averaging, Izmailov et
al., 2018, arXiv:1803.05407. The exponential average is that of Kingma and Ba, 2014, section 7.2.
"""

from typing import Literal

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, PyTree

from ._mixed import widened

AverageName = Literal["exponential", "stochastic"]


class Average(eqx.Module):
    """An average so far.

    Attributes:
        value: the average, in single precision or better.
        count: the number of steps so far.
    """

    value: PyTree
    count: Int[Array, ""]


def begin(params: PyTree) -> Average:
    """The average before the first step: the weights themselves."""
    return Average(widened(params), jnp.zeros((), "int32"))


def add(average: Average, params: PyTree, weight: Float[Array, ""]) -> Average:
    """The average with the weights after one more step."""

    def mean(old: Array, new: Array) -> Array:
        return old + weight.astype(old.dtype) * (new.astype(old.dtype) - old)

    return Average(jax.tree.map(mean, average.value, params), average.count + 1)


def exponential_weight(step: Int[Array, ""], decay: Float[Array, ""]) -> Float[Array, ""]:
    """w_t, for step t ≥ 1."""
    return (1 - decay) / -jnp.expm1(step.astype(decay.dtype) * jnp.log(decay))


def stochastic_weight(
    step: Int[Array, ""], steps: Int[Array, ""], start: Float[Array, ""]
) -> Float[Array, ""]:
    """w_t, for step t ≥ 1 of a run of so many, if a fraction `start` of it is left out."""
    begin = jnp.floor(start * steps.astype(start.dtype))
    return 1 / jnp.maximum(step.astype(start.dtype) - begin, 1)


def like(average: Average, params: PyTree) -> PyTree:
    """The average in the dtypes of the weights."""
    return jax.tree.map(lambda mean, leaf: mean.astype(leaf.dtype), average.value, params)
