"""A solver from many starts, one after the other; the best answer is kept.

    for k = 1, …, n:  u_k ← solver(start k),    answer = argmin_k L(u_k).

The starts are drawn as `problem.init` draws them, with normal numbers added if `spread` is given.
If a start leads to the global minimum with probability p, n of them miss it with (1 − p)ⁿ.

Source: Rinnooy Kan and Timmer 1987, Stochastic global optimization methods, part I: clustering
methods, doi 10.1007/BF02592070, where this is Multistart.
"""

from collections.abc import Mapping
from typing import Any

import equinox as eqx
import jax
import jax.lax as lax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
from jaxtyping import Array, Bool, Float, Int, PRNGKeyArray, PyTree

import plugax
from plugax import AbstractProblem, AbstractSolver
from plugax.problems import free_of, put_together

from ._metrics import Metrics
from ._once import once_if
from ._parts import Together, as_count, name_of


class RestartState(eqx.Module):
    """The run state.

    Attributes:
        inner: the state of the solver in this start.
        best: the arrays of the best unknowns at the end of a start; before that, of the first
            start.
        best_loss: the loss there; infinite before the first end.
        best_converged: whether the solver had converged there.
        last_loss: the last finite loss.
        start: the number of starts that have ended.
        taken: the number of steps in this start.
    """

    inner: PyTree
    best: PyTree
    best_loss: Float[Array, ""]
    best_converged: Bool[Array, ""]
    last_loss: Float[Array, ""]
    start: Int[Array, ""]
    taken: Int[Array, ""]


