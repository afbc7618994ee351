"""One solver, then another from where it ended.

    u ← first(u), step by step, until step n, or until its test is passed, or a metric is low;
    u ← second(u), from there on.

A method that is robust far from the answer comes first, and one that is quick near it second. Adam
finds the valley, and L-BFGS the digits: with the training of networks for differential equations,
this order is usual.

Source: Raissi, Perdikaris and Karniadakis 2019, Physics-informed neural networks, doi
10.1016/j.jcp.2018.10.045.
"""

import dataclasses
import math
from collections.abc import Mapping
from fractions import Fraction
from typing import TYPE_CHECKING, Any, ClassVar

import equinox as eqx
import jax
import jax.lax as lax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
from jaxtyping import Array, Bool, Float, Int, PRNGKeyArray, PyTree

import plugax
from plugax import AbstractProblem, AbstractSolver, PlugaxError
from plugax.errors import did_you_mean

from ._metrics import Metrics, filled, joined, nothing, shapes_of
from ._once import once_if
from ._parts import Together, as_count, most_special, name_of, rows_where, seen_by

if TYPE_CHECKING:
    from plugax import Solution


class ThenState(eqx.Module):
    """The run state.

    Attributes:
        first: the state of the first solver, which stays as it is after the hand-over.
        second: the state of the second solver; before the hand-over, as if it began at the start.
        taken: the number of steps that the first has taken.
        handed: whether the second is at work.
    """

    first: PyTree
    second: PyTree
    taken: Int[Array, ""]
    handed: Bool[Array, ""]


