"""Check of a solver that is made of others: it solves what its parts can solve."""

import dataclasses
from typing import Any

import equinox as eqx
from jaxtyping import PRNGKeyArray, PyTree

from ...problems import AbstractProblem, Metrics
from ...solvers import AbstractSolver
from ..claims._claim import claim
from ..kinds._references import tried

REASON = "solves nothing, as a test."


def check_solver_parts(
    solver: AbstractSolver,
    key: PRNGKeyArray,  # noqa: ARG001 - every check has it
    problem: AbstractProblem | None = None,
) -> None:
    """A solver made of others refuses what one of them refuses, and passes on the reason.

    A part is a field that holds a solver; a solver without one passes.

    Arguments:
        solver: the solver.
        key: not used.
        problem: as for `check_solver_state`.
    """
    parts = [
        field.name
        for field in dataclasses.fields(solver)
        if isinstance(getattr(solver, field.name), AbstractSolver)
    ]
    with tried(solver, problem) as (solver, problem, _):
        for name in parts:
            other = eqx.tree_at(lambda whole, name=name: getattr(whole, name), solver, Refusing())
            why = other.unsuitable(problem)
            claim(
                why is not None and REASON in why,
                solver,
                f"a problem that its {name} refuses is unsuitable for it, with the reason",
                repr(why),
                f"Let unsuitable ask self.{name}.unsuitable, and include the answer.",
            )


class Refusing(AbstractSolver):
    """A solver that no problem suits."""

    def unsuitable(self, problem: Any) -> str:  # noqa: ARG002
        """Always a reason."""
        return REASON

    def init(self, problem: Any, unknowns: PyTree, key: PRNGKeyArray) -> PyTree:  # noqa: ARG002
        """The unknowns."""
        return unknowns

    def step(
        self,
        problem: Any,
        state: PyTree,
        batch: PyTree,
        key: PRNGKeyArray,
    ) -> tuple[PyTree, Metrics]:
        """No step."""
        return state, {"loss": problem.loss(state, batch, key)[0]}

    def converged(self, problem: Any, state: PyTree) -> None:
        """No test."""

    def unknowns(self, problem: Any, state: PyTree) -> PyTree:  # noqa: ARG002
        """The unknowns."""
        return state
