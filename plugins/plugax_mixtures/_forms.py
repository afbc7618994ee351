"""The four forms of covariances: what components share, and what is left out.

A form says which P there are (Pᵀ P = Σ⁻¹, lower triangular), how distances y = P (z − μ) are
computed, and which P is most likely, given expected second moments. The latter are those of y,
about the present mean: near the answer they are the identity, so that nothing is lost to rounding.

    full       a P for each component
    tied       one P for all
    diagonal   for each component a diagonal P
    spherical  for each component a number times the identity
"""

import abc
from typing import NamedTuple

import jax
import jax.lax.linalg as linalg
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

Scales = Float[Array, "..."]
# A step that makes a standard deviation so many times smaller leads to a single place.
COLLAPSED = 1e-4


class Shape(NamedTuple):
    """P, by the logarithms of its diagonal and by what is below, as in `Parameters`."""

    log_scales: Scales
    lower: Scales


class Moments(NamedTuple):
    """Expected sums over rows, with y about the present means in units of the present P.

    Attributes:
        sizes: Σ r, r the responsibilities.
        masses: Σ r u, u the weights that rows have within a component; all 1 for normal ones.
        first: Σ r u y.
        second: Σ r u y yᵀ, or what a form needs of it.
    """

    sizes: Float[Array, " components"]
    masses: Float[Array, " components"]
    first: Float[Array, "components axes"]
    second: Float[Array, "..."]


class Form(abc.ABC):
    """A form of covariances."""

    @abc.abstractmethod
    def unit(self, covariance: Float[np.ndarray, "axes axes"]) -> Float[np.ndarray, "axes axes"]:
        """The lower triangular A of the standardised data z, x = m + A z, that keep the form."""

    @abc.abstractmethod
    def count(self, components: int, axes: int) -> int:
        """How many numbers the covariances have."""

    @abc.abstractmethod
    def shape_of(self, covariances: Float[Array, "components axes axes"]) -> Shape:
        """P of covariances that have this form."""

    def shared(
        self,
        covariances: Float[Array, "components axes axes"],
        weights: Float[Array, " components"],  # noqa: ARG002 - if nothing is shared
    ) -> Float[Array, "components axes axes"]:
        """Covariances of groups as this form has them: the mean, if components share it."""
        return covariances

    @abc.abstractmethod
    def roots(
        self, shape: Shape, components: int, axes: int
    ) -> Float[Array, "components axes axes"]:
        """P of every component."""

    @abc.abstractmethod
    def log_determinants(self, shape: Shape, axes: int) -> Float[Array, "..."]:
        """log det P of every component, or of all."""

    @abc.abstractmethod
    def distances(
        self, shape: Shape, means: Float[Array, "components axes"], z: Float[Array, "axes rows"]
    ) -> Float[Array, "components axes rows"]:
        """y = P (z − μ) of every component and row."""

    @abc.abstractmethod
    def second(
        self, weights: Float[Array, "components rows"], y: Float[Array, "components axes rows"]
    ) -> Float[Array, "..."]:
        """Σ weight y yᵀ, or what is needed of it."""

    @abc.abstractmethod
    def updated(
        self, shape: Shape, moments: Moments
    ) -> tuple[Shape, Float[Array, "components axes"]]:
        """The most likely P, and by how much the means move."""


class Full(Form):
    """A covariance for each component."""

    def unit(self, covariance: Float[np.ndarray, "axes axes"]) -> Float[np.ndarray, "axes axes"]:
        """The root of the covariance of all data."""
        return np.linalg.cholesky(covariance)

    def count(self, components: int, axes: int) -> int:
        """K d (d + 1)/2."""
        return components * axes * (axes + 1) // 2

    def shape_of(self, covariances: Float[Array, "components axes axes"]) -> Shape:
        """P of every component."""
        return _shape_of_root(_inverse(linalg.cholesky(covariances)))

    def roots(
        self,
        shape: Shape,
        components: int,  # noqa: ARG002 - the shape has them
        axes: int,  # noqa: ARG002
    ) -> Float[Array, "components axes axes"]:
        """P."""
        return _triangular(shape)

    def log_determinants(self, shape: Shape, axes: int) -> Float[Array, "..."]:  # noqa: ARG002
        """Σ l."""
        return jnp.sum(shape.log_scales, axis=-1)

    def distances(
        self, shape: Shape, means: Float[Array, "components axes"], z: Float[Array, "axes rows"]
    ) -> Float[Array, "components axes rows"]:
        """P z − P μ."""
        roots = _triangular(shape)
        y = jnp.einsum("kij,jn->kin", roots, z, precision="highest")
        return y - jnp.einsum("kij,kj->ki", roots, means, precision="highest")[..., None]

    def second(
        self, weights: Float[Array, "components rows"], y: Float[Array, "components axes rows"]
    ) -> Float[Array, "components axes axes"]:
        """Σ weight y yᵀ."""
        return jnp.einsum("kin,kjn->kij", weights[:, None] * y, y, precision="highest")

    def updated(
        self, shape: Shape, moments: Moments
    ) -> tuple[Shape, Float[Array, "components axes"]]:
        """With δ = Σ r u y / Σ r u: C = (Σ r u y yᵀ − Σ r u δ δᵀ)/Σ r = L Lᵀ, P ← L⁻¹ P."""
        delta = moments.first / moments.masses[:, None]
        outer = delta[:, :, None] * delta[:, None]
        spread = moments.second - moments.masses[:, None, None] * outer
        roots = _triangular(shape)
        factor = _factor(spread / moments.sizes[:, None, None])
        return _shape_of_root(_solve(factor, roots)), _solve(roots, delta[..., None])[..., 0]


