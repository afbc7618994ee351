"""The states and metrics of a saved run, computed once more by the same programs."""

import contextlib
import dataclasses
from typing import Any

import equinox as eqx
import jax.numpy as jnp
import jax.random as jr
import numpy as np
from jaxtyping import PyTree

from ..data._block import with_blocks
from ..errors import PlugaxError
from ..runner.devices._device import find_devices
from ..runner.loop._feed import feed_of
from ..runner.loop._interrupt import Interrupt
from ..runner.loop._program import Task, advance, again_at, begin, keys_of
from ..runner.loop._rates import rates_of
from ..runner.loop._rollback import FACTOR
from ..runner.loop._skip import SKIPPED, bare, guarded
from ..runner.request._length import Plan
from ..runner.run._job import Job, single
from ..runner.run._run import run
from ..runner.saved._load import told_of
from ..solution import Solution
from ._nearest import nearest


@dataclasses.dataclass(frozen=True)
class Step:
    """One step, as the runner takes it.

    Attributes:
        task: problem, solver and all that stays the same.
        before: the solver's state before it.
        after: the solver's state after it; if the step was skipped, the one that was refused.
        metrics: its metrics by name.
        batch: its batch.
        key: its random key.
    """

    task: Task
    before: PyTree
    after: PyTree
    metrics: dict[str, np.ndarray]
    batch: PyTree
    key: Any


def state_before(solution: Solution, step: int) -> tuple[PyTree, int]:
    """The solver's state before a step of a run, and the step from which it was computed.

    Errors: `PlugaxError` if the run ends before.
    """
    since = solution.provenance["run"].get("since", 0)
    if step < since:
        raise PlugaxError(
            f"This run goes by its options from step {since} on; step {step} went by others. If it "
            "branched off another run, replay the step there."
        )
    before = nearest(solution, step)
    if since and (before is None or before.steps < since):
        raise PlugaxError(f"No state of this run is saved between its step {since} and {step}.")
    start = at = 0 if before is None else before.steps
    ends = [int(back) for back in solution.recoveries.get("step", ()) if at < back < step]
    for end in [*sorted(set(ends)), step] if step > at else []:
        found = run(
            _job(solution, at, end),
            before,
            chunk=None,
            devices=find_devices(),
            observers=(),
            out=None,
            throw=False,
        )
        if found.steps < end:
            raise PlugaxError(f"Step {step} of this run cannot be reached: {found.status}")
        before, at = found, end
    if before is None:
        return bare(begin(_job(solution, 0, 1).task()).state), 0
    return before.state, start


def step_again(solution: Solution, step: int, state: PyTree) -> Step:
    """A step of a run once more.

    Arguments:
        solution: the run.
        step: the number of the step.
        state: the solver's state before it.
    """
    task = _job(solution, step, step + 1).task()
    problem, solver = task.problem, task.solver
    _, _, data_key, step_key = keys_of(task.key)
    first, limit = jnp.asarray(step, "int32"), jnp.asarray(1, "int32")
    stream = feed_of(
        solver.data(problem),
        task.key,
        step=step,
        steps=step + 1,
        place=None,
        device=next(iter(first.devices())),
        split=None,
        interrupt=Interrupt(),
    )
    with contextlib.nullcontext() if stream is None else stream:
        if stream is not None:
            stream.available(step)
        blocks = () if stream is None else stream.blocks
        plain = dataclasses.replace(task, skips=False)

        def advanced(task: Task, state: PyTree) -> tuple[PyTree, dict[str, np.ndarray]]:
            position = again_at(plain, state, first)
            _, after, left = advance((task, first, limit, 1, blocks), position)
            rows = {n: x[0] for n, x in left.metrics.items()} if left.last is None else left.last
            return after.state, {name: np.asarray(value) for name, value in rows.items()}

        after, metrics = advanced(plain, state)
        if task.skips:
            metrics = advanced(task, guarded(state))[1]
        metrics.pop(SKIPPED, None)
        data = with_blocks(solver.data(problem), blocks)
        batch = eqx.filter_jit(lambda data: data.next(data.init(data_key, first), data_key, first))(
            data
        )[0]
    return Step(plain, state, after, metrics, batch, jr.fold_in(step_key, step))


def row_of(solution: Solution, step: int) -> dict[str, np.ndarray]:
    """The metrics of a step in the history, by name; none if it was not recorded."""
    row, off = divmod(step, solution.provenance["run"]["record_every"])
    rows = {n: x for n, x in solution.series.items() if n != SKIPPED and row < len(x)}
    return {} if off else {name: np.asarray(values[row]) for name, values in rows.items()}


def _job(solution: Solution, begin: int, end: int) -> Job:
    """The run up to a step, with the learning rates that it has from `begin` on."""
    asked = dict(solution.provenance["run"])
    told = told_of({name: value for name, value in asked.items() if name != "over"})
    solver, goes_back = solution.solver, told["on_non_finite"] == "rollback"
    if goes_back:
        told["on_non_finite"] = "stop"
    job = single(
        solution.problem, solver, plan=Plan(end), prepared_for=asked["prepared_for"], **told
    )
    if not goes_back:
        return job
    # Each rollback holds from the step that it went back to, over all that were before it.
    held = np.flatnonzero(np.asarray(solution.recoveries["step"]) <= begin)
    factor = FACTOR ** (int(held[-1]) + 1 if held.size else 0)
    rates = {name: rate * factor for name, rate in rates_of(solver).items()}
    make = job.task
    return dataclasses.replace(job, task=lambda: make(rates))
