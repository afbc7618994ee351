"""The shared part of the benchmarks: one core, the best of several runs, rows for one table."""

import dataclasses
import json
import os
import sys
import time
from collections.abc import Callable


@dataclasses.dataclass
class Row:
    """One comparison: our time, that of a peer, and the target for their ratio."""

    what: str
    ours: float
    peer: str
    theirs: float
    unit: str
    target: str = ""

    @property
    def ratio(self) -> float:
        """Ours over theirs."""
        return self.ours / self.theirs


def pin() -> None:
    """Keep this process and its threads on one core, if the system supports it."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})


def use_the_command_lines_flags() -> None:
    """Give XLA the flags that `plugax run` gives it; peers in the same process have them too."""
    from plugax.cli._environment import apply, jaxlib_version, settings

    chosen = settings(os.environ, jaxlib_version())
    apply([setting for setting in chosen if setting.name == "XLA_FLAGS"], os.environ)


def best(function: Callable[[], object], repeats: int = 9) -> float:
    """Seconds of the quickest of several calls, after one to warm up.

    The quickest, since other work on the machine can only add time.
    """
    function()
    seconds = []
    for _ in range(repeats):
        began = time.perf_counter()
        function()
        seconds.append(time.perf_counter() - began)
    return min(seconds)


def report(rows: list[Row]) -> None:
    """Hand rows to `run.py`."""
    json.dump([dataclasses.asdict(row) for row in rows], sys.stdout)
