"""Two solvers in turns, each for its own block of the unknowns.

    a ← first(L(·, b)),  b ← second(L(a, ·)),    round by round.

This is block coordinate descent. On a quadratic loss ½ uᵀ H u with each block solved exactly it is
the block Gauss–Seidel method, whose error in b falls by H_bb⁻¹ H_ba H_aa⁻¹ H_ab in each round.

Source: Wright 2015, Coordinate descent algorithms, doi 10.1007/s10107-015-0892-3.
"""

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import equinox as eqx
import jax
import jax.lax as lax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
from jaxtyping import Array, Bool, Float, Int, PRNGKeyArray, PyTree

import plugax
from plugax import AbstractProblem, AbstractSolver, PlugaxError
from plugax.errors import UnsuitableProblemError
from plugax.problems import Fixed, variant

from ._block import in_block
from ._metrics import Metrics, filled, joined, nothing, shapes_of
from ._once import once_if
from ._parts import Together, most_special, name_of, seen_by

# A round has changed nothing if it lowers the loss by no more than this many units of rounding.
ROUNDING_UNITS = 10


class AlternateState(eqx.Module):
    """The run state.

    Attributes:
        first: the state of the first solver; while the second is at work, as its turn ended.
        second: the state of the second solver; while the first is at work, as its turn ended.
        unknowns: all unknowns at the beginning of this turn.
        origin: the arrays of all unknowns at the beginning of this round.
        begin: the loss at the beginning of this round; infinite before the first.
        turn: whether the second is at work.
        taken: the number of steps in this turn.
        rounds: the number of rounds done.
        passed: whether every turn of this round so far ended with convergence.
        ended: whether every turn of this round so far ended with convergence, or stalled.
        converged: whether the last round changed nothing, and both tests were passed.
        stalled: whether the last round changed nothing, and a test was not passed.
    """

    first: PyTree
    second: PyTree
    unknowns: PyTree
    origin: PyTree
    begin: Float[Array, ""]
    turn: Bool[Array, ""]
    taken: Int[Array, ""]
    rounds: Int[Array, ""]
    passed: Bool[Array, ""]
    ended: Bool[Array, ""]
    converged: Bool[Array, ""]
    stalled: Bool[Array, ""]


