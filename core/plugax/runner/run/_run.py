"""A job from its first call to its result: place, compile, run, report, save."""

import contextlib
import dataclasses
import os
import pathlib
import time
import warnings
from collections.abc import Iterable, Mapping
from typing import Any, cast

import jax
import jax.numpy as jnp
import numpy as np

from ... import plugins
from ...errors import PlugaxError, RunFailedError, UnsavedWarning
from ...observers import AbstractObserver, Progress
from ...solution import (
    SUMMARY,
    SWEEP,
    Lineage,
    Population,
    Solution,
    forget_figures,
    locked,
    save_run,
)
from ...solution._status import pruned
from ..devices._device import Devices
from ..devices._processes import gathered, lost_processes_named, writes
from ..loop._best import check_metric, keep_if_best
from ..loop._chunks import Failure, RunState, fetch, run_chunks, warm_up
from ..loop._compile import compile_in_blocks
from ..loop._evaluate import evaluate, evaluate_if_due
from ..loop._feed import Feed, feed_of
from ..loop._generation import next_generation
from ..loop._interrupt import Interrupt, deferred_interrupt
from ..loop._program import Task, again_at, begin, chosen_from, copy, unknowns_of
from ..loop._rollback import Rollbacks, put_back, rollbacks_of
from ..request._race import Race
from ._block_size import in_blocks, in_order
from ._breach import explain_breach
from ._job import Job
from ._journal import History, Journal, Memory
from ._place import place
from ._provenance import provenance_of
from ._result import in_shape, keep_whole, result_of, run_state_of, unravel


def run(
    job: Job,
    before: Solution | Population | None = None,
    *,
    chunk: int | None,
    devices: Devices,
    observers: Iterable[AbstractObserver | str],
    out: str | os.PathLike | None,
    throw: bool,
) -> Any:
    """Run a job up to its plan's last step, from the beginning or from the end of `before`.

    Returns:
        a `Solution`, or a `Population` if something is swept.
    """
    with contextlib.ExitStack() as stack:
        # The last to end: a signal that ends the program is delivered when all is done.
        interrupt = stack.enter_context(deferred_interrupt())
        if out is not None and writes():
            stack.enter_context(locked(out))
        return _run(
            job,
            before,
            interrupt,
            stack,
            chunk=chunk,
            devices=devices,
            observers=observers,
            out=None if out is None else pathlib.Path(out),
            throw=throw,
        )


