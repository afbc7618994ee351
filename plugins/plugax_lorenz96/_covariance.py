"""Square roots of covariances, as operators: B = B^½ (B^½)ᵀ, and no inverse anywhere.

Each maps a control variable v ~ N(0, I) to an error B^½ v ~ N(0, B).
"""

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from ._lorenz96 import parameter


class DiagonalRoot(eqx.Module):
    """Uncorrelated errors: B^½ v = σ v.

    Arguments:
        std: σ, a scalar, or one value a variable.
    """

    std: Float[Array, "*state"] = eqx.field(converter=parameter)

    def __call__(self, v: Float[Array, " state"]) -> Float[Array, " state"]:
        """B^½ v."""
        return self.std.astype(v.dtype) * v


class MatrixRoot(eqx.Module):
    """Any covariance that is known by a factor L with B = L Lᵀ: B^½ v = L v.

    A Cholesky factor is one, and so are the anomalies of an ensemble over √(members − 1): L need
    not be square.

    Arguments:
        matrix: L.
    """

    matrix: Float[Array, "state control"] = eqx.field(converter=parameter)

    def __call__(self, v: Float[Array, " control"]) -> Float[Array, " state"]:
        """B^½ v."""
        return self.matrix.astype(v.dtype) @ v


class RingRoot(eqx.Module):
    """Errors correlated alike all around a ring: B^½ v = σ F⁻¹ a F v, with F the Fourier transform.

    A covariance that looks the same from every variable of a ring is diagonal in Fourier space, so
    its root costs n log n operations, and memory for n numbers, at any size.

    Law: with a² of mean one over all n wavenumbers every variable has variance σ²; both
    constructors see to that.

    Arguments:
        std: σ, the standard deviation of each variable.
        amplitudes: a, the root of the spectrum at the n // 2 + 1 wavenumbers of a real transform.
        size: n, the number of variables.
    """

    std: Float[Array, ""] = eqx.field(converter=parameter)
    amplitudes: Float[Array, " wavenumbers"] = eqx.field(converter=parameter)
    size: int = eqx.field(static=True)

    @classmethod
    def gaussian(
        cls, std: float | Float[Array, ""], length: float | Float[Array, ""], size: int
    ) -> "RingRoot":
        """Correlation exp(−d² / 2 ℓ²) at a distance of d variables, summed over the windings.

        Its spectrum is the Gaussian exp(−½ (2πkℓ/n)²), summed over the aliases of a wavenumber k.
        """
        wavenumber = jnp.arange(size // 2 + 1, dtype=float)
        alias = size * jnp.arange(-20.0, 21.0)  # enough for lengths down to a twentieth
        angle = 2 * jnp.pi * (wavenumber[:, None] + alias[None, :]) / size
        return cls(std, _amplitudes(jnp.exp(-((angle * length) ** 2) / 2).sum(1), size), size)

    @classmethod
    def climatological(
        cls, std: float | Float[Array, ""], states: Float[Array, "samples size"]
    ) -> "RingRoot":
        """The correlation of states sampled from a run, averaged over the ring as well."""
        size = states.shape[1]
        anomalies = states - states.mean()
        spectrum = jnp.square(jnp.abs(jnp.fft.rfft(anomalies, axis=1))).mean(0)
        return cls(std, _amplitudes(spectrum, size), size)

    def __call__(self, v: Float[Array, " {self.size}"]) -> Float[Array, " {self.size}"]:
        """B^½ v."""
        transformed = jnp.fft.rfft(v)
        transformed = self.amplitudes.astype(transformed.dtype) * transformed
        return self.std.astype(v.dtype) * jnp.fft.irfft(transformed, self.size)


def _amplitudes(spectrum: Float[Array, " wavenumbers"], size: int) -> Float[Array, " wavenumbers"]:
    """The root of `spectrum`, scaled to mean one over all wavenumbers, mirror images counted."""
    mirrored = spectrum[1 : (size + 1) // 2]
    return jnp.sqrt(spectrum * (size / (spectrum.sum() + mirrored.sum())))