class Tied(Full):
    """One covariance for all components."""

    def shared(
        self,
        covariances: Float[Array, "components axes axes"],
        weights: Float[Array, " components"],
    ) -> Float[Array, "components axes axes"]:
        """The mean, for each component."""
        mean = jnp.einsum("k,kij->ij", weights, covariances, precision="highest")
        return jnp.broadcast_to(mean[None], covariances.shape)

    def count(self, components: int, axes: int) -> int:  # noqa: ARG002 - it is the same
        """d (d + 1)/2."""
        return axes * (axes + 1) // 2

    def shape_of(self, covariances: Float[Array, "components axes axes"]) -> Shape:
        """P of the first, which is that of all."""
        return _shape_of_root(_inverse(linalg.cholesky(covariances[0])))

    def roots(
        self, shape: Shape, components: int, axes: int
    ) -> Float[Array, "components axes axes"]:
        """P, once for every component."""
        return jnp.broadcast_to(_triangular(shape)[None], (components, axes, axes))

    def distances(
        self, shape: Shape, means: Float[Array, "components axes"], z: Float[Array, "axes rows"]
    ) -> Float[Array, "components axes rows"]:
        """P z − P μ, the first for all components at once."""
        root = _triangular(shape)
        y = jnp.einsum("ij,jn->in", root, z, precision="highest")
        return y[None] - jnp.einsum("ij,kj->ki", root, means, precision="highest")[..., None]

    def second(
        self, weights: Float[Array, "components rows"], y: Float[Array, "components axes rows"]
    ) -> Float[Array, "axes axes"]:
        """Σ weight y yᵀ of all components."""
        return jnp.sum(super().second(weights, y), axis=0)

    def updated(
        self, shape: Shape, moments: Moments
    ) -> tuple[Shape, Float[Array, "components axes"]]:
        """As for `Full`, of the sums over components."""
        delta = moments.first / moments.masses[:, None]
        outer = jnp.einsum("k,ki,kj->ij", moments.masses, delta, delta, precision="highest")
        factor = _factor((moments.second - outer) / jnp.sum(moments.sizes))
        root = _triangular(shape)
        return _shape_of_root(_solve(factor, root)), _solve(root, delta.T).T


class Diagonal(Form):
    """For each component a variance along every axis."""

    def unit(self, covariance: Float[np.ndarray, "axes axes"]) -> Float[np.ndarray, "axes axes"]:
        """The standard deviation of every column."""
        return np.diag(np.sqrt(np.diag(covariance)))

    def count(self, components: int, axes: int) -> int:
        """K d."""
        return components * axes

    def shape_of(self, covariances: Float[Array, "components axes axes"]) -> Shape:
        """P of the variances."""
        return _without_lower(-0.5 * jnp.log(jnp.diagonal(covariances, axis1=-2, axis2=-1)))

    def roots(
        self, shape: Shape, components: int, axes: int
    ) -> Float[Array, "components axes axes"]:
        """exp l on the diagonal."""
        return self._along(shape, components, axes)[..., None] * _identity(shape, axes)[None]

    def log_determinants(self, shape: Shape, axes: int) -> Float[Array, "..."]:  # noqa: ARG002
        """Σ l."""
        return jnp.sum(shape.log_scales, axis=-1)

    def distances(
        self, shape: Shape, means: Float[Array, "components axes"], z: Float[Array, "axes rows"]
    ) -> Float[Array, "components axes rows"]:
        """(z − μ) exp l."""
        return (z[None] - means[..., None]) * self._along(shape, *means.shape)[..., None]

    def second(
        self, weights: Float[Array, "components rows"], y: Float[Array, "components axes rows"]
    ) -> Float[Array, "components axes"]:
        """Σ weight y²."""
        return jnp.einsum("kn,kin->ki", weights, jnp.square(y), precision="highest")

    def updated(
        self, shape: Shape, moments: Moments
    ) -> tuple[Shape, Float[Array, "components axes"]]:
        """As for `Full`, along every axis."""
        delta = moments.first / moments.masses[:, None]
        spread = (moments.second - moments.masses[:, None] * delta**2) / moments.sizes[:, None]
        moved = delta / self._along(shape, *delta.shape)
        return self._narrowed(shape, spread), moved

    def _along(self, shape: Shape, components: int, axes: int) -> Float[Array, "components axes"]:
        """The diagonal of P."""
        del components, axes
        return jnp.exp(shape.log_scales)

    def _narrowed(self, shape: Shape, spread: Float[Array, "components axes"]) -> Shape:
        return _without_lower(shape.log_scales - jnp.log(_length(spread)))


