"""Composite problems: a smooth loss, and a penalty that need not be smooth but is simple.

    minimise f(u) + g(u),    prox(u, ℓ) = argmin_v g(v) + ‖v − u‖² / (2ℓ).

u is a minimum of a convex f + g exactly if u = prox(u − ℓ ∇f(u), ℓ), for any ℓ > 0.

Source: Parikh and Boyd 2014, Proximal algorithms, doi 10.1561/2400000003.
"""

import abc
from typing import ClassVar

import jax
from jaxtyping import Array, Float, PRNGKeyArray, PyTree

from plugax import AbstractProblem
from plugax.problems import AbstractConstraint, AbstractVariant, Metrics, Unconstrained

from ._vector import as_vector


class AbstractComposite(AbstractProblem):
    """Minimise f(u) + g(u), f smooth, g convex with a proximal map that is quick to compute.

    A subclass defines `smooth` (f), `penalty` (g) and `proximal`.

    - `separable`: whether g is a sum over the numbers in u, as λ‖u‖₁ is. Then the derivative of the
      proximal map is diagonal, which `proximal-newton` needs.

    Laws: `loss` is f + g; `proximal` returns the minimum that defines it, and is firmly
    nonexpansive, ‖prox a − prox b‖² ≤ (a − b)·(prox a − prox b); if g is separable, each number of
    its result depends on one number alone.
    """

    laws: ClassVar[str | None] = "plugax_minimise._composite_laws:COMPOSITE"
    separable: ClassVar[bool] = True

    @abc.abstractmethod
    def smooth(
        self, unknowns: PyTree, batch: PyTree, key: PRNGKeyArray
    ) -> tuple[Float[Array, ""], Metrics]:
        """f(u) on one batch, and metrics."""

    @abc.abstractmethod
    def penalty(self, unknowns: PyTree) -> Float[Array, ""]:
        """g(u)."""

    @abc.abstractmethod
    def proximal(self, unknowns: PyTree, length: Float[Array, ""]) -> PyTree:
        """prox(u, ℓ), in the structure of the unknowns."""

    def curvature(self, unknowns: PyTree, batch: PyTree, key: PRNGKeyArray) -> Float[Array, "n n"]:
        """The Hessian of f in all numbers of u; override it if there is a cheaper way.

        Another positive semidefinite matrix will do if it is close.
        """
        vector, rebuild = as_vector(unknowns)
        return jax.hessian(lambda v: self.smooth(rebuild(v), batch, key)[0])(vector)

    def loss(
        self, unknowns: PyTree, batch: PyTree, key: PRNGKeyArray
    ) -> tuple[Float[Array, ""], Metrics]:
        """f(u) + g(u), and the metrics of f."""
        value, metrics = self.smooth(unknowns, batch, key)
        return value + self.penalty(unknowns), metrics

    def in_variables(
        self, constraint: AbstractConstraint, start: PyTree | None
    ) -> AbstractProblem | None:
        """The problem from another start; in other variables g has no simple proximal map."""
        return (
            CompositeVariant(self, constraint, start)
            if isinstance(constraint, Unconstrained)
            else None
        )


class CompositeVariant(AbstractVariant, AbstractComposite):  # pyright: ignore[reportIncompatibleVariableOverride]
    """A composite problem from another start."""

    problem: AbstractComposite
    constraint: AbstractConstraint
    start: PyTree | None

    @property
    def separable(self) -> bool:  # pyright: ignore[reportIncompatibleVariableOverride]
        """As the problem's penalty."""
        return self.problem.separable

    def smooth(
        self, unknowns: PyTree, batch: PyTree, key: PRNGKeyArray
    ) -> tuple[Float[Array, ""], Metrics]:
        """f(u)."""
        return self.problem.smooth(unknowns, batch, key)

    def penalty(self, unknowns: PyTree) -> Float[Array, ""]:
        """g(u)."""
        return self.problem.penalty(unknowns)

    def proximal(self, unknowns: PyTree, length: Float[Array, ""]) -> PyTree:
        """prox(u, ℓ)."""
        return self.problem.proximal(unknowns, length)

    def curvature(self, unknowns: PyTree, batch: PyTree, key: PRNGKeyArray) -> Float[Array, "n n"]:
        """That of the problem."""
        return self.problem.curvature(unknowns, batch, key)
