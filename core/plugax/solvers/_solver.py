"""The interface of solvers: a small pure state machine."""

import abc
from collections.abc import Mapping
from typing import Any, ClassVar

import equinox as eqx
import numpy as np
from jaxtyping import Array, Bool, PRNGKeyArray, PyTree

from ..data import AbstractData
from ..problems import AbstractProblem, AbstractStatefulProblem, Metrics


class AbstractSolver(eqx.Module):
    """Finds a problem's unknowns, one pure step at a time.

    A step may be a gradient step on a minibatch, a Gauss–Newton iteration, an ensemble analysis of
    the next observations or one sample of a Markov chain: the runner neither knows nor minds.

    - `requires`: the kind of problem the solver needs, and that its methods may take for granted.
    - `carries`: whether it hands on the state of an `AbstractStatefulProblem`, by
      `plugax.problems.loss_and_state`.
    - `default_steps`: how many steps to run where nobody says.

    Laws: `step` is pure and keeps the structure, shapes and dtypes of the state; running n steps
    and then m equals running n + m. The metrics of a step hold `"loss"` at the unknowns the step
    *starts from*, so the history of a run begins with the loss of the starting point.
    """

    requires: ClassVar[type[AbstractProblem]] = AbstractProblem
    carries: ClassVar[bool] = False
    default_steps: ClassVar[int] = 1000

    def unsuitable(self, problem: Any) -> str | None:
        """Why this solver cannot solve a problem; None if it can.

        Asked on the host before a run, and wherever solvers are recommended. The answer goes on
        where the solver's name ends, and says what to do: "needs a model_error; give …". By default
        the kind of the problem decides, `requires`. A solver that needs more than a kind (all data
        at every step, positions) adds to that:

            return super().unsuitable(problem) or no_positions(problem)
        """
        if isinstance(problem, AbstractStatefulProblem) and not self.carries:
            return (
                f"hands no state on from step to step: the state of {type(problem).__name__} "
                "would stay as it is."
            )
        if problem.suits(self.requires):
            return None
        name, kind = type(problem).__name__, self.requires.__name__
        if isinstance(problem, self.requires):
            return f"takes any {kind}, and would leave out what {name} asks for besides."
        article = "an" if kind[0] in "AEIOU" else "a"
        return f"needs {article} {kind}, which {name} is not."

    def data(self, problem: Any) -> AbstractData:
        """The problem's data as this solver takes them, one batch a step.

        Only what groups them otherwise needs this: windows of several observation times.
        """
        return problem.data

    def planned(
        self,
        problem: Any,  # noqa: ARG002 - the default has no use for either
        steps: int,  # noqa: ARG002
    ) -> "AbstractSolver":
        """The solver for a run of so many steps on a problem, asked for before it is compiled.

        Only what the host has to prepare needs this: a schedule that ends with the run, a table of
        neighbours. The members of a sweep are planned for one by one. Only where these plans differ
        in shape is it asked once more for all of them: the leaves that are swept have a leading
        axis then, and one plan has to serve every value, such as a table for the largest of them.
        """
        return self

    def remarks(
        self,
        problem: Any,  # noqa: ARG002 - the default has nothing to say
        series: Mapping[str, np.ndarray],  # noqa: ARG002
    ) -> tuple[str, ...]:
        """What the method has to tell of a run; they follow those of the problem.

        Arguments:
            problem: the problem.
            series: as for `AbstractProblem.remarks`.
        """
        return ()

    @abc.abstractmethod
    def init(self, problem: Any, unknowns: PyTree, key: PRNGKeyArray) -> PyTree:
        """The state before the first step, arrays in it as they will stay."""

    @abc.abstractmethod
    def step(
        self, problem: Any, state: PyTree, batch: PyTree, key: PRNGKeyArray
    ) -> tuple[PyTree, Metrics]:
        """The state after one step on `batch`, and a flat dictionary of arrays."""

    @abc.abstractmethod
    def converged(self, problem: Any, state: PyTree) -> Bool[Array, ""] | None:
        """Whether the answer is found; None from a solver that has no such test, runs all steps."""

    def stalled(
        self,
        problem: Any,  # noqa: ARG002 - the default never gives up
        state: PyTree,  # noqa: ARG002
    ) -> Bool[Array, ""] | None:
        """Whether further steps would change nothing, though the test is not passed.

        Such a run ends with the status `"stalled"`, which is no success: rounding hides what is
        left to gain, or the loss is not smooth. None from a solver that never gives up.
        """
        return None

    @abc.abstractmethod
    def unknowns(self, problem: Any, state: PyTree) -> PyTree:
        """The unknowns as this state knows them, structured as `problem.init` made them."""
