"""`Slurm`: array jobs on a cluster with the scheduler Slurm."""

import dataclasses
import shutil
from collections.abc import Mapping, Sequence
from typing import Any

from ..errors import PlugaxError
from ._checks import check_count

EXAMPLES = "90 (minutes), '1:30:00' or '2-12:00:00' (days-hours:minutes:seconds)"


@dataclasses.dataclass(frozen=True)
class Slurm:
    """Array jobs of Slurm, one task for every part of the work.

    Arguments:
        slices: the number of parts to cut a sweep into, each a task of the array.
        at_once: the number of tasks that may run at once; by default all.
        partition: the partition; None for the cluster's default.
        time: the time limit of a task, in minutes or as Slurm writes it, `"2:00:00"`. A task that
            reaches it is put into the queue again and goes on.
        cpus: the CPUs of a task.
        gpus: the GPUs of a task.
        memory: the memory of a task as Slurm writes it, `"16G"`.
        sbatch: further parameters of `sbatch` by name, `{"account": "physics"}`; True for a flag.
        setup: commands of the shell before Python starts, `["module load cuda"]`.
        attempts: how often a part is begun that dies on the way, before that is an error.

    Errors: `PlugaxError` for an invalid number or time.
    """

    slices: int = 8
    at_once: int | None = None
    partition: str | None = None
    time: int | str = 60
    cpus: int | None = None
    gpus: int | None = None
    memory: str | None = None
    sbatch: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    setup: Sequence[str] = ()
    attempts: int = 3

    def __post_init__(self) -> None:
        """Check numbers and time."""
        for name in ("slices", "attempts"):
            check_count(name, getattr(self, name))
        for name in ("at_once", "cpus", "gpus"):
            check_count(name, getattr(self, name), optional=True)
        minutes(self.time)

    @property
    def parts(self) -> int:
        """The number of parts to cut a sweep into."""
        return self.slices

    def check(self) -> None:
        """Raise `PlugaxError` if nothing can be submitted from here."""
        missing = [name for name in ("sbatch", "srun") if shutil.which(name) is None]
        if missing:
            raise PlugaxError(
                f"There is no command {missing[0]!r} on this machine, so nothing can be submitted "
                "to Slurm. Call from a login node of the cluster, or compute on this machine with "
                "cluster='local', on the command line --cluster local."
            )

    def executor(self, folder: Any, worker: int) -> Any:  # noqa: ARG002 - all tasks are alike
        """submitit's executor.

        Arguments:
            folder: the directory of its files.
            worker: the number of the worker.
        """
        import submitit

        told = {
            "time": minutes(self.time),
            "partition": self.partition,
            "cpus_per_task": self.cpus,
            "gpus_per_node": self.gpus,
            "mem": self.memory,
            "setup": list(self.setup) or None,
            "array_parallelism": self.at_once,
        }
        further = {name.replace("_", "-"): value for name, value in self.sbatch.items()}
        executor = submitit.SlurmExecutor(folder=folder)
        executor.update_parameters(
            job_name="plugax",
            additional_parameters=further,
            **{name: value for name, value in told.items() if value is not None},
        )
        return executor


def minutes(time: int | str) -> int:
    """A time limit in whole minutes, rounded up.

    Arguments:
        time: minutes, or text as Slurm takes it: minutes, minutes:seconds, hours:minutes:seconds,
            days-hours, days-hours:minutes, days-hours:minutes:seconds.

    Errors: `PlugaxError` for anything else.
    """
    try:
        days, dash, rest = str(time).rpartition("-")
        numbers = [int(part) for part in rest.split(":")]
        units = (24 * 60, 60, 1, 1 / 60)
        if dash:
            found = int(days) * units[0] + _total(numbers, units[1:])
        else:
            found = _total(numbers, units[1:] if len(numbers) == 3 else units[2:])
    except ValueError:
        found = 0
    if isinstance(time, bool) or found <= 0:
        raise PlugaxError(f"A time limit is written as {EXAMPLES}; got {time!r}.")
    return -int(-found // 1)


def _total(numbers: list[int], units: tuple[int | float, ...]) -> int | float:
    if len(numbers) > len(units) or min(numbers) < 0:
        raise ValueError
    return sum(number * unit for number, unit in zip(numbers, units, strict=False))
