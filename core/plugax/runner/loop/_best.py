"""The best state of a run so far, by a metric of its evaluations.

An evaluation is better if its metric is finite, and smaller (or larger) than that of all before.
The whole state of the solver is kept, so the run can go on from its best as from its end. Only
evaluations count that the plan has: what is kept does not depend on chunks or interruptions.
"""

import dataclasses
from collections.abc import Mapping
from typing import Any

import equinox as eqx
import jax
import numpy as np

from ...errors import PlugaxError, did_you_mean
from ..request._length import Plan
from ._chunks import Best, RunState, choose
from ._program import Task, copy, finish, start

MODES = ("min", "max")


@dataclasses.dataclass(frozen=True)
class KeepBest:
    """What makes a state the best.

    Attributes:
        metric: a scalar that `problem.evaluate` returns.
        sign: 1 if smaller is better, -1 if larger is.
    """

    metric: str
    sign: int = 1

    @property
    def asked(self) -> str:
        """As users write it: `"test_loss"`, `"max:test_accuracy"`."""
        return self.metric if self.sign == 1 else f"max:{self.metric}"


def keeping(asked: str | None, plan: Plan) -> KeepBest | None:
    """What a user asks to be kept.

    Arguments:
        asked: the name of a metric, of which the smallest is the best; `"max:NAME"` if the largest
            is; None for nothing.
        plan: the length of the run, and its evaluations.

    Errors: `PlugaxError` for anything else, and if nothing is evaluated during the run.
    """
    if asked is None:
        return None
    if not isinstance(asked, str) or not asked:
        raise PlugaxError(
            "keep_best must be the name of a metric that problem.evaluate returns, such as "
            f"'test_loss', or 'max:test_accuracy' if the largest is the best; got {asked!r}."
        )
    if plan.interval is None:
        raise PlugaxError(
            f"keep_best={asked!r} needs evaluations during the run, and there are none: give "
            "evaluate_every=100 (steps) or evaluate_every='epoch', on the command line "
            "--evaluate-every."
        )
    mode, _, name = asked.partition(":")
    return KeepBest(name, -1 if mode == "max" else 1) if mode in MODES else KeepBest(asked)


def check_metric(task: Task, keep: KeepBest) -> None:
    """Raise `PlugaxError` if the problem evaluates no such scalar."""
    state = eqx.filter_eval_shape(start, task).state
    figures = eqx.filter_eval_shape(finish, task, state)[1]
    axes = 0 if task.axes is None else 1
    is_scalar = lambda value: isinstance(value, jax.ShapeDtypeStruct) and value.ndim == axes  # noqa: E731
    scalars = [name for name, value in figures.items() if is_scalar(value)]
    if keep.metric not in scalars:
        raise PlugaxError(
            f"keep_best={keep.asked!r}: {type(task.problem).__name__}.evaluate returns no scalar "
            f"{keep.metric!r}.{did_you_mean(keep.metric, scalars)} Its scalars are "
            f"{', '.join(scalars) or 'none'}."
        )


def keep_if_best(
    task: Task,
    run_state: RunState,
    keep: KeepBest,
    evaluation: dict[str, np.ndarray],
    rows: Mapping[str, Any] | None = None,
) -> None:
    """Keep the present state of every member whose evaluation is its best so far.

    Arguments:
        task: what stays the same during the run.
        run_state: how far it has come; its `best` is changed.
        keep: what makes a state the best.
        evaluation: the evaluation that was made now, `(members,)`; may be empty.
        rows: how much of the history is written; None if it is not saved.
    """
    if keep.metric not in evaluation:
        return
    values = evaluation[keep.metric].astype(float)
    best = run_state.best
    there = run_state.taken == run_state.step  # the others were evaluated before
    better = there & np.isfinite(values)
    if best is not None:
        better &= np.isnan(best.values) | (keep.sign * values < keep.sign * best.values)
    if not better.any():
        return
    now = (run_state.state, None if run_state.finished is None else run_state.finished[1:])
    if best is None or better.all():
        # The loop is given the buffers of the state, so what is kept has buffers of its own.
        state, finished = copy(now)
    elif best.finished is None:
        state, finished = choose(better, now[0], best.state, task), None
    else:
        state, finished = choose(better, now, (best.state, best.finished), task)
    nothing = np.zeros(values.shape, int), np.full(values.shape, np.nan)
    steps, before = nothing if best is None else (best.steps, best.values)
    run_state.best = Best(
        np.where(better, run_state.taken, steps),
        np.where(better, values, before),
        state,
        finished,
        run_state.place,
        rows=rows,
        rollbacks=run_state.rollbacks,
    )


def at_best(run_state: RunState, best: Best) -> RunState:
    """The run state when its best was found; `result_of` cuts the history to that."""
    return RunState(
        best.state,
        int(best.steps.max()),
        best.steps,
        pieces=run_state.pieces,
        latest=run_state.latest,
        evaluations=run_state.evaluations,
        finished=None if best.finished is None else (best.state, *best.finished),
        place=best.place,
        whole=best.whole,
        rollbacks=best.rollbacks,
        compile_seconds=run_state.compile_seconds,
        run_seconds=run_state.run_seconds,
        wait_seconds=run_state.wait_seconds,
    )