def _run(
    job: Job,
    before: Solution | Population | None,
    interrupt: Interrupt,
    stack: contextlib.ExitStack,
    *,
    chunk: int | None,
    devices: Devices,
    observers: Iterable[AbstractObserver | str],
    out: pathlib.Path | None,
    throw: bool,
) -> Any:
    problem, solver, steps = job.problem, job.solver, job.plan.steps
    listeners = [plugins.observer(observer) for observer in observers] if writes() else []
    hook = plugins.default_manager().hook
    origin = provenance_of(problem, solver, devices, **job.asked, chunk=chunk)
    try:
        for listener in listeners:
            listener.on_start(steps)
        hook.before_compile(problem=problem, solver=solver)
        with (
            jax.default_device(devices.first),
            explain_breach(problem, solver),
            lost_processes_named(),
        ):
            whole = in_blocks(job, devices)
            task = place(whole, devices)
            if devices.several and task.block is not None:
                # How members are rounded depends on it; a resumed run has the same.
                origin["run"]["block"] = task.block
            if job.keep_best is not None:
                check_metric(task, job.keep_best)
            feed = feed_of(
                solver.data(problem),
                whole.key,
                step=_begin(before),
                steps=steps,
                place=None if before is None else before.place,
                device=devices.first,
                split=task.split,
                interrupt=interrupt,
            )
            with contextlib.nullcontext() if feed is None else feed:
                began = time.perf_counter()
                task, run_state = _first(task, job, before, feed)
                run_state.compile_seconds = time.perf_counter() - began - run_state.wait_seconds
                run_state.run_seconds += run_state.wait_seconds  # for the first block
                hook.after_compile(
                    problem=problem, solver=solver, seconds=run_state.compile_seconds
                )
                hook.before_run(problem=problem, solver=solver, steps=steps)
                history, saves = _history(job, before, out, stack), out is not None
                between = _Between(job, task, history, saves, listeners, origin, devices, feed)
                between.task = between.in_order(run_state)
                if job.on_non_finite == "rollback":
                    between.rollbacks = rollbacks_of(cast(Solution | None, before), job.rates)
                    run_state.rollbacks = len(between.rollbacks.failed)
                if out is not None and gathered(not (out / SUMMARY).exists()).any():
                    between.save(run_state)  # from here on, the run can be resumed
                try:
                    run_chunks(
                        between.task,
                        run_state,
                        plan=dataclasses.replace(job.plan, snapshots=job.snapshots.steps),
                        chunk=chunk,
                        feed=feed,
                        interrupt=interrupt,
                        after_chunk=between.after_chunk,
                        goes_back=None if between.rollbacks is None else between,
                    )
                except PlugaxError:
                    # If data cannot be read, what was done before is not lost.
                    # Of several processes, the others do not know and cannot take part.
                    alone = feed is not None and feed.failed and jax.process_count() == 1
                    if alone and run_state.latest:
                        between.save(run_state)
                    raise
                result = between.ended(run_state)
    except BaseException as error:
        hook.on_run_error(problem=problem, solver=solver, error=error)
        for listener in listeners:
            listener.on_error(error)
        raise
    for listener in listeners:
        listener.on_end(result)
    hook.after_run(solution=result)
    if throw:
        _throw_if_failed(result)
    return result


def _history(
    job: Job,
    before: Solution | Population | None,
    out: pathlib.Path | None,
    stack: contextlib.ExitStack,
) -> History:
    """The history of the run; its files are closed when the run is over."""
    if out is None or not writes():
        return Memory(job, before)
    return stack.enter_context(contextlib.closing(Journal(out, job, before)))


def _throw_if_failed(result: Solution | Population) -> None:
    if isinstance(result, Solution):
        if not result.status.success:
            raise RunFailedError(str(result.status), result)
        return
    lost = result.status[~result.success]
    if lost.size:
        told = f"{lost.size} of {result.status.size} members did not succeed; the first: {lost[0]}"
        raise RunFailedError(told, result)


def _begin(before: Solution | Population | None) -> int:
    """The number of the first step of a run, or of a resumed run."""
    return 0 if before is None else run_state_of(before, None).step


def _first(
    task: Task, job: Job, before: Solution | Population | None, feed: Feed | None
) -> tuple[Task, RunState]:
    """The task in blocks that fit, and the run state at the start, or at the end of `before`."""
    blocks = () if feed is None else feed.stand_in()
    if before is None:
        task, warm = compile_in_blocks(task, job.members, blocks)
        position = begin(task)
        run_state = RunState(position.state, 0, np.zeros(job.members, int))
        run_state.cursor = position.cursor
    else:
        run_state = run_state_of(before, job.keep_best)
        # The loop donates the state's buffers; those of `before` belong to the caller.
        position = again_at(task, run_state.state, jnp.asarray(run_state.step, "int32"))
        task, warm = compile_in_blocks(task, job.members, blocks, position)
        run_state.state, run_state.cursor = position.state, position.cursor
    read = feed is None or fetch(feed, run_state) > 0
    if not warm and read:
        warm_up(task, run_state)
    return task, run_state


