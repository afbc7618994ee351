"""`complete`: parts are submitted and waited for, until all of them are done.

A part is done when its worker says so in its directory; the pickles in which submitit returns
results are not read. A part whose program died (killed, out of memory, a machine that went down) is
submitted again and goes on from what it has saved.
"""

import collections
import dataclasses
import json
import pathlib
import time
from collections.abc import Callable, Sequence
from typing import Any

from ..errors import PlugaxError
from ._local import Local
from ._named import Cluster
from ._submitit import FOLDER, again, last_words, require_submitit
from ._worker import FAILED, Worker, failure_in, is_done

JOB = "job.json"
LOCAL_SECONDS, REMOTE_SECONDS = 0.1, 2.0
"""How long to wait before looking at the jobs again."""


@dataclasses.dataclass(frozen=True)
class Task:
    """One part of the work.

    Attributes:
        place: its directory, in which the worker saves.
        arguments: what the function is called with, after the directory; plain data.
        name: what it is, for messages.
    """

    place: pathlib.Path
    arguments: tuple[Any, ...]
    name: str


@dataclasses.dataclass
class _Running:
    task: Task
    job: Any
    worker: int


def complete(
    cluster: Cluster,
    work: Callable[..., None],
    tasks: Sequence[Task],
    folder: pathlib.Path,
) -> None:
    """Do all tasks that are not done yet, and return when all are.

    Arguments:
        cluster: where.
        work: the function of a task, called with its directory and its arguments in a program of
            its own; a function of a module, sent by its name. What it has done must be in the
            directory, from which it goes on if it is called again.
        tasks: the tasks.
        folder: the directory for submitit's files.

    Errors: `PlugaxError` if submitit is missing, nothing can be submitted, a task raised an
    exception (with its message), or died too often. Tasks that are done stay done. After Ctrl-C,
    programs on this machine are ended; those in a queue go on.
    """
    left = collections.deque(task for task in tasks if not is_done(task.place))
    if not left:
        return
    require_submitit()
    cluster.check()
    _Rounds(cluster, Worker(work), left, folder / FOLDER).run()


class _Rounds:
    """Submits what is left, as many at a time as the cluster takes, until nothing is."""

    def __init__(
        self,
        cluster: Cluster,
        worker: Worker,
        left: "collections.deque[Task]",
        folder: pathlib.Path,
    ):
        self.cluster, self.worker, self.left, self.folder = cluster, worker, left, folder
        self.begun: collections.Counter[pathlib.Path] = collections.Counter()
        self.running: list[_Running] = []
        self.failed: list[Task] = []

    def run(self) -> None:
        """Run until all is done, or something has failed."""
        pause = LOCAL_SECONDS if isinstance(self.cluster, Local) else REMOTE_SECONDS
        try:
            while self.left or self.running:
                self._submit()
                ended = [one for one in self.running if one.job.done()]
                self.running = [one for one in self.running if one not in ended]
                for one in ended:
                    self._end(one)
                if self.running and not ended:
                    time.sleep(pause)
                if self.failed:
                    self.left.clear()  # the others that run may still finish
        except KeyboardInterrupt:
            self._interrupted()
            raise
        if self.failed:
            raise PlugaxError(_message(self.failed))

    def _submit(self) -> None:
        """Submit as many of the tasks that are left as may run at once."""
        if isinstance(self.cluster, Local):
            free = sorted(set(range(self.cluster.workers)) - {one.worker for one in self.running})
            for worker in free[: len(self.left)]:
                self._submit_some([self.left.popleft()], worker)
        elif self.left:
            tasks = list(self.left)
            self.left.clear()
            found = [again(self.cluster, self.folder, _number_in(task.place)) for task in tasks]
            self.running += [
                _Running(task, job, 0) for task, job in zip(tasks, found, strict=True) if job
            ]
            anew = [task for task, job in zip(tasks, found, strict=True) if not job]
            if anew:
                self._submit_some(anew, 0)

    def _submit_some(self, tasks: list[Task], worker: int) -> None:
        for task in tasks:
            task.place.mkdir(parents=True, exist_ok=True)
            (task.place / FAILED).unlink(missing_ok=True)
            self.begun[task.place] += 1
        executor = self.cluster.executor(self.folder, worker)
        try:
            with executor.batch():
                jobs = [
                    executor.submit(self.worker, str(task.place.absolute()), *task.arguments)
                    for task in tasks
                ]
        except (OSError, RuntimeError) as error:  # submitit's errors are kinds of RuntimeError
            cause = str(error).strip() or type(error).__name__
            raise PlugaxError(f"The jobs could not be submitted: {cause}") from error
        for task, job in zip(tasks, jobs, strict=True):
            (task.place / JOB).write_text(json.dumps({"id": job.job_id}))
            self.running.append(_Running(task, job, worker))

    def _end(self, one: _Running) -> None:
        """What follows from the end of a program."""
        task = one.task
        if is_done(task.place):
            return
        if failure_in(task.place) is not None:
            self.failed.append(task)
        elif self.begun[task.place] < self.cluster.attempts:
            self.left.append(task)
        else:
            told = {
                "type": "died",
                "message": f"its program ended {self.cluster.attempts} times without a result. "
                f"{last_words(one.job)}. Killed programs often lack memory: ask for more, or cut "
                "into more slices",
                "expected": True,
            }
            (task.place / FAILED).write_text(json.dumps(told))
            self.failed.append(task)

    def _interrupted(self) -> None:
        """End the programs on this machine."""
        if isinstance(self.cluster, Local):
            for one in self.running:
                one.job.cancel()
            for one in self.running:
                one.job._process.wait()


def _message(failed: list[Task]) -> str:
    """What was wrong with the first task that failed, and how many others did."""
    first = failed[0]
    told = failure_in(first.place) or {}
    message = str(told.get("message", "")).strip().rstrip(".")
    if not told.get("expected", False):
        message = f"{told.get('type')}: {message}"
    others = f" {len(failed) - 1} others failed too." if len(failed) > 1 else ""
    return (
        f"{first.name} failed: {message}.{others} What is done is kept: the same call again goes "
        "on with the rest."
    )


def _number_in(place: pathlib.Path) -> str | None:
    """The job that was submitted for a task last."""
    try:
        return json.loads((place / JOB).read_text())["id"]
    except (OSError, ValueError, KeyError):
        return None