class Restart(AbstractSolver[AbstractProblem, RestartState]):
    """Many starts, each solved by any solver; the answer with the least loss is kept.

    A start ends when the solver has converged or stalled, or after `start_steps`; the run ends with
    the last of them. It has converged if the solver had at the best answer, or has no such test. A
    start whose metrics become infinite or NaN is given up, and the next one begins; only if all are
    lost, so is the run. Losses at the ends are compared on the batch of the step.

    Law: with `starts=1` it takes the steps of the solver itself.

    Arguments:
        inner: solves every start, its name or the solver itself.
        starts: the number of starts.
        start_steps: the largest number of steps of a start; by default the steps of the run divided
            by the starts.
        spread: the standard deviation of normal numbers that are added to all starts but the first
            [the unit of the unknowns].

    Metrics: those of the solver, 0 at a step that is not finite (its `loss` is then the last finite
    one); `start`, the number of the start, from 0 on; `best_loss`, the least loss at the end of a
    start so far, or `loss` before the first end.

    Errors: `ValueError` for a number of starts or steps below 1.
    """

    inner: AbstractSolver
    starts: Int[Array, "..."]
    start_steps: Int[Array, "..."] | None
    spread: Float[Array, "..."]
    requires: type[AbstractProblem] = eqx.field(static=True, default=AbstractProblem)  # pyright: ignore[reportIncompatibleVariableOverride]
    carries: bool = eqx.field(static=True, default=True)  # pyright: ignore[reportIncompatibleVariableOverride]
    needs_all_data: bool = eqx.field(static=True, default=False)  # pyright: ignore[reportIncompatibleVariableOverride]

    def __init__(
        self,
        inner: AbstractSolver | str = "bfgs",
        starts: int = 8,
        start_steps: int | None = None,
        spread: float = 0.0,
    ):
        for name, value in (("starts", starts), ("start_steps", start_steps)):
            if value is not None and np.min(value) < 1:
                raise ValueError(f"{name} must be at least 1; got {value}.")
        self.inner = plugax.solver(inner)
        self.starts = jnp.asarray(starts, "int32")
        self.start_steps = as_count(start_steps)
        self.spread = jnp.asarray(spread, float)
        self.requires = self.inner.requires  # pyright: ignore[reportIncompatibleVariableOverride]
        self.carries = self.inner.carries  # pyright: ignore[reportIncompatibleVariableOverride]
        self.needs_all_data = self.inner.needs_all_data  # pyright: ignore[reportIncompatibleVariableOverride]

    def unsuitable(self, problem: Any) -> str | None:
        """Why the solver cannot solve it."""
        why = self.inner.unsuitable(problem)
        return None if why is None else f"cannot start {name_of(self.inner)}, which {why}"

    def usual_steps(self, problem: AbstractProblem) -> int:
        """Those of the solver, for every start."""
        own = self.start_steps
        return int(self.starts) * (self.inner.usual_steps(problem) if own is None else int(own))

    def data(self, problem: AbstractProblem) -> Together:
        """As the solver takes them, and as the problem has them, for the losses at the ends."""
        return Together.of(problem, (self.inner,), own=True)

    def prepare(self, problem: AbstractProblem, steps: int) -> tuple[PyTree, ...]:
        """The largest number of steps of a start, and what the solver prepares for them."""
        most = max(steps // int(self.starts), 1)
        most = most if self.start_steps is None else int(self.start_steps)
        return jnp.asarray(most, "int32"), self.inner.prepare(problem, most)

    def init(
        self,
        problem: AbstractProblem,
        unknowns: PyTree,
        key: PRNGKeyArray,
        *prepared: PyTree,
    ) -> RestartState:
        """The first start, which is that of the run."""
        _, own = prepared
        batch = eqx.filter_eval_shape(problem.data.first)
        loss = eqx.filter_eval_shape(problem.loss, unknowns, batch, key)[0]
        infinite, none = jnp.full((), jnp.inf, loss.dtype), jnp.asarray(0, "int32")
        return RestartState(
            inner=self.inner.init(problem, unknowns, key, *own),
            best=eqx.filter(unknowns, eqx.is_array),
            best_loss=infinite,
            best_converged=jnp.asarray(False),
            last_loss=jnp.zeros_like(infinite),
            start=none,
            taken=none,
        )

    def step(
        self,
        problem: AbstractProblem,
        state: RestartState,
        batch: tuple[PyTree, PyTree],
        key: PRNGKeyArray,
        *prepared: PyTree,
    ) -> tuple[RestartState, Metrics]:
        """One step of the solver; at the end of a start, the comparison with the best."""
        most, own = prepared
        inner, metrics = self.inner.step(problem, state.inner, batch[0], key, *own)
        lost = ~self._is_finite(problem, metrics)
        converged = self.inner.converged(problem, inner)
        ended = lost | (state.taken + 1 >= most)
        for end in (converged, self.inner.stalled(problem, inner)):
            ended = ended if end is None else ended | end
        arrays, rest = eqx.partition(inner, eqx.is_array)

        def compare(carry: tuple) -> tuple:
            *best_so_far, arrays = carry
            unknowns = self.inner.unknowns(problem, eqx.combine(arrays, rest))
            loss = problem.loss(unknowns, batch[1], key)[0]
            found = jnp.where(lost | ~jnp.isfinite(loss), jnp.inf, loss)
            better = found < best_so_far[1]
            passed = jnp.asarray(True) if converged is None else converged
            here = [eqx.filter(unknowns, eqx.is_array), found, passed]
            best = jax.tree.map(lambda new, old: jnp.where(better, new, old), here, best_so_far)

            def again(_: PyTree) -> PyTree:
                begun = self._begin(problem, key, own, state.best)
                return eqx.filter(begun, eqx.is_array)

            # The last start stays where it is, for the solver's state of the run.
            return *best, once_if(state.start + 1 < self.starts, again, arrays)

        so_far = (state.best, state.best_loss, state.best_converged, arrays)
        best, best_loss, best_converged, arrays = once_if(ended, compare, so_far)
        loss = metrics["loss"]
        # If no other start is left or has ended well, the run is lost with this one.
        kept = lost & (jnp.isfinite(best_loss) | (state.start + 1 < self.starts))
        shown = {
            name: jnp.where(kept, jnp.zeros_like(value), value)
            for name, value in jax.tree.map(jnp.asarray, metrics).items()
        }
        last = state.last_loss.astype(loss.dtype)
        after = RestartState(
            inner=eqx.combine(arrays, rest),
            best=best,
            best_loss=best_loss,
            best_converged=best_converged,
            last_loss=jnp.where(lost, last, loss).astype(state.last_loss.dtype),
            start=state.start + ended.astype("int32"),
            taken=jnp.where(ended, 0, state.taken + 1),
        )
        loss = jnp.where(kept, last, loss)
        so_far = jnp.where(jnp.isfinite(state.best_loss), state.best_loss.astype(loss.dtype), loss)
        return after, {**shown, "loss": loss, "start": state.start, "best_loss": so_far}

    def converged(
        self,
        problem: AbstractProblem,  # noqa: ARG002
        state: RestartState,
    ) -> Bool[Array, ""]:
        """Whether all starts have ended, and the solver had converged at the best answer."""
        return (state.start >= self.starts) & state.best_converged

    def stalled(
        self,
        problem: AbstractProblem,  # noqa: ARG002
        state: RestartState,
    ) -> Bool[Array, ""]:
        """Whether all starts have ended, and the solver had not converged at the best answer."""
        return (state.start >= self.starts) & ~state.best_converged

    def unknowns(self, problem: AbstractProblem, state: RestartState) -> PyTree:
        """The best at the end of a start; before the first end, those of the first start."""
        current, rest = eqx.partition(self.inner.unknowns(problem, state.inner), eqx.is_array)
        arrays = lax.cond(jnp.isfinite(state.best_loss), lambda: state.best, lambda: current)
        return eqx.combine(arrays, rest)

    def remarks(
        self, problem: AbstractProblem, series: Mapping[str, np.ndarray]
    ) -> tuple[str, ...]:
        """If all starts began at the same loss; and the solver's own on the last start."""
        said: tuple[str, ...] = ()
        if "start" in series:
            starts, first = np.unique(series["start"], return_index=True)
            if len(starts) > 1 and np.ptp(series["loss"][first]) == 0 and not np.any(self.spread):
                said = (
                    f"All {len(starts)} starts began at the same loss: the problem draws no start. "
                    "Give spread, the size of random changes of it.",
                )
        return said + tuple(self.inner.remarks(problem, series))

    def _begin(
        self,
        problem: AbstractProblem,
        key: PRNGKeyArray,
        prepared: tuple[PyTree, ...],
        like: PyTree,
    ) -> PyTree:
        """The state of the solver at another start, in the precision of the unknowns `like`."""
        unknowns_key, spread_key, state_key = jr.split(jr.fold_in(key, 1), 3)
        drawn, others = eqx.partition(problem.init(unknowns_key), eqx.is_array)
        unknowns = eqx.combine(jax.tree.map(_as, drawn, like), others)
        floats, rest = eqx.partition(free_of(unknowns), eqx.is_inexact_array)
        leaves, form = jax.tree.flatten(floats)
        keys = jr.split(spread_key, max(len(leaves), 1))
        moved = [
            leaf + self.spread.astype(leaf.dtype) * jr.normal(own, leaf.shape, leaf.dtype)
            for own, leaf in zip(keys, leaves, strict=False)
        ]
        free = eqx.combine(jax.tree.unflatten(form, moved), rest)
        carried = getattr(unknowns, "state", None)
        return self.inner.init(problem, put_together(unknowns, free, carried), state_key, *prepared)

    def _is_finite(self, problem: AbstractProblem, metrics: Metrics) -> Bool[Array, ""]:
        """Whether all metrics are finite that have to be."""
        may_be_infinite = {*problem.may_be_infinite, *self.inner.may_be_infinite} - {"loss"}
        finite = jnp.asarray(True)
        for name, value in metrics.items():
            if name not in may_be_infinite and jnp.issubdtype(jnp.result_type(value), jnp.inexact):
                finite = finite & jnp.all(jnp.isfinite(value))
        return finite


def _as(leaf: Array, like: Array) -> Array:
    """The leaf in the precision of another, if both are numbers with a decimal point."""
    return leaf.astype(like.dtype) if eqx.is_inexact_array(leaf) else leaf
