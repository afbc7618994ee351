"""A covariance given by a factor, such as the anomalies of an ensemble."""

import jax.numpy as jnp
from jaxtyping import Array, ArrayLike, Float, Real

from plugax import PlugaxError

from ._check import check_numbers
from ._covariance import AbstractCovariance


class FactorCovariance(AbstractCovariance):
    """B = L Lᵀ of any rank.

    The anomalies of an ensemble of N states, divided by √(N − 1), are such a factor. B has no
    inverse if L has fewer columns than rows, so it can be used for backgrounds and model errors,
    but not for observation errors. With no column at all, B = 0.

    Arguments:
        factor: L.

    Errors: `PlugaxError` if L does not have two axes or is not finite, and always from `whiten`.
    """

    factor: Float[Array, "size control"]

    def __init__(self, factor: Real[ArrayLike, "..."]):
        if jnp.ndim(factor) != 2:
            raise PlugaxError(
                f"The factor of a FactorCovariance must have two axes; got shape "
                f"{jnp.shape(factor)}."
            )
        check_numbers("factor", factor, of="FactorCovariance")
        factor = jnp.asarray(factor)
        # Anomalies keep their precision.
        inexact = jnp.issubdtype(factor.dtype, jnp.inexact)
        self.factor = factor if inexact else factor.astype(float)

    @property
    def size(self) -> int:
        """How many errors there are."""
        return self.factor.shape[-2]

    @property
    def control_size(self) -> int:
        """The columns of L."""
        return self.factor.shape[-1]

    @property
    def dtype(self) -> jnp.dtype:
        """That of L."""
        return self.factor.dtype

    def root(self, control: Float[Array, " control"]) -> Float[Array, " size"]:
        """L v."""
        return self.factor.astype(control.dtype) @ control

    def whiten(self, x: Float[Array, " size"]) -> Float[Array, " white"]:  # noqa: ARG002
        """Not available: B may have no inverse."""
        raise PlugaxError(
            "A FactorCovariance may have no inverse, so it cannot whiten anything. If it has "
            "one, give DenseCovariance(factor @ factor.T); this one has a factor of shape "
            f"{self.factor.shape}."
        )
