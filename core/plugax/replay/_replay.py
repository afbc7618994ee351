"""`replay`: a step of a saved run once more, and where it came to something that is not finite."""

import dataclasses
import os
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import PyTree

from ..errors import PlugaxError
from ..problems import AbstractProblem, free_of, loss_and_state, put_together
from ..runner import load
from ..runner.loop._program import infinite_metrics
from ..solution import Population, Solution
from ..solvers import AbstractSolver
from ._again import Step, row_of, state_before, step_again
from ._operation import Operation, Range, range_of
from ._origin import is_finite, origin


@dataclasses.dataclass(frozen=True)
class Leaf:
    """An array that is not finite.

    Attributes:
        path: where it is: in the `metrics` of the step, in the `state` after it, or in the
            `gradient` of the loss before it.
        range: what it holds.
    """

    path: str
    range: Range


@dataclasses.dataclass(frozen=True)
class Replay:
    """A step of a run, computed once more.

    Attributes:
        step: the number of the step.
        asked: the number of the step that was asked for, if the state before it was not finite
            already; `step` is then the one that made it so. Otherwise the same.
        start: the step of the saved state from which it was computed.
        metrics: the metrics of the step.
        recorded: those of the history, of a step that was recorded.
        leaves: all arrays that are not finite; of these the first has been traced.
        operation: the operation that it comes from; None if there is none.
        became: the operation in which infinities from there became NaN; None if it is the same.
        given: the array from which it comes, if that was not finite from the start: one of the
            problem, of the solver, of the state before the step, or of the batch.
    """

    step: int
    asked: int
    start: int
    metrics: dict[str, np.ndarray]
    recorded: dict[str, np.ndarray]
    leaves: tuple[Leaf, ...]
    operation: Operation | None
    became: Operation | None
    given: Leaf | None

    @property
    def finite(self) -> bool:
        """Whether the step has come to finite numbers alone."""
        return not self.leaves

    @property
    def differs(self) -> tuple[str, ...]:
        """The names of the metrics that are not, bit for bit, those of the history."""
        return tuple(
            name
            for name, value in self.recorded.items()
            if np.isfinite(value).all() and value.tobytes() != self.metrics[name].tobytes()
        )


def replay(
    run: Solution | Population | str | os.PathLike,
    *,
    step: int | None = None,
    problem: AbstractProblem | None = None,
    solver: AbstractSolver | None = None,
) -> Replay:
    """A step of a run once more, bit for bit, and the origin of what is not finite in it.

    The step is computed from the nearest state before it that is saved, or from the beginning of
    the run, by the programs of the run; key and batch follow from its number. If something is not
    finite, the step is computed again operation by operation.

    Arguments:
        run: the solution, or the directory in which it is saved.
        step: the number of the step, from 0 on; by default the one that ended a run whose status is
            `non-finite`.
        problem: as for `plugax.load`.
        solver: as for `plugax.load`.

    Errors: those of `load`; `PlugaxError` for a population, and for a step that the run does not
    have.
    """
    solution: Any = run
    if isinstance(run, str | os.PathLike):
        solution = load(run, problem=problem, solver=solver)
    if not isinstance(solution, Solution):
        raise PlugaxError(
            "This is a sweep, and a step is replayed of one run. Choose a member in Python: "
            "plugax.replay.replay(population.member(seed=3))."
        )
    number = _default(solution) if step is None else _checked(solution, step)
    state, start = state_before(solution, number)
    found = _replayed(solution, number, start, state)
    if step is None and found.finite:  # the unknowns before the last step may be the good ones
        state, start = state_before(solution, number + 1)
        found = _replayed(solution, number + 1, start, state)
    return found


def _replayed(solution: Solution, number: int, start: int, state: PyTree) -> Replay:
    """The replay of a step, or of the one before it that has spoiled its state."""
    asked = number
    while _spoiled(solution, state) and number > start:
        number, state = _spoiler(solution, start, number)
    again = step_again(solution, number, state)
    leaves = _lost(again)
    told: tuple = (None, None, None)
    if leaves:
        told = _traced(again, [leaf.path for leaf in leaves])
        leaves += _lost_gradient(again)
    found = tuple(sorted(leaves, key=lambda leaf: leaf.path.startswith("gradient")))
    recorded = row_of(solution, number)
    return Replay(number, asked, start, again.metrics, recorded, found, *told)


def _default(solution: Solution) -> int:
    """The step after which the run has ended as not finite."""
    if solution.status.name != "non-finite":
        raise PlugaxError(
            f"This run has not ended as non-finite ({solution.status.name}). Say which step is to "
            "be replayed: step=…, on the command line --step."
        )
    return solution.steps - int(solution.recoveries.get("in_a_row", 0))


