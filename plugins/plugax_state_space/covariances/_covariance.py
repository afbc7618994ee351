"""The interface of covariances, and the sums, multiples and parts that are covariances again.

    B = B^½ (B^½)ᵀ

A covariance is defined by how its root acts on a vector. No inverse is formed anywhere. All that a
method needs of the inverse is ‖B^{-½} x‖² = xᵀ B⁻¹ x, which `whiten` provides.
"""

import abc
from typing import overload

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
import lineax as lx
from jax.scipy.linalg import solve_triangular
from jaxtyping import Array, ArrayLike, Bool, Float, PRNGKeyArray, Real

from plugax import PlugaxError

from ._check import check_scalar


class AbstractCovariance(lx.AbstractLinearOperator):
    """The covariance B of the errors of a vector; an operator of lineax, `B.mv(x)` is B x.

    A subclass defines the properties `size` and `dtype`, and the methods `root` and `whiten`. Sums
    (`B + C`) and multiples (`0.5 * B`) of covariances are covariances.

    Laws: `mv(x)` is `root(rootᵀ(x))`; ‖`whiten(x)`‖² = xᵀ B⁻¹ x if B has an inverse; the results of
    `root` and `whiten` have the dtype of their argument; B is symmetric and positive semi-definite.
    """

    @property
    @abc.abstractmethod
    def size(self) -> int:
        """How many numbers x has."""

    @property
    @abc.abstractmethod
    def dtype(self) -> jnp.dtype:
        """The dtype of the numbers that B is made of."""

    @property
    def control_size(self) -> int:
        """How many numbers v has in x = B^½ v; this differs from `size` if B^½ is not square."""
        return self.size

    @property
    def uncorrelated(self) -> bool:
        """Whether B is known to be diagonal."""
        return False

    @abc.abstractmethod
    def root(self, control: Float[Array, " control"]) -> Float[Array, " size"]:
        """B^½ v, which has the distribution N(0, B) for v ~ N(0, I)."""

    @abc.abstractmethod
    def whiten(self, x: Float[Array, " size"]) -> Float[Array, " white"]:
        """B^{-½} x, for a root of B that may differ from `root`: only the norm has a meaning."""

    def root_transposed(self, x: Float[Array, " size"]) -> Float[Array, " control"]:
        """(B^½)ᵀ x."""
        control = jax.ShapeDtypeStruct((self.control_size,), x.dtype)
        return jax.linear_transpose(self.root, control)(x)[0]

    def sample(self, key: PRNGKeyArray) -> Float[Array, " size"]:
        """A draw from N(0, B)."""
        return self.root(jr.normal(key, (self.control_size,), self.dtype))

    def restricted(self, available: Bool[Array, " size"]) -> "AbstractCovariance":
        """The covariance of a part of x; its `whiten` ignores the rest of x and returns 0 there."""
        return RestrictedCovariance(self, available)

    def mv(self, vector: Float[Array, " size"]) -> Float[Array, " size"]:
        """B x."""
        return self.root(self.root_transposed(vector))

    def as_matrix(self) -> Float[Array, "size size"]:
        """B as a matrix."""
        return jax.vmap(self.mv, out_axes=1)(jnp.eye(self.size, dtype=self.dtype))

    def variances(self) -> Float[Array, " size"]:
        """The diagonal of B."""
        if self.uncorrelated:
            return self.mv(jnp.ones((self.size,), self.dtype))
        return jnp.diagonal(self.as_matrix())

    def transpose(self) -> "AbstractCovariance":
        """B itself."""
        return self

    def in_structure(self) -> jax.ShapeDtypeStruct:
        """The shape and dtype of x."""
        return jax.ShapeDtypeStruct((self.size,), self.dtype)

    def out_structure(self) -> jax.ShapeDtypeStruct:
        """The shape and dtype of B x."""
        return self.in_structure()

    @overload
    def __add__(self, other: "AbstractCovariance") -> "AbstractCovariance": ...

    @overload
    def __add__(self, other: lx.AbstractLinearOperator) -> lx.AbstractLinearOperator: ...

    def __add__(self, other: lx.AbstractLinearOperator) -> lx.AbstractLinearOperator:
        if isinstance(other, AbstractCovariance):
            return SumCovariance((self, other))
        return super().__add__(other)

    def __mul__(self, other: ArrayLike) -> "AbstractCovariance":
        return ScaledCovariance(self, other)

    def __truediv__(self, other: ArrayLike) -> "AbstractCovariance":
        return self * (1 / jnp.asarray(other, self.dtype))


