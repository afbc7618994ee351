"""Covariances that look the same from every variable of a ring.

Such a covariance is diagonal in Fourier space, so its root costs n log n operations, and memory for
n numbers. On short rings a product with the matrix is quicker than two transforms.
"""

from typing import Any

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jax.core import Tracer
from jaxtyping import Array, ArrayLike, Float

from plugax import PlugaxError
from plugax_state_space import AbstractCovariance

from ._check import check_positive

# Products are quicker up to about here. And XLA of JAX 0.12 refuses to transform vectors that do
# not lie one after the other in memory, as those of 4DVar's direct solver do in a population.
LONGEST_MATRIX = 128


class RingCovariance(AbstractCovariance):
    """Homogeneous correlations around a ring: B = σ² F⁻¹ s F, with F the Fourier transform.

    Laws: every variable has variance σ², since s has mean one over all n wavenumbers; the root is
    symmetric, B^½ = σ F⁻¹ √s F; shifting x around the ring shifts B x.

    Arguments:
        std: σ, the standard deviation of every variable.
        spectrum: s at the n // 2 + 1 wavenumbers of a real transform, nowhere negative; it is
            scaled to mean one.
        size: n, the number of variables.

    Errors: `PlugaxError` if the parts do not fit; from `whiten`, if s is 0 somewhere (to rounding),
    so that B has no inverse.
    """

    std: Float[Array, ""]
    amplitudes: Float[Array, " wavenumbers"]
    variables: int = eqx.field(static=True)
    invertible: bool = eqx.field(static=True)

    def __init__(
        self,
        std: float | Float[ArrayLike, ""],
        spectrum: Float[ArrayLike, " wavenumbers"],
        size: int,
    ):
        check_positive("std", std)
        numbers = _numbers(spectrum)
        known = numbers is np
        s = numbers.asarray(spectrum)
        if s.shape != (size // 2 + 1,):
            raise PlugaxError(
                f"The spectrum of a ring of {size} variables has {size // 2 + 1} wavenumbers; got "
                f"the shape {s.shape}."
            )
        if known and not ((s >= 0).all() and (s > 0).any()):
            raise PlugaxError("A spectrum must nowhere be negative or NaN, and somewhere positive.")
        mirrored = s[1 : (size + 1) // 2]
        amplitudes = numbers.sqrt(s * (size / (s.sum() + mirrored.sum())))
        self.std = jnp.asarray(std, float)
        self.amplitudes = jnp.asarray(amplitudes, float)
        self.variables = size
        # Values that are not known yet are assumed to be valid.
        least = jnp.finfo(self.amplitudes.dtype).eps * amplitudes.max() if known else 0
        self.invertible = not known or bool(amplitudes.min() > least)

    @classmethod
    def gaussian(
        cls, std: float | Float[ArrayLike, ""], length: float | Float[ArrayLike, ""], size: int
    ) -> "RingCovariance":
        """Correlation exp(−d² / 2 ℓ²) at a distance of d variables, summed over the windings.

        Its spectrum is the Gaussian exp(−½ (2πkℓ/n)²), summed over the aliases of a wavenumber k.
        """
        numbers = _numbers(length)
        # Enough windings for lengths down to a twentieth.
        turns = np.arange(size // 2 + 1)[:, None] / size + np.arange(-20, 21)[None, :]
        angle = numbers.asarray(2 * np.pi * turns, float) * numbers.asarray(length, float)
        return cls(std, numbers.exp(-(angle**2) / 2).sum(1), size)

    @classmethod
    def climatological(
        cls, std: float | Float[ArrayLike, ""] | None, states: Float[ArrayLike, "samples size"]
    ) -> "RingCovariance":
        """The covariance of states sampled from a run, averaged over the ring as well.

        Arguments:
            std: σ; None for that of the states.
            states: the sample.
        """
        numbers = _numbers(states)
        sample = numbers.asarray(states)
        spectrum = numbers.square(numbers.abs(numbers.fft.rfft(sample - sample.mean()))).mean(0)
        return cls(sample.std() if std is None else std, spectrum, sample.shape[1])

    @property
    def size(self) -> int:
        """The number of variables."""
        return self.variables

    @property
    def dtype(self) -> jnp.dtype:
        """That of σ."""
        return self.std.dtype

    def root(self, control: Float[Array, " size"]) -> Float[Array, " size"]:
        """B^½ v = σ F⁻¹ √s F v."""
        return self.std.astype(control.dtype) * self._filter(self.amplitudes, control)

    def root_transposed(self, x: Float[Array, " size"]) -> Float[Array, " size"]:
        """The root itself: it is symmetric."""
        return self.root(x)

    def whiten(self, x: Float[Array, " size"]) -> Float[Array, " size"]:
        """B^{-½} x = F⁻¹ (F x / √s) / σ."""
        if not self.invertible:
            raise PlugaxError(
                "This RingCovariance has no inverse: its spectrum is 0 at some wavenumbers, to "
                "rounding. A shorter correlation, or a ScalarCovariance added to it, has one."
            )
        return self._filter(1 / self.amplitudes, x) / self.std.astype(x.dtype)

    def _filter(
        self, factors: Float[Array, " wavenumbers"], x: Float[Array, " size"]
    ) -> Float[Array, " size"]:
        """F⁻¹ f F x."""
        if self.size > LONGEST_MATRIX:
            transformed = jnp.fft.rfft(x)
            return jnp.fft.irfft(factors.astype(transformed.dtype) * transformed, self.size)
        column = jnp.fft.irfft(factors, self.size).astype(x.dtype)
        number = np.arange(self.size)
        return column[(number[:, None] - number[None, :]) % self.size] @ x

    def mv(self, vector: Float[Array, " size"]) -> Float[Array, " size"]:
        """B x, by one transform and its inverse."""
        transformed = jnp.fft.rfft(vector)
        transformed = jnp.square(self.amplitudes).astype(transformed.dtype) * transformed
        return jnp.square(self.std).astype(vector.dtype) * jnp.fft.irfft(transformed, self.size)


def _numbers(value: ArrayLike) -> Any:
    """A NumPy array for known values, which needs no compilation; a JAX array for traced ones."""
    return jnp if isinstance(value, Tracer) else np
