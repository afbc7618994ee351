"""The interface of solvers: a small pure state machine."""

import abc
from typing import ClassVar

import equinox as eqx
from jaxtyping import Array, Bool, PRNGKeyArray, PyTree

from ..problems import AbstractProblem, Metrics


class AbstractSolver(eqx.Module):
    """Finds a problem's unknowns, one pure step at a time.

    A step may be a gradient step on a minibatch, a Gauss–Newton iteration, an ensemble analysis of
    the next observations or one sample of a Markov chain: the runner neither knows nor minds.

    - `requires`: the kind of problem the solver needs.
    - `default_steps`: how many steps to run where nobody says.

    Laws: `step` is pure and keeps the structure, shapes and dtypes of the state; running n steps
    and then m equals running n + m. The metrics of a step hold `"loss"` at the unknowns the step
    *starts from*, so the history of a run begins with the loss of the starting point.
    """

    requires: ClassVar[type[AbstractProblem]] = AbstractProblem
    default_steps: ClassVar[int] = 1000

    def planned(self, steps: int) -> "AbstractSolver":  # noqa: ARG002 - the default has no use
        """The solver for a run of so many steps, asked for before it is compiled.

        Only what follows a schedule to the end of the run needs this.
        """
        return self

    @abc.abstractmethod
    def init(self, problem: AbstractProblem, unknowns: PyTree, key: PRNGKeyArray) -> PyTree:
        """The state before the first step, arrays in it as they will stay."""

    @abc.abstractmethod
    def step(
        self, problem: AbstractProblem, state: PyTree, batch: PyTree, key: PRNGKeyArray
    ) -> tuple[PyTree, Metrics]:
        """The state after one step on `batch`, and a flat dictionary of arrays."""

    @abc.abstractmethod
    def converged(self, problem: AbstractProblem, state: PyTree) -> Bool[Array, ""] | None:
        """Whether the answer is found; None from a solver that has no such test, runs all steps."""

    @abc.abstractmethod
    def unknowns(self, problem: AbstractProblem, state: PyTree) -> PyTree:
        """The unknowns as this state knows them, structured as `problem.init` made them."""
