"""`Local`: programs side by side on this machine."""

import dataclasses
from typing import Any

from ..errors import PlugaxError
from ._checks import check_count

FOREVER = 366 * 24 * 60
"""Minutes until submitit ends a program: a year. What takes long is not an error here."""


@dataclasses.dataclass(frozen=True)
class Local:
    """Programs on this machine, `workers` of them at a time.

    Arguments:
        workers: the number of programs that run at once.
        slices: the number of parts to cut a sweep into; by default one for every worker. With more,
            a worker that is done early takes another, but each is a program that starts and
            compiles.
        gpus: the number of GPUs of every worker; without any it computes on the CPU.
        attempts: how often a part is begun that dies on the way, before that is an error.

    Errors: `PlugaxError` for an invalid number.
    """

    workers: int = 2
    slices: int | None = None
    gpus: int = 0
    attempts: int = 3

    def __post_init__(self) -> None:
        """Check the numbers."""
        check_count("workers", self.workers)
        check_count("slices", self.slices, optional=True)
        check_count("gpus", self.gpus, least=0)
        check_count("attempts", self.attempts)

    @property
    def parts(self) -> int:
        """The number of parts to cut a sweep into."""
        return self.slices or self.workers

    @property
    def at_once(self) -> int:
        """The number of programs that may be submitted at once."""
        return self.workers

    def check(self) -> None:
        """Raise `PlugaxError` if nothing can be submitted from here."""

    def executor(self, folder: Any, worker: int) -> Any:
        """submitit's executor.

        Arguments:
            folder: the directory of its files.
            worker: the number of the worker, from 0 on, which decides on its GPUs.
        """
        import submitit

        executor = submitit.LocalExecutor(folder=folder)
        gpus = list(range(worker * self.gpus, (worker + 1) * self.gpus))
        told = {"gpus_per_node": self.gpus, "visible_gpus": gpus} if gpus else {}
        try:
            executor.update_parameters(timeout_min=FOREVER, **told)
        except ValueError as error:
            raise PlugaxError(f"The local cluster cannot be used as asked: {error}") from error
        return executor
