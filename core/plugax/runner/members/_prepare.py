"""What a solver prepares for the members of a population, combined into one pytree."""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Int, Shaped

from ...errors import PlugaxError
from ...problems import AbstractProblem
from ...solvers import AbstractSolver
from ._members import stack_members

Prepared = tuple[Any, ...]


@dataclasses.dataclass(frozen=True)
class Swept:
    """An array leaf that the members of a sweep differ in.

    Attributes:
        name: the name under which it is swept.
        root: the tree that contains the leaf, `"problem"` or `"solver"`.
        where: picks the leaf from the tree.
        values: the values of the leaf, in its precision.
        index: for every member, which of the values it has.
    """

    name: str
    root: str
    where: Callable[[Any], Any]
    values: Shaped[np.ndarray, "values ..."]
    index: Int[np.ndarray, " members"]

    @property
    def own(self) -> Shaped[np.ndarray, "members ..."]:
        """The value of every member."""
        return self.values[self.index]

    def with_own(self, options: Mapping[str, np.ndarray]) -> "Swept":
        """The leaf with the values of this name, one for every member, if there are any."""
        if self.name not in options:
            return self
        values = options[self.name]
        return dataclasses.replace(self, values=values, index=np.arange(len(values)))

    def put(self, tree: Any, chosen: Any) -> Any:
        """The tree with one of the values, or with several along a leading axis."""
        return eqx.tree_at(self.where, tree, jnp.asarray(self.values[chosen]))

    def put_axis(self, axes: Any) -> Any:
        """The axes of a tree, with the axis of the members for this leaf."""
        return eqx.tree_at(self.where, axes, 0, is_leaf=lambda leaf: leaf is None)


def prepare_members(
    problem: AbstractProblem, solver: AbstractSolver, swept: Sequence[Swept], steps: int
) -> tuple[Prepared, Any]:
    """What is prepared for all members, and its axes.

    Leaves that differ between members have a leading axis. If they differ in shape, the solver
    prepares once for all members, as described in `AbstractSolver.prepare`.

    Arguments:
        problem: the problem, before the swept values are put into it.
        solver: the solver, before the swept values are put into it.
        swept: the leaves in which the members differ.
        steps: the number of steps of the run.

    Errors: `PlugaxError` if the results differ in shape, and no single one serves all members.
    """
    if not swept or type(solver).prepare is AbstractSolver.prepare:
        prepared = solver.prepare(problem, steps)
        return prepared, jax.tree.map(lambda _: None, prepared)
    chosen, member = _combinations(swept)
    found = []
    for one in chosen:
        trees = {"problem": problem, "solver": solver}
        for leaf, number in zip(swept, one, strict=True):
            trees[leaf.root] = leaf.put(trees[leaf.root], number)
        found.append(trees["solver"].prepare(trees["problem"], steps))
    try:
        return _by_member(stack_members(found, _what(solver), "member"), member)
    except PlugaxError as differ:
        if not any(leaf.root == "solver" for leaf in swept):
            raise
        return _one_for_all(problem, solver, swept, steps, found[0], differ)


def prepare_seeds(
    problems: Sequence[AbstractProblem], solver: AbstractSolver, steps: int
) -> tuple[Prepared, Any]:
    """What is prepared for several problems, and its axes; the same object is prepared for once."""
    found: dict[int, Prepared] = {}
    for problem in problems:
        if id(problem) not in found:
            found[id(problem)] = solver.prepare(problem, steps)
    return stack_members([found[id(problem)] for problem in problems], _what(solver))


def _one_for_all(
    problem: AbstractProblem,
    solver: AbstractSolver,
    swept: Sequence[Swept],
    steps: int,
    usual: Prepared,
    differ: PlugaxError,
) -> tuple[Prepared, Any]:
    """What is prepared, for each problem, by a solver that has all values at once.

    Arguments:
        problem: the problem, before the swept values are put into it.
        solver: the solver, before the swept values are put into it.
        swept: the leaves in which the members differ.
        steps: the number of steps of the run.
        usual: what is prepared for a single member.
        differ: the error that says how the results for single members differ.
    """
    of_problem = [leaf for leaf in swept if leaf.root == "problem"]
    of_solver = [leaf for leaf in swept if leaf.root == "solver"]
    for leaf, numbers in zip(of_solver, _combinations(of_solver)[0].T, strict=True):
        solver = leaf.put(solver, numbers)
    chosen, member = _combinations(of_problem) if of_problem else (np.zeros((1, 0), int), None)
    found = []
    for one in chosen:
        given = problem
        for leaf, number in zip(of_problem, one, strict=True):
            given = leaf.put(given, number)
        try:
            prepared = solver.prepare(given, steps)
        # What was written for one value may fail in any way on several.
        except Exception as error:
            raise _none_for_all(solver, differ, f"failed ({error})") from error
        if _ranks(prepared) != _ranks(usual):
            raise _none_for_all(solver, differ, "made arrays with one axis too many")
        found.append(prepared)
    together = stack_members(found, _what(solver), "member")
    return together if member is None else _by_member(together, member)


def _what(solver: AbstractSolver) -> str:
    return f"What {type(solver).__name__}.prepare returns"


def _none_for_all(solver: AbstractSolver, differ: PlugaxError, what: str) -> PlugaxError:
    return PlugaxError(
        f"{differ} {type(solver).__name__}.prepare, called once for all of them, {what}. Sweep "
        "over values for which it prepares arrays of one shape, or solve for one after the other."
    )


def _combinations(
    swept: Sequence[Swept],
) -> tuple[Int[np.ndarray, "different leaves"], Int[np.ndarray, " members"]]:
    """The different combinations of values, and which of them every member has."""
    numbers = np.stack([leaf.index for leaf in swept], axis=1)
    different, member = np.unique(numbers, axis=0, return_inverse=True)
    return different, member.reshape(-1)


def _by_member(
    together: tuple[Prepared, Any], member: Int[np.ndarray, " members"]
) -> tuple[Prepared, Any]:
    """One pytree for every member, from one for every combination."""
    prepared, axes = together
    if np.array_equal(member, np.arange(member.max() + 1)):
        return together
    own = jax.tree.map(lambda leaf, axis: leaf if axis is None else leaf[member], prepared, axes)
    return own, axes


def _ranks(prepared: Prepared) -> list[int]:
    return [np.ndim(leaf) for leaf in jax.tree.leaves(prepared)]
