"""Likelihoods with hidden variables, which expectation-maximisation climbs.

With observations x, hidden variables h and unknowns u,

    ℓ(u) = log p(x|u),    Q(u'|u) = E[log p(x, h|u') | x, u],    u ← argmax_{u'} Q(u'|u).

The expectation needs only a few statistics of x and h; the maximisation only these statistics. Such
a step never decreases ℓ.

Source: Dempster, Laird and Rubin 1977, Maximum likelihood from incomplete data via the EM
algorithm, doi 10.1111/j.2517-6161.1977.tb01600.x.
"""

import abc
from typing import ClassVar

from jaxtyping import Array, Float, PRNGKeyArray, PyTree

from plugax import AbstractProblem
from plugax.problems import AbstractConstraint, AbstractVariant, Metrics, Unconstrained


class AbstractIncompleteData(AbstractProblem):
    """Minimise −log p(x|u), with hidden variables whose statistics can be expected.

    A subclass defines `expectation` and `maximisation`, whose first results are the loss.

    Laws: `maximisation` of the statistics expected at u returns unknowns of the structure of u, at
    which the loss is not greater than at u.
    """

    laws: ClassVar[str | None] = "plugax_mixtures._incomplete_data_laws:INCOMPLETE_DATA"

    @abc.abstractmethod
    def expectation(
        self, unknowns: PyTree, batch: PyTree, key: PRNGKeyArray
    ) -> tuple[Float[Array, ""], Metrics, PyTree]:
        """−log p(x|u) and metrics as of `loss`, and the expected statistics, a pytree of arrays."""

    @abc.abstractmethod
    def maximisation(self, statistics: PyTree) -> PyTree:
        """The unknowns u' for which Q(u'|u) is greatest."""

    def loss(
        self, unknowns: PyTree, batch: PyTree, key: PRNGKeyArray
    ) -> tuple[Float[Array, ""], Metrics]:
        """−log p(x|u), and metrics."""
        return self.expectation(unknowns, batch, key)[:2]

    def in_variables(
        self, constraint: AbstractConstraint, start: PyTree | None
    ) -> AbstractProblem | None:
        """The problem from another start; in other variables only the loss is kept."""
        if not isinstance(constraint, Unconstrained):
            return None
        return IncompleteDataVariant(self, constraint, start)


class IncompleteDataVariant(AbstractVariant, AbstractIncompleteData):  # pyright: ignore[reportIncompatibleVariableOverride]
    """A likelihood with hidden variables from another start."""

    problem: AbstractIncompleteData
    constraint: AbstractConstraint
    start: PyTree | None

    def expectation(
        self, unknowns: PyTree, batch: PyTree, key: PRNGKeyArray
    ) -> tuple[Float[Array, ""], Metrics, PyTree]:
        """That of the problem."""
        return self.problem.expectation(unknowns, batch, key)

    def maximisation(self, statistics: PyTree) -> PyTree:
        """That of the problem."""
        return self.problem.maximisation(statistics)
