"""A kind of problem: hidden states that change at random, and whose posterior is known exactly.

    minimise L(u) = −log Σ_z p(y, z | u) − log p(u)

For such a loss Jensen's inequality gives, at any point v, a bound that touches it there:

    L(u) ≤ L(v) + Q(v | v) − Q(u | v),    Q(u | v) = Σ_z p(z | y, v) log p(y, z, u).

The expectation step finds what Q needs of p(z | y, v), and the maximisation step the largest Q.
"""

import abc
from typing import ClassVar

from jaxtyping import Array, Float, PRNGKeyArray, PyTree

from plugax import AbstractProblem
from plugax.problems import AbstractConstraint, AbstractVariant, Metrics, Unconstrained


class AbstractHiddenMarkov(AbstractProblem):
    """A negative log-posterior that can be minimised by expectation and maximisation.

    A subclass defines both steps. If they cannot be made for some of its options, `no_steps` says
    why, and the solver `baum-welch` refuses the problem with this reason.

    Laws: `expect` gives the loss; the loss of `maximise`'s result is never larger.

    Source: Dempster, Laird and Rubin 1977, doi 10.1111/j.2517-6161.1977.tb01600.x.
    """

    laws: ClassVar[str | None] = "plugax_markov._kind_laws:HIDDEN_MARKOV"

    @abc.abstractmethod
    def expect(self, unknowns: PyTree, batch: PyTree) -> tuple[Float[Array, ""], Metrics, PyTree]:
        """The loss, its metrics, and the expectations over the hidden states."""

    @abc.abstractmethod
    def maximise(self, unknowns: PyTree, expectations: PyTree, batch: PyTree) -> PyTree:
        """The unknowns with the largest Q.

        Arguments:
            unknowns: those for which the expectations were found.
            expectations: what `expect` found.
            batch: all data.
        """

    def no_steps(self) -> str | None:
        """Why there are no such steps, to continue a solver's name; None if there are."""
        return None

    def in_variables(
        self, constraint: AbstractConstraint, start: PyTree | None
    ) -> AbstractProblem | None:
        """The problem from another start; in other variables there is no such maximum."""
        if isinstance(constraint, Unconstrained):
            return HiddenMarkovVariant(self, constraint, start)
        return None


class HiddenMarkovVariant(AbstractVariant, AbstractHiddenMarkov):  # pyright: ignore[reportIncompatibleVariableOverride]
    """The problem from another start."""

    problem: AbstractHiddenMarkov
    constraint: AbstractConstraint
    start: PyTree | None

    def loss(
        self, unknowns: PyTree, batch: PyTree, key: PRNGKeyArray
    ) -> tuple[Float[Array, ""], Metrics]:
        """That of the problem."""
        return self.problem.loss(unknowns, batch, key)

    def expect(self, unknowns: PyTree, batch: PyTree) -> tuple[Float[Array, ""], Metrics, PyTree]:
        """That of the problem."""
        return self.problem.expect(unknowns, batch)

    def maximise(self, unknowns: PyTree, expectations: PyTree, batch: PyTree) -> PyTree:
        """That of the problem."""
        return self.problem.maximise(unknowns, expectations, batch)

    def no_steps(self) -> str | None:
        """Those of the problem."""
        return self.problem.no_steps()