class Spherical(Diagonal):
    """For each component one variance, along all axes."""

    def unit(self, covariance: Float[np.ndarray, "axes axes"]) -> Float[np.ndarray, "axes axes"]:
        """One standard deviation for all columns, whose units have to be the same."""
        return np.sqrt(np.mean(np.diag(covariance))) * np.eye(len(covariance))

    def count(self, components: int, axes: int) -> int:  # noqa: ARG002 - they share it
        """K."""
        return components

    def shape_of(self, covariances: Float[Array, "components axes axes"]) -> Shape:
        """P of the mean variance."""
        variances = jnp.diagonal(covariances, axis1=-2, axis2=-1)
        return _without_lower(-0.5 * jnp.log(jnp.mean(variances, axis=-1)))

    def log_determinants(self, shape: Shape, axes: int) -> Float[Array, "..."]:
        """d l."""
        return axes * shape.log_scales

    def _along(self, shape: Shape, components: int, axes: int) -> Float[Array, "components axes"]:
        return jnp.broadcast_to(jnp.exp(shape.log_scales)[:, None], (components, axes))

    def _narrowed(self, shape: Shape, spread: Float[Array, "components axes"]) -> Shape:
        return _without_lower(shape.log_scales - jnp.log(_length(jnp.mean(spread, axis=-1))))


FORMS: dict[str, Form] = {
    "full": Full(),
    "tied": Tied(),
    "diagonal": Diagonal(),
    "spherical": Spherical(),
}


def _length(variance: Float[Array, "..."]) -> Float[Array, "..."]:
    """The standard deviation; if there is none, a small number, so that a collapse is seen."""
    sound = variance > COLLAPSED**2
    return jnp.where(sound, jnp.sqrt(jnp.where(sound, variance, 1)), COLLAPSED)


def _factor(matrix: Float[Array, "*components axes axes"]) -> Float[Array, "*components axes axes"]:
    """L of L Lᵀ; if the matrix is singular, a small one, so that a collapse is seen."""
    factor = linalg.cholesky(matrix)
    sound = jnp.all(jnp.diagonal(factor, axis1=-2, axis2=-1) > COLLAPSED, axis=-1)
    small = COLLAPSED * jnp.broadcast_to(
        jnp.eye(matrix.shape[-1], dtype=matrix.dtype), matrix.shape
    )
    return jnp.where(sound[..., None, None], factor, small)


def _triangular(shape: Shape) -> Float[Array, "*components axes axes"]:
    """P of l and of what is below the diagonal."""
    axes = shape.log_scales.shape[-1]
    diagonal = (
        jnp.exp(shape.log_scales)[..., None]
        * _identity(shape, axes)[(None,) * (shape.log_scales.ndim - 1)]
    )
    return diagonal.at[(..., *np.tril_indices(axes, -1))].set(shape.lower)


def _shape_of_root(root: Float[Array, "*components axes axes"]) -> Shape:
    below = np.tril_indices(root.shape[-1], -1)
    return Shape(jnp.log(jnp.diagonal(root, axis1=-2, axis2=-1)), root[(..., *below)])


def _without_lower(log_scales: Scales) -> Shape:
    """The P that have nothing below the diagonal."""
    return Shape(log_scales, jnp.zeros((len(log_scales), 0), log_scales.dtype))


def _identity(shape: Shape, axes: int) -> Float[Array, "axes axes"]:
    return jnp.eye(axes, dtype=shape.log_scales.dtype)


def _solve(
    lower: Float[Array, "*components axes axes"], right: Float[Array, "*components axes columns"]
) -> Float[Array, "*components axes columns"]:
    """lower⁻¹ right."""
    return jax.scipy.linalg.solve_triangular(lower, right, lower=True)


def _inverse(lower: Float[Array, "*components axes axes"]) -> Float[Array, "*components axes axes"]:
    identity = jnp.eye(lower.shape[-1], dtype=lower.dtype)
    return _solve(lower, jnp.broadcast_to(identity, lower.shape))