class Alternate(AbstractSolver[AbstractProblem, AlternateState]):
    """Two solvers in turns: the first for a block of the unknowns, the second for all others.

    Each sees the problem with the other block held, and begins its turn anew, since the loss that
    it sees has changed; so give it more than a step or two. A turn ends when the solver has
    converged or stalled, or after its steps. The run has converged if both solvers passed their
    tests in a round that changed the loss, or every unknown, by no more than `rtol` of it. For more
    than two blocks, the second is itself `alternate`, and its turn is a round of that.

    Laws: as long as the first turn lasts, it is the first solver on `plugax.fixed(problem, …)` with
    the others fixed. If the loss is a sum of one of each block, and the state of the solvers is
    their unknowns alone, each block takes the steps of its solver alone.

    Arguments:
        block: the names of the unknowns that the first solves for, with commas between, as in "a,b"
            or "layers.0,layers.1"; from Python also a function that picks them, as for
            plugax.fixed; by default the first array among the unknowns.
        first: the solver of the block, its name or the solver itself.
        second: the solver of the other unknowns, its name or the solver itself.
        first_turn: the largest number of steps in a turn of the first.
        second_turn: the largest number of steps in a turn of the second.
        rtol: converged if a round changes the loss, or every unknown, by no more than this part of
            it; at least ten units of rounding.

    Metrics: those of both, 0 for what only the other one reports; `part`, 1 or 2, which of them
    took the step; `rounds` so far.

    Errors: `ValueError` for a number of steps below 1.
    """

    example: ClassVar[Mapping[str, Any]] = {
        "problem": {"name": "mnist"},
        "solver": {"block": "layers.0", "first": "gradient", "second": "gradient"},
    }

    first: AbstractSolver
    second: AbstractSolver
    first_turn: Int[Array, "..."]
    second_turn: Int[Array, "..."]
    rtol: Float[Array, "..."]
    block: str | Callable[[PyTree], Any] | None = eqx.field(static=True)
    requires: type[AbstractProblem] = eqx.field(static=True, default=AbstractProblem)  # pyright: ignore[reportIncompatibleVariableOverride]

    def __init__(
        self,
        block: str | Callable[[PyTree], Any] | None = None,
        first: AbstractSolver | str = "bfgs",
        second: AbstractSolver | str = "bfgs",
        first_turn: int = 10,
        second_turn: int = 10,
        rtol: float = 1e-12,
    ):
        for name, value in (("first_turn", first_turn), ("second_turn", second_turn)):
            if np.min(value) < 1:
                raise ValueError(f"{name} must be at least 1; got {value}.")
        self.block = block
        self.first, self.second = plugax.solver(first), plugax.solver(second)
        self.first_turn = jnp.asarray(first_turn, "int32")
        self.second_turn = jnp.asarray(second_turn, "int32")
        self.rtol = jnp.asarray(rtol, float)
        self.requires = most_special((self.first, self.second))  # pyright: ignore[reportIncompatibleVariableOverride]

    def unsuitable(self, problem: Any) -> str | None:
        """A block that cannot be held, or what one of the two cannot solve.

        Errors: `PlugaxError` if the problem has no such block.
        """
        try:
            parts = self._parts(problem, problem.init(jr.key(0)))
        except UnsuitableProblemError as error:
            return f"cannot hold a block of the unknowns: {error}"
        except PlugaxError:
            if self.block is not None:
                raise
            return "needs unknowns in two arrays or more, to solve for some and hold the others."
        for solver, part in zip((self.first, self.second), parts, strict=True):
            why = solver.unsuitable(part)
            if why is not None:
                return f"cannot give a block to {name_of(solver)}, which {why}"
        return None

    def data(self, problem: AbstractProblem) -> Together:
        """The batch of each."""
        return Together.of(problem, (self.first, self.second))

    def prepare(self, problem: AbstractProblem, steps: int) -> tuple[PyTree, ...]:  # noqa: ARG002
        """What the two prepare for a turn."""
        first, second = self._parts(problem, problem.init(jr.key(0)))
        return (
            self.first.prepare(first, int(self.first_turn)),
            self.second.prepare(second, int(self.second_turn)),
        )

    def init(
        self,
        problem: AbstractProblem,
        unknowns: PyTree,
        key: PRNGKeyArray,
        *prepared: PyTree,
    ) -> AlternateState:
        """Both at the start; the first is at work."""
        first, second = prepared
        one, other = self._parts(problem, unknowns)
        block, others = self._split(unknowns)
        batch = eqx.filter_eval_shape(problem.data.first)
        loss = eqx.filter_eval_shape(problem.loss, unknowns, batch, key)[0]
        none, no = jnp.asarray(0, "int32"), jnp.asarray(False)
        return AlternateState(
            first=self.first.init(one, block, key, *first),
            second=self.second.init(other, others, key, *second),
            unknowns=unknowns,
            origin=eqx.filter(unknowns, eqx.is_array),
            begin=jnp.full((), jnp.inf, loss.dtype),
            turn=no,
            taken=none,
            rounds=none,
            passed=no,
            ended=no,
            converged=no,
            stalled=no,
        )

    def step(
        self,
        problem: AbstractProblem,
        state: AlternateState,
        batch: tuple[PyTree, PyTree],
        key: PRNGKeyArray,
        *prepared: PyTree,
    ) -> tuple[AlternateState, Metrics]:
        """One step of the solver whose turn it is; after its last one, the turn of the other."""
        solvers = self.first, self.second
        limits, inner = (self.first_turn, self.second_turn), (state.first, state.second)
        parts = self._parts(problem, state.unknowns)
        shapes = _shapes(solvers, parts, inner, batch, key, prepared)
        no = jnp.asarray(False)
        arrays, static = eqx.partition(inner, eqx.is_array)
        held = eqx.filter(state.unknowns, eqx.is_array)

        def take(now: int) -> Callable[[tuple], tuple]:
            """A step of one of the two."""

            def step(carry: tuple) -> tuple:
                before, solver, part = eqx.combine(carry[0], static[now]), solvers[now], parts[now]
                after, metrics = solver.step(part, before, batch[now], key, *prepared[now])
                passed, stuck = _ends(solver, part, after)
                over = passed | stuck | (state.taken + 1 >= limits[now])
                metrics = filled({**metrics, "part": now + 1, "rounds": state.rounds}, shapes)
                return eqx.filter(after, eqx.is_array), (passed, stuck, over), metrics

            return step

        def turn(now: int, done: PyTree) -> Callable[[tuple], tuple]:
            """The end of the turn of one, whose state is `done`: the other one begins anew."""
            other = 1 - now

            def begin(_: tuple) -> tuple:
                ended = solvers[now].unknowns(parts[now], eqx.combine(done, static[now]))
                unknowns = eqx.combine(ended, state.unknowns)
                seen, free = self._parts(problem, unknowns)[other], self._split(unknowns)[other]
                again = solvers[other].init(seen, free, jr.fold_in(key, 1), *prepared[other])
                return eqx.filter(again, eqx.is_array), eqx.filter(unknowns, eqx.is_array)

            return begin

        first, ends, metrics = once_if(
            ~state.turn, take(0), (arrays[0], (no, no, no), nothing(shapes))
        )
        second, ends, metrics = once_if(state.turn, take(1), (arrays[1], ends, metrics))
        passed, stuck, over = ends
        opens = ~state.turn & (state.taken == 0)
        still = opens & self._is_still(state, metrics["loss"])
        origin = once_if(opens, lambda _: held, state.origin)
        second, unknowns = once_if(over & ~state.turn, turn(0, first), (second, held))
        first, unknowns = once_if(over & state.turn, turn(1, second), (first, unknowns))
        passed = jnp.where(over, passed & (state.passed | ~state.turn), state.passed)
        ended = jnp.where(over, (passed | stuck) & (state.ended | ~state.turn), state.ended)
        return AlternateState(
            first=eqx.combine(first, static[0]),
            second=eqx.combine(second, static[1]),
            unknowns=eqx.combine(unknowns, state.unknowns),
            origin=origin,
            begin=jnp.where(opens, metrics["loss"].astype(state.begin.dtype), state.begin),
            turn=state.turn ^ over,
            taken=jnp.where(over, 0, state.taken + 1),
            rounds=state.rounds + (over & state.turn).astype("int32"),
            passed=passed,
            ended=ended,
            converged=still & state.passed,
            stalled=still & state.ended & ~state.passed,
        ), metrics

    def converged(self, problem: AbstractProblem, state: AlternateState) -> Bool[Array, ""] | None:
        """Whether a round changed nothing; None if one of the two has no test of convergence."""
        return state.converged if self._both_test(problem, state) else None

    def stalled(self, problem: AbstractProblem, state: AlternateState) -> Bool[Array, ""] | None:
        """Whether a round changed nothing, although a test was not passed."""
        return state.stalled if self._both_test(problem, state) else None

    def unknowns(self, problem: AbstractProblem, state: AlternateState) -> PyTree:
        """The block of the solver whose turn it is, and the others as they are held."""
        first, second = self._parts(problem, state.unknowns)

        def now(solver: AbstractSolver, part: AbstractProblem, own: PyTree) -> PyTree:
            found = eqx.combine(solver.unknowns(part, own), state.unknowns)
            return eqx.filter(found, eqx.is_array)

        arrays = lax.cond(
            state.turn,
            lambda: now(self.second, second, state.second),
            lambda: now(self.first, first, state.first),
        )
        return eqx.combine(arrays, state.unknowns)

    def _split(self, unknowns: PyTree) -> tuple[PyTree, PyTree]:
        """The block and the others, each with None in place of the other."""
        return eqx.partition(unknowns, in_block(unknowns, self.block))

    def _parts(
        self, problem: AbstractProblem, unknowns: PyTree
    ) -> tuple[AbstractProblem, AbstractProblem]:
        """The problem of each, with the unknowns of the other held."""
        block, others = self._split(unknowns)
        first, second = (variant(problem, Fixed(held)) for held in (others, block))
        return seen_by(self.first, first), seen_by(self.second, second)

    def _both_test(self, problem: AbstractProblem, state: AlternateState) -> bool:
        first, second = self._parts(problem, state.unknowns)
        pairs = (self.first, first, state.first), (self.second, second, state.second)
        return all(solver.converged(part, own) is not None for solver, part, own in pairs)

    def _is_still(self, state: AlternateState, loss: Float[Array, ""]) -> Bool[Array, ""]:
        """Whether the last round left the loss, or all unknowns, as they were."""

        def close(new: Array, old: Array) -> Bool[Array, ""]:
            rounding = ROUNDING_UNITS * jnp.finfo(new.dtype).eps
            part = jnp.maximum(self.rtol.astype(new.dtype), rounding)
            return jnp.all(jnp.abs(new - old.astype(new.dtype)) <= part * jnp.abs(new))

        pairs = zip(
            jax.tree.leaves(eqx.filter(state.unknowns, eqx.is_inexact_array)),
            jax.tree.leaves(eqx.filter(state.origin, eqx.is_inexact_array)),
            strict=True,
        )
        same = jnp.all(jnp.stack([close(new, old) for new, old in pairs]))
        return close(loss, state.begin) | (same & (state.rounds > 0))


def _shapes(
    solvers: tuple, parts: tuple, states: tuple, batches: tuple, key: PRNGKeyArray, prepared: tuple
) -> dict[str, jax.ShapeDtypeStruct]:
    """The shapes of the metrics of both, and of their own."""
    found = [
        shapes_of(solver.step, part, state, batch, key, *ready)
        for solver, part, state, batch, ready in zip(
            solvers, parts, states, batches, prepared, strict=True
        )
    ]
    count = jax.ShapeDtypeStruct((), jnp.int32)
    return joined(*found) | {"part": count, "rounds": count}


def _ends(
    solver: AbstractSolver, part: AbstractProblem, state: PyTree
) -> tuple[Bool[Array, ""], Bool[Array, ""]]:
    """Whether a solver has converged, and whether it has stalled; False without such a test."""
    converged, stalled = solver.converged(part, state), solver.stalled(part, state)
    no = jnp.asarray(False)
    return no if converged is None else converged, no if stalled is None else stalled
