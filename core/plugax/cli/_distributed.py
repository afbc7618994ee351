"""`--distributed`: one command, called on every host, becomes one run of all of them.

JAX's distributed runtime joins the processes. It finds out by itself how many there are under
Slurm, Open MPI and Kubernetes; elsewhere `--coordinator`, `--processes` and `--process` say it. The
first process prints, saves and reports. If a process is lost, the others notice when they next
exchange something, or by its heartbeats, and end.
"""

import contextlib
import os
import sys
import traceback
from collections.abc import Callable, Iterator
from typing import IO

from ..errors import LostProcessError, PlugaxError
from ._environment import prepare
from ._exit import FAILURE, WRONG_CALL
from ._flags import peek
from ._parser import Parser
from ._process import set_number
from ._text import answers_to

DISTRIBUTED = "--distributed"
IN_SEVERAL_PROCESSES = ("run", "sweep", "resume")
# Seconds: a process that is lost is noticed within the first, twice; the others wait for a process
# to begin, and for the last to end; and one that has failed for others that may have, too.
HEARTBEAT, START, END, FAILED = 20, 300, 300, 10


def add_distributed_flags(parser: Parser) -> None:
    """Add what says how processes find each other; only `--help-all` shows it."""
    add = parser.add_further
    add(DISTRIBUTED, action="store_true", help="one run of all processes that are started alike")
    add("--coordinator", metavar="HOST:PORT", help="where process 0 is reached by the others")
    add("--processes", metavar="N", type=int, help="the number of processes")
    add("--process", metavar="I", type=int, help="the number of this process, from 0 on")


def in_processes(command: str, main: Callable[[list[str]], int], argv: list[str]) -> int:
    """Run a command as one of several processes; does not return if the others may be waiting.

    Arguments:
        command: the name of the command.
        main: what it calls.
        argv: its arguments.

    Errors: `PlugaxError` if the processes cannot find each other.
    """
    prepare(peek(argv, "--device"), peek(argv, "--devices"))
    if {"--help", "-h", "--help-all"} & set(argv):
        return main(argv)
    number = _join(argv)
    set_number(number)
    if not {"--device", "--devices"} & {word.partition("=")[0] for word in argv}:
        argv = [*argv, "--devices", "all"]
    if number and command != "resume":
        # The first process has looked whether another run is in the way.
        argv = [*argv, "--force"]
    with _own_output(number) as stream, answers_to(stream):
        return _ending_with_others(number, main, argv)


@contextlib.contextmanager
def _own_output(number: int) -> Iterator[IO[str]]:
    """Where this process answers; all others are silent.

    XLA's library for the connections prints on standard output, which is kept for answers.
    """
    sys.stdout.flush()
    # The descriptor, which that library writes to; what Python prints goes to standard error.
    answers, nothing = os.dup(1), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, 1)
    try:
        with os.fdopen(answers if number == 0 else os.dup(nothing), "w") as stream:
            yield stream
    finally:
        os.close(nothing)


def _ending_with_others(number: int, main: Callable[[list[str]], int], argv: list[str]) -> int:
    """Run a command; if it fails in this process alone, end at once.

    The others may wait for something from this process, while JAX would wait for their end.
    """
    try:
        return main(argv)
    except Exception as error:
        if os.environ.get("PLUGAX_TRACEBACK", "0") not in ("", "0"):
            traceback.print_exc()
        ours = isinstance(error, PlugaxError)
        text = str(error) if ours else f"{type(error).__name__}: {str(error).strip()}"
        print(f"plugax: process {number}: {text}", file=sys.stderr, flush=True)
        wrong = ours and not isinstance(error, LostProcessError)
        if wrong and _all_have_failed():
            return WRONG_CALL
        os._exit(WRONG_CALL if wrong else FAILURE)


def _all_have_failed() -> bool:
    """Whether the call is wrong in all processes, so that they can take leave of each other."""
    from jax._src import distributed  # a barrier that is no computation has no public name

    try:
        distributed.global_state.client.wait_at_barrier("plugax has failed", FAILED * 1000)  # pyright: ignore
    except Exception:
        return False
    return True


def _join(argv: list[str]) -> int:
    """Join the other processes; the number of this one."""
    import jax

    given = {flag: peek(argv, flag) for flag in ("--coordinator", "--processes", "--process")}
    processes, process = (_whole(flag, given[flag]) for flag in ("--processes", "--process"))
    if any(given.values()) and None in given.values():
        missing = ", ".join(flag for flag, value in given.items() if value is None)
        raise PlugaxError(
            f"Without a scheduler that JAX knows, {DISTRIBUTED} needs --coordinator HOST:PORT, "
            f"--processes N and --process I; {missing} is missing."
        )
    # On the CPU XLA needs to be told by what its processes speak; on others this changes nothing.
    jax.config.update("jax_cpu_collectives_implementation", "gloo")
    try:
        jax.distributed.initialize(
            given["--coordinator"],
            processes,
            process,
            initialization_timeout=START,
            heartbeat_timeout_seconds=HEARTBEAT,
            shutdown_timeout_seconds=END,
        )
    except (ValueError, RuntimeError) as error:
        raise PlugaxError(
            f"The processes have not found each other: {str(error).strip().splitlines()[0]} Under "
            "Slurm, Open MPI or Kubernetes start this command by their launcher; elsewhere give "
            "--coordinator HOST:PORT, --processes N and --process I."
        ) from error
    return jax.process_index()


def _whole(flag: str, value: str | None) -> int | None:
    if value is not None and not value.isdecimal():
        raise PlugaxError(f"{flag} is a whole number; got {value!r}.")
    return None if value is None else int(value)