@dataclasses.dataclass
class _Between:
    """What happens between chunks."""

    job: Job
    task: Task
    history: History
    saves: bool
    listeners: list[AbstractObserver]
    provenance: dict[str, Any]
    devices: Devices
    feed: Feed | None
    stopped_by: str | None = None
    rollbacks: Rollbacks | None = None
    saved_at: float = dataclasses.field(default_factory=time.monotonic)

    def after_chunk(self, run_state: RunState) -> Task | None:
        """Evaluate, judge the members of a race, tell the observers, save now and then.

        Returns:
            the task to go on with; None if an observer ends the run.
        """
        evaluation = evaluate_if_due(self.task, run_state, self.job.plan)
        if self.feed is not None:
            # A single run may go on from before its last step, if that failed.
            alone = self.job.swept is None
            step = int(run_state.taken[0]) if alone else run_state.step
            run_state.place = self.feed.place_at(step)
        rows = self._written(run_state)
        if self.job.keep_best is not None:
            keep_if_best(self.task, run_state, self.job.keep_best, evaluation, rows)
        if self.job.race is not None and run_state.step in self.job.plan.rungs:
            judge = self._stop_some if self.job.race.stops else self._replace_some
            judge(self.job.race, run_state)
        if self.listeners:
            progress = self._progress(run_state, evaluation)
            for listener in self.listeners:
                if listener.on_progress(progress):
                    self.stopped_by = type(listener).__name__
        due = self._snapshot_is_due(run_state.step)
        agreed = gathered(self.stopped_by is not None, due)
        stopped, due = (bool(agreed[:, place].any()) for place in (0, 1))
        if stopped and self.stopped_by is None:
            self.stopped_by = "an observer of another process"
        if due and not stopped:
            self.save(run_state)
        return None if stopped else self.task

    def save(self, run_state: RunState) -> None:
        """Save a snapshot; if that fails, a warning says so, and the run goes on."""
        self._save(self._result(run_state), run_state, ended=False)

    def ended(self, run_state: RunState) -> Any:
        """The result of the run, saved if it is to be."""
        result = self._result(run_state)
        unsaved = self._save(result, run_state, ended=True)
        return dataclasses.replace(result, unsaved=unsaved) if unsaved else result

    def _save(
        self, result: Solution | Population, run_state: RunState, *, ended: bool
    ) -> str | None:
        """Save the result, and return why that failed, if it did; the run itself is not lost."""
        self.saved_at, journal = time.monotonic(), self.history
        if isinstance(journal, Memory):
            return None
        try:
            journal.take(run_state)
            save_run(result, journal.directory, journal.shared(run_state, ended=ended))
        except Exception as error:
            cause = (error.strerror if isinstance(error, OSError) else None) or error
            message = f"The run could not be saved in {journal.directory}: {cause}."
            again = "" if ended else " It goes on, and is saved again later."
            warnings.warn(UnsavedWarning(message + again), stacklevel=4)
            return message
        journal.saved(run_state)
        object.__setattr__(result, "directory", journal.directory)
        if journal.anew:
            forget_figures(journal.directory)
            # A sweep of several populations that was there is replaced too.
            (journal.directory / SWEEP).unlink(missing_ok=True)
            journal.anew = False
        return None

    def _written(self, run_state: RunState) -> Mapping[str, Any] | None:
        """Write the new rows of the history; how many there are, or None if some are missing."""
        if isinstance(self.history, Memory):
            return None
        try:
            self.history.take(run_state)
        except (OSError, PlugaxError):  # told when the run is saved
            return None
        return self.history.entries()

    def _snapshot_is_due(self, step: int) -> bool:
        if not self.saves:
            return False
        every = self.job.snapshots.steps
        if step >= self.job.plan.steps:  # the end is saved anyway
            return False
        if every is not None:
            return step % every == 0
        return time.monotonic() - self.saved_at > self.job.snapshots.seconds

    def note(self, step: int, state: Any) -> None:
        """Keep the state, if the run may go back to it."""
        cast(Rollbacks, self.rollbacks).note(step, state)

    def go_back(self, run_state: RunState, failure: Failure) -> Task | None:
        """Go back to an earlier state, with smaller learning rates; None if the run is to end."""
        rollbacks = cast(Rollbacks, self.rollbacks)
        point = rollbacks.target(failure)
        if point is None:
            return None
        keep_whole(self.job, self.history, run_state, point)
        self.history.go_back(run_state, point)
        rollbacks.go_back(failure, point)
        run_state.rollbacks += 1
        task = self.job.task(rollbacks.rates)
        self.task = place(dataclasses.replace(task, split=self.task.split), self.devices)
        put_back(self.task, run_state, point, rollbacks.points[point])
        return self.task

    def in_order(self, run_state: RunState) -> Task:
        """The task, of a race with the members that may go on in the first blocks."""
        if self.task.order is None:
            return self.task
        return in_order(self.task, run_state.active())

    def _merit(self, race: Race, run_state: RunState) -> np.ndarray:
        """The figure of merit of every member; the smallest is the best."""
        if race.by == "loss":
            return np.asarray(run_state.last_metrics()["loss"])
        return race.checked(evaluate(self.task, run_state)[1], self.job.members)

    def _stop_some(self, race: Race, run_state: RunState) -> None:
        """Stop the members that lag behind."""
        rungs, members = self.job.plan.rungs, self.job.members
        rung = rungs.index(run_state.step)
        merit = self._merit(race, run_state)
        racing = np.ones(members, bool)
        racing[[*run_state.failures, *run_state.lost]] = False
        brackets = race.brackets(len(rungs), members, self.job.seed)
        stopped = race.stopped(rung, brackets, racing, merit) & run_state.active()
        status = pruned(run_state.step, rung + 1, race.by)
        run_state.lost |= dict.fromkeys(np.flatnonzero(stopped).tolist(), status)
        self.task = self.in_order(run_state)

    def _replace_some(self, race: Race, run_state: RunState) -> None:
        """Let the worst members go on from the best, with other options."""
        failed = np.zeros(self.job.members, bool)
        failed[[*run_state.failures, *run_state.lost]] = True
        lineage = next_generation(
            race,
            cast(Lineage, self.job.lineage),
            step=run_state.step,
            merit=self._merit(race, run_state).astype(float),
            running=run_state.active(),
            failed=failed,
            seed=self.job.seed,
        )
        self.job = dataclasses.replace(self.job, lineage=lineage)
        parents = lineage.parents[-1]
        children = np.flatnonzero(parents != np.arange(parents.size)).tolist()
        if not children:
            return
        run_state.state = chosen_from(run_state.state, jnp.asarray(parents, "int32"))
        run_state.taken[children] = run_state.step
        run_state.copied = frozenset(children)
        for member in children:
            run_state.failures.pop(member, None)
            run_state.lost.pop(member, None)
        task = self.job.task(lineage.values)
        task = dataclasses.replace(task, block=self.task.block, split=self.task.split)
        self.task = place(task, self.devices)

    def _progress(self, run_state: RunState, evaluation: dict[str, np.ndarray]) -> Progress:
        def unknowns() -> Any:
            if jax.process_count() > 1:
                raise PlugaxError(
                    "An observer has no unknowns in a run of several processes: it is in one of "
                    "them, and all would have to compute them. Use evaluate_every in its place."
                )
            return in_shape(copy(unknowns_of(self.task, run_state.state)), self.job)

        def shaped(arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
            return {name: unravel(values, self.job) for name, values in arrays.items()}

        def evaluations() -> dict[str, np.ndarray]:
            found = self.history.evaluations(run_state)
            return {n: x if n == "step" else unravel(x, self.job) for n, x in found.items()}

        return Progress(
            step=int(run_state.taken.max()),
            steps=self.job.plan.steps,
            metrics=shaped(run_state.latest),
            last=shaped(run_state.last_metrics()),
            evaluation=shaped(evaluation),
            running=unravel(run_state.active(), self.job),
            seconds=run_state.run_seconds,
            unknowns=unknowns,
            first=run_state.first,
            recorded=self.job.record.numbers(run_state.first, run_state.step),
            evaluations=evaluations,
        )

    def _result(self, run_state: RunState) -> Any:
        """The solution, or the population, for a run state."""
        return result_of(
            self.job,
            self.task,
            run_state,
            history=self.history,
            provenance=self.provenance,
            stopped_by=self.stopped_by,
            rollbacks=self.rollbacks,
        )
