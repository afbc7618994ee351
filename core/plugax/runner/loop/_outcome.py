"""The outcome of a run: a status for every member, and metrics as plain numbers."""

import dataclasses
import warnings
from collections.abc import Callable, Mapping
from typing import Any

import jax
import numpy as np

from ...errors import PluginWarning
from ...problems import AbstractProblem, Metrics
from ...solution import Status
from ...solution import _status as statuses
from ...solvers import AbstractSolver
from ._chunks import Failure, RunState


def status_of(run_state: RunState, member: int, *, stopped_by: str | None, steps: int) -> Status:
    """How the run of one member ended, or its status so far.

    Arguments:
        run_state: the state of the run.
        member: the member's number.
        stopped_by: the observer that ended the run, if one did.
        steps: the number of steps that was asked for.
    """
    taken = int(run_state.taken[member])
    if member in run_state.lost:
        return run_state.lost[member]
    if member in run_state.failures:
        failure = run_state.failures[member]
        if failure.skipped:
            return statuses.hopeless(failure.step, failure.skipped, failure.metric, failure.value)
        return statuses.non_finite(failure.step, failure.metric, failure.value, taken)
    if run_state.converged is not None and run_state.converged[member]:
        return statuses.converged(taken)
    if run_state.stalled is not None and run_state.stalled[member]:
        return statuses.stalled(taken)
    if stopped_by is not None:
        return statuses.stopped(taken, stopped_by)
    if taken < steps and run_state.data_ended:
        return statuses.data_ended(taken, steps)
    if taken < steps:
        return statuses.interrupted(taken)
    return (
        statuses.completed(taken) if run_state.converged is None else statuses.not_converged(taken)
    )


def summary_of(
    problem: AbstractProblem, solver: AbstractSolver, series: Mapping[str, np.ndarray]
) -> Metrics:
    """The summary of a run by problem and solver; empty before the first step."""
    if not series:
        return {}
    name = f"{type(problem).__name__}.summary"
    found = _call_or_warn(lambda: dict(problem.summary(series)), name, {})
    name = f"{type(solver).__name__}.summary"
    return found | _call_or_warn(lambda: dict(solver.summary(problem, series)), name, {})


def joint_summary_of(
    problem: AbstractProblem, solver: AbstractSolver, series: Mapping[str, np.ndarray]
) -> Metrics:
    """The solver's summary of several runs together; empty before the first step."""
    if not series:
        return {}
    name = f"{type(solver).__name__}.joint_summary"
    return _call_or_warn(lambda: dict(solver.joint_summary(problem, series)), name, {})


def _call_or_warn(says: Callable[[], Any], name: str, nothing: Any) -> Any:
    """What a component says about a run; if it raises, a warning, so that the run is not lost."""
    try:
        return says()
    except Exception as error:
        warnings.warn(
            f"{name} raised {type(error).__name__}: {error}. Its result is left out.",
            PluginWarning,
            stacklevel=3,
        )
        return nothing


def add_remarks(
    status: Status,
    problem: AbstractProblem,
    solver: AbstractSolver,
    series: dict[str, np.ndarray],
    failure: Failure | None,
) -> Status:
    """The status with the remarks of problem and solver on the run.

    Arguments:
        status: how the run ended.
        problem: the problem.
        solver: the solver.
        series: the metrics of every step that did not fail.
        failure: the step that failed, if one did.
    """
    if failure is not None and failure.row:
        series = {
            name: np.concatenate([series[name], row]) if name in series else row
            for name, row in failure.row.items()
        }
    if not series:
        return status
    name = f"{type(problem).__name__}.remarks"
    remarks = _call_or_warn(lambda: tuple(problem.remarks(series)), name, ())
    name = f"{type(solver).__name__}.remarks"
    remarks += _call_or_warn(lambda: tuple(solver.remarks(problem, series)), name, ())
    return dataclasses.replace(status, remarks=remarks)


def says_nothing(component: Any, interface: type, method: str) -> bool:
    """Whether a method is the interface's default, so that it need not be called."""
    return getattr(type(component), method) is getattr(interface, method)


def plain_metrics(metrics: Metrics) -> dict[str, Any]:
    """Arrays as Python numbers and lists; names and lists of names as they are."""
    return {
        name: np.asarray(value).tolist()
        if isinstance(value, jax.Array | np.ndarray | np.generic)
        else value
        for name, value in metrics.items()
    }
