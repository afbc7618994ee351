"""The interface of solvers: a small pure state machine."""

import abc
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

import equinox as eqx
import numpy as np
from jaxtyping import Array, Bool, PRNGKeyArray, PyTree

from ..data import AbstractData
from ..display import component_html
from ..problems import (
    AbstractProblem,
    AbstractStatefulProblem,
    Metrics,
    origin_and_variations,
)

if TYPE_CHECKING:
    from ..solution import Population, Solution, Table

Problem = TypeVar("Problem", bound=AbstractProblem)
State = TypeVar("State")


class AbstractSolver(eqx.Module, Generic[Problem, State]):
    """Finds a problem's unknowns, one pure step at a time.

    A step may be a gradient step on a minibatch, a Gauss–Newton iteration, an ensemble analysis of
    the next observations or one sample of a Markov chain; to the runner they are all alike.

    - `requires`: the kind of problem that the solver needs, and that its methods may rely on.
    - `carries`: whether it hands on the state of an `AbstractStatefulProblem`, by
      `plugax.problems.loss_and_state`.
    - `needs_all_data`: whether every step must see all data, because losses of different steps are
      compared: a change of the batch would look like a change of the loss.
    - `may_be_infinite`: the metrics that need not be finite, as for problems.
    - `default_steps`: the number of steps to run by default.

    A type checker knows more of `AbstractSolver[ProblemOfMine, StateOfMine]`; to write that is not
    necessary.

    Laws: `step` is pure and keeps the structure, shapes and dtypes of the state; running n steps
    and then m equals running n + m. The metrics of a step hold `"loss"` at the unknowns the step
    *starts from*, so that the history of a run begins with the loss of the starting point.
    """

    requires: ClassVar[type[AbstractProblem]] = AbstractProblem
    carries: ClassVar[bool] = False
    needs_all_data: ClassVar[bool] = False
    may_be_infinite: ClassVar[tuple[str, ...]] = ()
    default_steps: ClassVar[int] = 1000

    def unsuitable(self, problem: Any) -> str | None:
        """Why this solver cannot solve a problem; None if it can.

        Called on the host before a run, and when solvers are recommended. The answer continues a
        sentence that begins with the solver's name, and says what to do: "needs a model_error; give
        …". By default the kind of problem decides (`requires`), and its data (`needs_all_data`). A
        solver that needs more, such as positions, adds to that:

            return super().unsuitable(problem) or no_positions(problem)
        """
        if isinstance(problem, AbstractStatefulProblem) and not self.carries:
            return (
                f"hands no state on from step to step: the state of {type(problem).__name__} "
                "would stay as it is."
            )
        name, kind = type(problem).__name__, self.requires.__name__
        if problem.suits(self.requires):
            if not self.needs_all_data or problem.data.same_every_step:
                return None
            return (
                f"needs all data at every step (plugax.FullBatch); {name} has "
                f"{type(problem.data).__name__}. Give the problem FullBatch data, or use a solver "
                "for changing batches, such as 'gradient'."
            )
        if isinstance(problem, self.requires):
            return f"takes any {kind}, but would ignore what {name} asks for besides."
        article = "an" if kind[0] in "AEIOU" else "a"
        original = type(origin_and_variations(problem)[0])
        lost = (
            f" any more: {original.__name__} does not say how it is held, bounded or started "
            "elsewhere (in_variables)"
            if issubclass(original, self.requires)
            else ""
        )
        return f"needs {article} {kind}, which {name} is not{lost}."

    def data(self, problem: Problem) -> AbstractData:
        """The problem's data as this solver takes them, one batch per step.

        Override it only to group the data otherwise: into windows of several observation times.
        """
        return problem.data

    def usual_steps(self, problem: Problem) -> int:  # noqa: ARG002 - the default needs no problem
        """The number of steps to run by default, if neither problem nor data say one.

        By default `default_steps`. Override it if the number depends on the problem, as that of
        some epochs does.
        """
        return self.default_steps

    def prepare(
        self,
        problem: Problem,  # noqa: ARG002 - the default has no use for either
        steps: int,  # noqa: ARG002
    ) -> tuple[PyTree, ...]:
        """What the host prepares for a run: further arguments of `init` and `step`.

        By default there is nothing to prepare. A solver that needs a table of neighbours, or the
        end of a schedule, returns it in a tuple, `(table,)`, and takes it last:
        `init(problem, unknowns, key, table)` and `step(problem, state, batch, key, table)`.

        Called before compilation. Arrays among what is prepared are arguments of the compiled loop:
        with other values, the same program runs. A run that is resumed is prepared for the same
        number of steps again, so the result must depend on the arguments alone.

        In a sweep it is called for each member. If the results differ in shape, it is called once
        more for all members together: then the swept leaves have a leading axis, and one result has
        to serve every value (a table for the largest, for example).

        Arguments:
            problem: the problem.
            steps: the number of steps of the run.
        """
        return ()

    def summary(
        self,
        problem: Problem,  # noqa: ARG002 - the default has nothing to say
        series: Mapping[str, np.ndarray],  # noqa: ARG002
    ) -> Metrics:
        """The solver's figures of merit of a run, added to those of the problem.

        The rate of acceptance, an effective sample size. Called on the host when the run has ended.

        Arguments:
            problem: the problem.
            series: the recorded metrics by name, as for `AbstractProblem.summary`.
        """
        return {}

    def joint_summary(
        self,
        problem: Problem,  # noqa: ARG002 - the default has nothing to say
        series: Mapping[str, np.ndarray],  # noqa: ARG002
    ) -> Metrics:
        """Figures of merit of several runs together, such as R-hat of chains.

        Called on the host for a population whose members differ in seed or start alone; the result
        is `Population.joint_metrics`.

        Arguments:
            problem: the problem.
            series: the recorded metrics by name, `(members, steps, …)`.
        """
        return {}

    def posterior(self, solution: "Solution") -> Any:  # noqa: ARG002 - the default has none
        """What is known of the unknowns beyond a point: draws, a mean and a covariance; or None.

        Made on the host from the history and the state of a solution, so it is there again when a
        run is loaded: `solution.posterior`. Draws are recorded as metrics, under names that
        `plugax.problems.named_arrays` gives to the arrays of a pytree.
        """
        return None

    def tables(self, solution: "Solution") -> "tuple[Table, ...]":  # noqa: ARG002 - not used
        """The solver's tables of a solution, for people to read; they follow the problem's."""
        return ()

    def figures(self, solution: "Solution") -> dict[str, Any]:  # noqa: ARG002 - not used
        """The solver's figures of a solution by name, besides the problem's."""
        return {}

    def joint_tables(self, population: "Population") -> "tuple[Table, ...]":  # noqa: ARG002
        """The solver's tables of several runs together, which differ in seed or start alone."""
        return ()

    def joint_figures(self, population: "Population") -> dict[str, Any]:  # noqa: ARG002
        """The solver's figures of several runs together, which differ in seed or start alone."""
        return {}

    def remarks(
        self,
        problem: Problem,  # noqa: ARG002 - the default has nothing to say
        series: Mapping[str, np.ndarray],  # noqa: ARG002
    ) -> tuple[str, ...]:
        """The solver's remarks on a run; they follow those of the problem.

        Arguments:
            problem: the problem.
            series: the metrics of every step by name, as for `AbstractProblem.remarks`.
        """
        return ()

    @abc.abstractmethod
    def init(self, problem: Problem, unknowns: PyTree, key: PRNGKeyArray) -> State:
        """The state before the first step; its arrays keep their shapes and dtypes."""

    @abc.abstractmethod
    def step(
        self, problem: Problem, state: State, batch: PyTree, key: PRNGKeyArray
    ) -> tuple[State, Metrics]:
        """The state after one step on `batch`, and its metrics, a flat dictionary of arrays."""

    @abc.abstractmethod
    def converged(self, problem: Problem, state: State) -> Bool[Array, ""] | None:
        """Whether the answer is found; None if the solver has no such test and runs all steps."""

    def stalled(
        self,
        problem: Problem,  # noqa: ARG002 - the default never gives up
        state: State,  # noqa: ARG002
    ) -> Bool[Array, ""] | None:
        """Whether further steps would change nothing, although the test is not passed.

        Such a run ends with the status `"stalled"`, which is not a success: rounding hides any
        further improvement, or the loss is not smooth. None if the solver never stalls.
        """
        return None

    @abc.abstractmethod
    def unknowns(self, problem: Problem, state: State) -> PyTree:
        """The unknowns that belong to this state, structured as `problem.init` made them."""

    def _repr_html_(self) -> str:
        return component_html(self, "solver", {"requires": self.requires.__name__})
