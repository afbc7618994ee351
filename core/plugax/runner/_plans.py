"""The plans of a sweep: the plans of all members, combined into one solver."""

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Int, Shaped

from .._errors import PlugaxError
from ..problems import AbstractProblem
from ..solvers import AbstractSolver
from ._members import stack_members


@dataclasses.dataclass(frozen=True)
class Swept:
    """An array leaf that the members of a sweep differ in.

    Attributes:
        root: the tree that contains the leaf, `"problem"` or `"solver"`.
        where: picks the leaf from the tree.
        values: the values of the leaf, in its precision.
        index: for every member, which of the values it has.
    """

    root: str
    where: Callable[[Any], Any]
    values: Shaped[np.ndarray, "values ..."]
    index: Int[np.ndarray, " members"]

    def put(self, tree: Any, chosen: Any) -> Any:
        """The tree with one of the values, or with several along a leading axis."""
        return eqx.tree_at(self.where, tree, jnp.asarray(self.values[chosen]))

    def put_axis(self, axes: Any) -> Any:
        """The axes of a tree, with the axis of the members for this leaf."""
        return eqx.tree_at(self.where, axes, 0, is_leaf=lambda leaf: leaf is None)


def plan_members(
    problem: AbstractProblem, solver: AbstractSolver, swept: Sequence[Swept], steps: int
) -> tuple[AbstractSolver, Any]:
    """The solver of all members, with the plan of each, and its axes.

    Leaves in which the plans differ have a leading axis. If the plans differ in shape, the solver
    is asked for one plan that serves all members, as described in `AbstractSolver.planned`.

    Arguments:
        problem: the problem, before the swept values are put into it.
        solver: the solver, before the swept values are put into it.
        swept: the leaves in which the members differ.
        steps: the number of steps of the run.

    Errors: `PlugaxError` if plans differ in shape, and no single plan serves all members.
    """
    of_solver = [leaf for leaf in swept if leaf.root == "solver"]
    if not swept or type(solver).planned is AbstractSolver.planned:
        return _with_own_values(solver.planned(problem, steps), None, of_solver)
    chosen, member = _combinations(swept)
    plans = []
    for one in chosen:
        trees = {"problem": problem, "solver": solver}
        for leaf, number in zip(swept, one, strict=True):
            trees[leaf.root] = leaf.put(trees[leaf.root], number)
        plans.append(trees["solver"].planned(trees["problem"], steps))
    try:
        return _by_member(stack_members(plans, "Plans of a sweep's members", "member"), member)
    except PlugaxError as differ:
        if not of_solver:
            raise
        return _one_for_all(problem, solver, swept, steps, plans[0], differ)


def _one_for_all(
    problem: AbstractProblem,
    solver: AbstractSolver,
    swept: Sequence[Swept],
    steps: int,
    usual: AbstractSolver,
    differ: PlugaxError,
) -> tuple[AbstractSolver, Any]:
    """The plan, for each problem, of a solver that has all values at once.

    Arguments:
        problem: the problem, before the swept values are put into it.
        solver: the solver, before the swept values are put into it.
        swept: the leaves in which the members differ.
        steps: the number of steps of the run.
        usual: the plan of a single member.
        differ: the error that says how the plans of single members differ.
    """
    of_solver = [leaf for leaf in swept if leaf.root == "solver"]
    of_problem = [leaf for leaf in swept if leaf.root == "problem"]
    for leaf, numbers in zip(of_solver, _combinations(of_solver)[0].T, strict=True):
        solver = leaf.put(solver, numbers)
    chosen, member = _combinations(of_problem) if of_problem else (np.zeros((1, 0), int), None)
    plans = []
    for one in chosen:
        given = problem
        for leaf, number in zip(of_problem, one, strict=True):
            given = leaf.put(given, number)
        try:
            plan = solver.planned(given, steps)
        # A plan written for one value may fail in any way on several.
        except Exception as error:
            raise _no_plan(solver, differ, f"failed ({error})") from error
        if _axes_of(plan, of_solver) != _axes_of(usual, of_solver):
            raise _no_plan(solver, differ, "made arrays with one axis too many")
        plans.append(plan)
    plan, axes = stack_members(plans, "Plans of a sweep's members", "member")
    plan, axes = (plan, axes) if member is None else _by_member((plan, axes), member)
    return _with_own_values(plan, axes, of_solver)


def _no_plan(solver: AbstractSolver, differ: PlugaxError, what: str) -> PlugaxError:
    return PlugaxError(
        f"{differ} {type(solver).__name__}.planned, asked for one plan for all of them, {what}. "
        "Sweep over values whose plans are alike, or solve for one after the other."
    )


def _with_own_values(
    plan: AbstractSolver, axes: Any, of_solver: Sequence[Swept]
) -> tuple[AbstractSolver, Any]:
    """A plan for all members, with the swept values of each."""
    axes = jax.tree.map(lambda _: None, plan) if axes is None else axes
    for leaf in of_solver:
        plan, axes = leaf.put(plan, leaf.index), leaf.put_axis(axes)
    return plan, axes


def _combinations(
    swept: Sequence[Swept],
) -> tuple[Int[np.ndarray, "different leaves"], Int[np.ndarray, " members"]]:
    """The different combinations of values, and which of them every member has."""
    numbers = np.stack([leaf.index for leaf in swept], axis=1)
    different, member = np.unique(numbers, axis=0, return_inverse=True)
    return different, member.reshape(-1)


def _by_member(
    plans: tuple[AbstractSolver, Any], member: Int[np.ndarray, " members"]
) -> tuple[AbstractSolver, Any]:
    """One tree with the plan of every member, from the different plans."""
    plan, axes = plans
    if np.array_equal(member, np.arange(member.max() + 1)):
        return plan, axes
    return jax.tree.map(lambda leaf, axis: leaf if axis is None else leaf[member], plan, axes), axes


def _axes_of(plan: AbstractSolver, of_solver: Sequence[Swept]) -> list[int]:
    """The number of axes of every leaf that is not swept."""
    mine = {id(leaf.where(plan)) for leaf in of_solver}
    return [np.ndim(leaf) for leaf in jax.tree.leaves(plan) if id(leaf) not in mine]