def _checked(solution: Solution, step: Any) -> int:
    most = solution.steps + (solution.status.name == "non-finite")
    if isinstance(step, bool) or not isinstance(step, int) or not 0 <= step <= most:
        raise PlugaxError(
            f"The run has steps 0 to {most}, of which one is replayed; got step={step!r}."
        )
    return step


def _spoiler(solution: Solution, good: int, bad: int) -> tuple[int, PyTree]:
    """The step that makes the state not finite, and the state before it, by bisection."""
    state = state_before(solution, good)[0]
    while bad - good > 1:
        middle = (good + bad) // 2
        found = state_before(solution, middle)[0]
        if _spoiled(solution, found):
            bad = middle
        else:
            good, state = middle, found
    return good, state


def _spoiled(solution: Solution, state: PyTree) -> bool:
    """Whether the unknowns are not finite."""
    return any(map(_bad, jax.tree.leaves(solution.solver.unknowns(solution.problem, state))))


def _lost(again: Step) -> list[Leaf]:
    """The metrics, and the arrays of the state after the step, that are not finite any more."""
    allowed = infinite_metrics(again.task.problem, again.task.solver)
    metrics = {n: x for n, x in again.metrics.items() if n not in allowed}
    order = sorted(metrics, key=lambda name: name != "loss")
    lost = [Leaf(f"metrics.{n}", range_of(metrics[n])) for n in order if _bad(metrics[n])]
    before, after = again.before, again.after
    pairs = zip(_named(after, "state"), jax.tree.leaves(before), strict=True)
    infinite = [
        (path, new)
        for (path, new), old in pairs
        if eqx.is_inexact_array(new) and bool(jnp.any(jnp.isfinite(old) & ~jnp.isfinite(new)))
    ]
    solver, problem = again.task.solver, again.task.problem
    unknowns = jax.tree.leaves(solver.unknowns(problem, after))
    if any(map(_bad, unknowns)):
        lost += [Leaf(path, range_of(new)) for path, new in infinite]
    return lost


def _traced(
    again: Step, paths: list[str]
) -> tuple[Operation | None, Operation | None, Leaf | None]:
    """The origin of the first of the leaves that has one."""
    task = again.task
    given = {
        "problem": task.problem,
        "solver": task.solver,
        "prepared": task.prepared,
        "state": again.before,
        "batch": again.batch,
        "key": again.key,
    }
    arrays, rest = eqx.partition(given, eqx.is_array)

    def step(arrays: PyTree) -> PyTree:
        of = eqx.combine(arrays, rest)
        solver = of["solver"]
        after, metrics = solver.step(
            of["problem"], of["state"], of["batch"], of["key"], *of["prepared"]
        )
        return eqx.filter({"metrics": metrics, "state": after}, eqx.is_array)

    jaxpr, shapes = jax.make_jaxpr(step, return_shape=True)(arrays)
    names = [path for path, _ in _named(shapes)]
    inputs = _named(arrays)
    for path in paths:
        if path not in names:
            continue
        came = origin(jaxpr.jaxpr, jaxpr.consts, [x for _, x in inputs], names.index(path))
        if came.operation or came.became or came.given is not None:
            first = None
            if came.given is not None:
                name, value = inputs[came.given]
                first = Leaf(name, range_of(value))
            return came.operation, came.became, first
    return None, None, None


def _lost_gradient(again: Step) -> list[Leaf]:
    """The arrays of the gradient of the loss, at the unknowns before the step, that are not finite.

    None of a problem whose loss cannot be called or differentiated alone; the solver may have
    given the loss another key.
    """
    problem, unknowns = (
        again.task.problem,
        again.task.solver.unknowns(again.task.problem, again.before),
    )
    carried = getattr(unknowns, "state", None)
    params, fixed = eqx.partition(free_of(unknowns), eqx.is_inexact_array)

    def loss(params: PyTree) -> Any:
        whole = put_together(unknowns, eqx.combine(params, fixed), carried)
        return loss_and_state(problem, whole, again.batch, again.key)[0]

    try:
        gradient = jax.jit(jax.grad(loss))(params)
    except Exception:
        return []
    return [Leaf(path, range_of(x)) for path, x in _named(gradient, "gradient") if _bad(x)]


def _named(tree: PyTree, prefix: str = "") -> list[tuple[str, Any]]:
    """The leaves of a pytree, each with its path."""
    name = lambda path: jax.tree_util.keystr(path, simple=True, separator=".")  # noqa: E731
    return [
        (".".join(part for part in (prefix, name(path)) if part), leaf)
        for path, leaf in jax.tree_util.tree_leaves_with_path(tree)
    ]


def _bad(value: Any) -> bool:
    return eqx.is_array(value) and not is_finite(value)