class AbstractDerivedCovariance(AbstractCovariance):
    """A covariance that is made of another one, B, and has its sizes and dtype."""

    covariance: eqx.AbstractVar[AbstractCovariance]

    @property
    def size(self) -> int:
        """That of B."""
        return self.covariance.size

    @property
    def control_size(self) -> int:
        """That of B."""
        return self.covariance.control_size

    @property
    def dtype(self) -> jnp.dtype:
        """That of B."""
        return self.covariance.dtype

    @property
    def uncorrelated(self) -> bool:
        """As B is."""
        return self.covariance.uncorrelated


class ScaledCovariance(AbstractDerivedCovariance):
    """α B.

    Arguments:
        covariance: B.
        scale: α.

    Errors: `PlugaxError` if α is not one positive number.
    """

    covariance: AbstractCovariance
    scale: Float[Array, ""]

    def __init__(self, covariance: AbstractCovariance, scale: Real[ArrayLike, "..."]):
        check_scalar("scale", scale, of="ScaledCovariance")
        self.covariance = covariance
        self.scale = jnp.asarray(scale, covariance.dtype)

    def root(self, control: Float[Array, " control"]) -> Float[Array, " size"]:
        """√α B^½ v."""
        return jnp.sqrt(self.scale).astype(control.dtype) * self.covariance.root(control)

    def whiten(self, x: Float[Array, " size"]) -> Float[Array, " white"]:
        """B^{-½} x / √α."""
        return self.covariance.whiten(x) / jnp.sqrt(self.scale).astype(x.dtype)

    def restricted(self, available: Bool[Array, " size"]) -> AbstractCovariance:
        """α times the part of B."""
        return ScaledCovariance(self.covariance.restricted(available), self.scale)


class SumCovariance(AbstractCovariance):
    """B₁ + B₂ + …, for errors that are sums of independent errors, such as a hybrid covariance.

    Its root has the roots of the parts side by side, (B₁^½ B₂^½ …), so the control variable is as
    long as those of the parts together (Lorenc 2003, doi 10.1256/qj.02.132).

    Arguments:
        parts: B₁, B₂, …

    Errors: `PlugaxError` if their sizes differ. `whiten` returns NaN if the sum has no inverse.
    """

    parts: tuple[AbstractCovariance, ...]

    def __init__(self, parts: tuple[AbstractCovariance, ...]):
        if not parts or len({part.size for part in parts}) > 1:
            raise PlugaxError(
                "The parts of a SumCovariance must be covariances of the same size; got sizes "
                f"{[part.size for part in parts]}."
            )
        self.parts = tuple(parts)

    @property
    def size(self) -> int:
        """That of every part."""
        return self.parts[0].size

    @property
    def control_size(self) -> int:
        """Those of all parts together."""
        return sum(part.control_size for part in self.parts)

    @property
    def dtype(self) -> jnp.dtype:
        """That of the parts."""
        return jnp.result_type(*(part.dtype for part in self.parts))

    @property
    def uncorrelated(self) -> bool:
        """Where all parts are."""
        return all(part.uncorrelated for part in self.parts)

    def root(self, control: Float[Array, " control"]) -> Float[Array, " size"]:
        """The sum B₁^½ v₁ + B₂^½ v₂ + … of the parts."""
        total, first = jnp.zeros((self.size,), control.dtype), 0
        for part in self.parts:
            total = total + part.root(control[first : first + part.control_size])
            first += part.control_size
        return total

    def whiten(self, x: Float[Array, " size"]) -> Float[Array, " size"]:
        """By the Cholesky factor of the sum, computed at every call, unless the sum is diagonal."""
        if self.uncorrelated:
            return x / jnp.sqrt(self.variances()).astype(x.dtype)
        return _whiten(self.as_matrix().astype(x.dtype), x)


class RestrictedCovariance(AbstractDerivedCovariance):
    """D B D, with D diagonal: one where something is available, zero elsewhere; as large as B.

    If B is not diagonal, its available part is factorised at every call of `whiten`.

    Arguments:
        covariance: B.
        available: the diagonal of D.
    """

    covariance: AbstractCovariance
    available: Bool[Array, " size"]

    def root(self, control: Float[Array, " control"]) -> Float[Array, " size"]:
        """D B^½ v."""
        return jnp.where(self.available, self.covariance.root(control), 0)

    def whiten(self, x: Float[Array, " size"]) -> Float[Array, " size"]:
        """By the Cholesky factor of D B D + I − D, whose inverse keeps what is 0 in D x at 0."""
        here = self.available
        if self.uncorrelated:
            return jnp.where(here, self.covariance.whiten(x), 0)
        matrix = self.covariance.as_matrix().astype(x.dtype)
        both = here[:, None] & here[None, :]
        matrix = jnp.where(both, matrix, jnp.eye(self.size, dtype=x.dtype))
        return _whiten(matrix, jnp.where(here, x, 0))


def _whiten(matrix: Float[Array, "size size"], x: Float[Array, " size"]) -> Float[Array, " size"]:
    return solve_triangular(jnp.linalg.cholesky(matrix), x, lower=True)
