"""Log-densities: what a sampler draws from, and whose mode a minimiser finds."""

import abc
from typing import ClassVar

from jaxtyping import Array, Float, PRNGKeyArray, PyTree

from ._constraint import AbstractConstraint
from ._problem import AbstractProblem, Metrics
from ._variant import AbstractVariant


class AbstractLogDensity(AbstractProblem):
    """A density known up to a constant factor: p(u) ∝ exp(ℓ(u)).

    Law: `loss` is −ℓ(u), so the minimum of the loss is the mode of the density.
    """

    laws: ClassVar[str | None] = "plugax.testing.kinds._kinds:LOG_DENSITY"

    @abc.abstractmethod
    def log_density(
        self, unknowns: PyTree, batch: PyTree, key: PRNGKeyArray
    ) -> tuple[Float[Array, ""], Metrics]:
        """ℓ(u) on one batch, scaled so that its mean over batches is ℓ(u) of all data."""

    def loss(
        self, unknowns: PyTree, batch: PyTree, key: PRNGKeyArray
    ) -> tuple[Float[Array, ""], Metrics]:
        """−ℓ(u), and the metrics of the log-density."""
        value, metrics = self.log_density(unknowns, batch, key)
        return -value, metrics

    def in_variables(
        self, constraint: AbstractConstraint, start: PyTree | None
    ) -> AbstractProblem | None:
        """ℓ(u(z)) if u(z) is affine, else None.

        If u(z) is not affine, the density of z contains the derivative of u(z) as well. A minimiser
        has no use for that, so the variant keeps only the loss.
        """
        return LogDensityVariant(self, constraint, start) if constraint.affine else None


class LogDensityVariant(AbstractVariant, AbstractLogDensity):  # pyright: ignore[reportIncompatibleVariableOverride]
    """A variant of a log-density."""

    problem: AbstractLogDensity
    constraint: AbstractConstraint
    start: PyTree | None

    def log_density(
        self, unknowns: PyTree, batch: PyTree, key: PRNGKeyArray
    ) -> tuple[Float[Array, ""], Metrics]:
        """ℓ(u(z))."""
        return self.problem.log_density(self._inner(unknowns), batch, key)