class Then(AbstractSolver[AbstractProblem, ThenState]):
    """A first solver, then a second one from where the first ended: "gradient then lbfgs".

    The second takes over after `first_steps` or `first_epochs`; or before, as soon as the first has
    converged or stalled, or `metric` is less than `below`. It is the second whose test of
    convergence is that of the run. If it needs all data at every step and the problem has batches,
    it gets all examples as one batch. In a population both solvers compute at every step, and one
    of the results is kept.

    Laws: with `first_steps=0` it is the second solver alone. If the state of a solver is its
    unknowns alone, that solver, then itself, is one run of it.

    Arguments:
        first: the solver that begins, its name or the solver itself.
        second: the solver that goes on, its name or the solver itself.
        first_steps: the largest number of steps of the first; by default half of the run.
        first_epochs: the largest number of passes of the first over the data; not together with
            first_steps.
        metric: hand over when this metric of a step is less than `below`, as "loss" or
            "gradient_norm".
        below: the value for that.

    Metrics: those of both, 0 for what only the other one reports; `part`, which of them took the
    step, from 1 on.

    Errors: `PlugaxError` for first_steps together with first_epochs, and for a metric without a
    value or a value without a metric.
    """

    example: ClassVar[Mapping[str, Any]] = {
        "problem": {"name": "regression"},
        "solver": {"first": "gradient", "second": "lbfgs"},
    }

    first: AbstractSolver
    second: AbstractSolver
    first_steps: Int[Array, "..."] | None
    below: Float[Array, "..."] | None
    first_epochs: float | None = eqx.field(static=True)
    metric: str | None = eqx.field(static=True)
    requires: type[AbstractProblem] = eqx.field(static=True, default=AbstractProblem)  # pyright: ignore[reportIncompatibleVariableOverride]
    carries: bool = eqx.field(static=True, default=True)  # pyright: ignore[reportIncompatibleVariableOverride]

    def __init__(
        self,
        first: AbstractSolver | str = "gradient",
        second: AbstractSolver | str = "lbfgs",
        first_steps: int | None = None,
        first_epochs: float | None = None,
        metric: str | None = None,
        below: float | None = None,
    ):
        if first_steps is not None and first_epochs is not None:
            raise PlugaxError(
                f"Either first_steps or first_epochs; got first_steps={first_steps} and "
                f"first_epochs={first_epochs}."
            )
        if (metric is None) != (below is None):
            raise PlugaxError(
                f"A metric is compared with a value: give both metric and below; got "
                f"metric={metric!r} and below={below!r}."
            )
        for name, value in (("first_steps", first_steps), ("first_epochs", first_epochs)):
            if value is not None and np.min(value) < 0:
                raise PlugaxError(f"{name} must not be negative; got {value}.")
        self.first, self.second = plugax.solver(first), plugax.solver(second)
        self.first_steps = as_count(first_steps)
        self.first_epochs = first_epochs
        self.metric = metric
        self.below = None if below is None else jnp.asarray(below, float)
        self.requires = most_special((self.first, self.second))  # pyright: ignore[reportIncompatibleVariableOverride]
        self.carries = self.first.carries and self.second.carries  # pyright: ignore[reportIncompatibleVariableOverride]

    @property
    def count(self) -> int:
        """The number of solvers that follow each other, those inside these two included."""
        return _count(self.first) + _count(self.second)

    def unsuitable(self, problem: Any) -> str | None:
        """What one of the two cannot solve, or epochs of data that have none."""
        for solver, how in ((self.first, "begin"), (self.second, "go on")):
            why = solver.unsuitable(seen_by(solver, problem))
            if why is not None:
                return f"cannot {how} with {name_of(solver)}, which {why}"
        if self.first_epochs is not None and self._steps_per_epoch(problem) is None:
            return (
                f"counts the epochs of its first solver, but {type(problem.data).__name__} data "
                "have none: give first_steps instead."
            )
        return None

    def usual_steps(self, problem: AbstractProblem) -> int:
        """Those of the first, and those of the second."""
        begin = self._first_steps(problem)
        if begin is None:
            begin = self.first.usual_steps(seen_by(self.first, problem))
        return begin + self.second.usual_steps(seen_by(self.second, problem))

    def data(self, problem: AbstractProblem) -> Together:
        """The batch of each."""
        return Together.of(problem, (self.first, self.second))

    def prepare(self, problem: AbstractProblem, steps: int) -> tuple[PyTree, ...]:
        """The step of the hand-over, and what the two prepare for their parts of the run."""
        begin = self._first_steps(problem)
        begin = steps // 2 if begin is None else begin
        first = self.first.prepare(seen_by(self.first, problem), max(min(begin, steps), 1))
        second = self.second.prepare(seen_by(self.second, problem), max(steps - begin, 1))
        return jnp.asarray(begin, "int32"), first, second

    def init(
        self,
        problem: AbstractProblem,
        unknowns: PyTree,
        key: PRNGKeyArray,
        *prepared: PyTree,
    ) -> ThenState:
        """Both at the start; the second is at work at once if the first has no step."""
        begin, first, second = prepared
        return ThenState(
            first=self.first.init(seen_by(self.first, problem), unknowns, key, *first),
            second=self.second.init(seen_by(self.second, problem), unknowns, key, *second),
            taken=jnp.asarray(0, "int32"),
            handed=begin <= 0,
        )

    def step(
        self,
        problem: AbstractProblem,
        state: ThenState,
        batch: tuple[PyTree, PyTree],
        key: PRNGKeyArray,
        *prepared: PyTree,
    ) -> tuple[ThenState, Metrics]:
        """One step of the solver that is at work; after the last of the first, the hand-over."""
        begin, first, second = prepared
        seen = seen_by(self.first, problem), seen_by(self.second, problem)
        shapes = joined(
            shapes_of(self.first.step, seen[0], state.first, batch[0], key, *first),
            shapes_of(self.second.step, seen[1], state.second, batch[1], key, *second),
        ) | {"part": jax.ShapeDtypeStruct((), jnp.int32)}
        no = jnp.asarray(False)
        arrays, static = eqx.partition((state.first, state.second), eqx.is_array)

        def one(carry: tuple) -> tuple:
            before = eqx.combine(carry[0], static[0])
            after, metrics = self.first.step(seen[0], before, batch[0], key, *first)
            ready = (state.taken + 1 >= begin) | self._is_low(metrics)
            for end in (self.first.converged(seen[0], after), self.first.stalled(seen[0], after)):
                ready = ready if end is None else ready | end
            return eqx.filter(after, eqx.is_array), ready, filled({"part": 1, **metrics}, shapes)

        def hand_over(_: PyTree) -> PyTree:
            unknowns = self.first.unknowns(seen[0], eqx.combine(own, static[0]))
            begun = self.second.init(seen[1], unknowns, jr.fold_in(key, 1), *second)
            return eqx.filter(begun, eqx.is_array)

        def other(carry: tuple) -> tuple:
            before = eqx.combine(carry[0], static[1])
            after, metrics = self.second.step(seen[1], before, batch[1], key, *second)
            part = _count(self.first) + metrics.get("part", 1)
            return eqx.filter(after, eqx.is_array), filled({**metrics, "part": part}, shapes)

        own, ready, metrics = once_if(~state.handed, one, (arrays[0], no, nothing(shapes)))
        following = once_if(ready, hand_over, arrays[1])
        following, metrics = once_if(state.handed, other, (following, metrics))
        return ThenState(
            first=eqx.combine(own, static[0]),
            second=eqx.combine(following, static[1]),
            taken=state.taken + (~state.handed).astype("int32"),
            handed=state.handed | ready,
        ), metrics

    def converged(self, problem: AbstractProblem, state: ThenState) -> Bool[Array, ""] | None:
        """Whether the second has converged; None if it has no such test."""
        end = self.second.converged(seen_by(self.second, problem), state.second)
        return None if end is None else state.handed & end

    def stalled(self, problem: AbstractProblem, state: ThenState) -> Bool[Array, ""] | None:
        """Whether the second has stalled; None if it never does."""
        end = self.second.stalled(seen_by(self.second, problem), state.second)
        return None if end is None else state.handed & end

    def unknowns(self, problem: AbstractProblem, state: ThenState) -> PyTree:
        """Those of the solver that is at work."""
        found = [
            eqx.partition(solver.unknowns(seen_by(solver, problem), own), eqx.is_array)
            for solver, own in ((self.first, state.first), (self.second, state.second))
        ]
        arrays = lax.cond(state.handed, lambda: found[1][0], lambda: found[0][0])
        return eqx.combine(arrays, found[0][1])

    def summary(self, problem: AbstractProblem, series: Mapping[str, np.ndarray]) -> dict[str, Any]:
        """The figures of merit of both, each from its own steps."""
        found: dict[str, Any] = {}
        for solver, rows in self._rows(series):
            found |= solver.summary(seen_by(solver, problem), rows)
        return found

    def remarks(
        self, problem: AbstractProblem, series: Mapping[str, np.ndarray]
    ) -> tuple[str, ...]:
        """Those of both on their own steps; and if the second never began."""
        parts = self._rows(series)
        said = [r for solver, rows in parts for r in solver.remarks(seen_by(solver, problem), rows)]
        if parts and parts[-1][0] is not self.second:
            said.append(
                f"{name_of(self.second)} never began: the run ended with {name_of(self.first)}. "
                "Allow more steps, or give fewer first_steps."
            )
        return tuple(said)

    def posterior(self, solution: "Solution") -> Any:
        """What the second knows, from its own steps; None if it never began."""
        rows = next((r for s, r in self._rows(solution.series) if s is self.second), None)
        if rows is None:
            return None
        own = dataclasses.replace(
            solution, solver=self.second, state=solution.state.second, series=rows
        )
        return self.second.posterior(own)

    def _rows(
        self, series: Mapping[str, np.ndarray]
    ) -> list[tuple[AbstractSolver, dict[str, np.ndarray]]]:
        """The solvers that took recorded steps, with these steps."""
        if "part" not in series:
            return []
        second = series["part"] > _count(self.first)
        parts = ((self.first, ~second), (self.second, second))
        return [(solver, rows_where(series, where)) for solver, where in parts if where.any()]

    def _is_low(self, metrics: Metrics) -> Bool[Array, ""]:
        """Whether the metric is below its threshold."""
        if self.metric is None or self.below is None:
            return jnp.asarray(False)
        if self.metric not in metrics:
            raise PlugaxError(
                f"then cannot hand over by the metric {self.metric!r}, which "
                f"{name_of(self.first)} does not report on this problem."
                f"{did_you_mean(self.metric, metrics)} It reports {', '.join(sorted(metrics))}."
            )
        value = metrics[self.metric]
        return jnp.all(value < self.below.astype(value.dtype))

    def _first_steps(self, problem: AbstractProblem) -> int | None:
        """The largest number of steps of the first, if it was given."""
        if self.first_epochs is not None:
            per_epoch = self._steps_per_epoch(problem)
            return math.ceil(Fraction(str(self.first_epochs)) * Fraction(per_epoch or 0))
        return None if self.first_steps is None else int(self.first_steps)

    def _steps_per_epoch(self, problem: AbstractProblem) -> int | Fraction | None:
        return self.first.data(seen_by(self.first, problem)).steps_per_epoch


def _count(solver: AbstractSolver) -> int:
    return solver.count if isinstance(solver, Then) else 1
