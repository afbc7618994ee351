"""Covariances of uncorrelated errors: B is diagonal."""

import operator

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, ArrayLike, Float, Real

from plugax import PlugaxError

from ._check import check_positive, check_scalar, check_size
from ._covariance import AbstractCovariance


class AbstractUncorrelated(AbstractCovariance):
    """diag(σ²), with one σ for all errors or one for each; a subclass defines `std`, σ."""

    std: eqx.AbstractVar[Float[Array, "..."]]

    @property
    def uncorrelated(self) -> bool:
        """It is."""
        return True

    @property
    def dtype(self) -> jnp.dtype:
        """That of σ."""
        return self.std.dtype

    def root(self, control: Float[Array, " size"]) -> Float[Array, " size"]:
        """σ v."""
        return self.std.astype(control.dtype) * control

    def root_transposed(self, x: Float[Array, " size"]) -> Float[Array, " size"]:
        """σ x."""
        return self.root(x)

    def whiten(self, x: Float[Array, " size"]) -> Float[Array, " size"]:
        """The quotient x / σ."""
        return x / self.std.astype(x.dtype)


class ScalarCovariance(AbstractUncorrelated):
    """σ² I: independent errors with the same standard deviation.

    Arguments:
        std: σ.
        size: how many errors there are.

    Errors: `PlugaxError` if σ is not one positive number.
    """

    std: Float[Array, ""]
    errors: int = eqx.field(static=True)

    def __init__(self, std: Real[ArrayLike, "..."], size: int):
        check_size(size, of="ScalarCovariance")
        check_scalar("std", std, of="ScalarCovariance")
        self.std = jnp.asarray(std, float)
        self.errors = operator.index(size)

    @property
    def size(self) -> int:
        """How many errors there are."""
        return self.errors


class DiagonalCovariance(AbstractUncorrelated):
    """diag(σ²): independent errors.

    Arguments:
        std: σ, one value for every error.

    Errors: `PlugaxError` if a σ is not positive, or the array is empty.
    """

    std: Float[Array, " size"]

    def __init__(self, std: Real[ArrayLike, "..."]):
        if jnp.ndim(std) != 1 or not jnp.size(std):
            raise PlugaxError(
                "std of a DiagonalCovariance must be an array of one axis, with a value for every "
                f"error; got shape {jnp.shape(std)}."
            )
        check_positive("std", std, of="DiagonalCovariance")
        self.std = jnp.asarray(std, float)

    @property
    def size(self) -> int:
        """How many errors there are."""
        return self.std.shape[-1]
