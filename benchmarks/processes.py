"""Two processes on the loopback address that make one run together, beside one process.

Timed are the steps alone, as the report of the run says; both use all cores. With `PLUGAX_DATA`, a
network whose batches are divided too.
"""

import json
import os
import socket
import subprocess
import sys

from measure import Row, report

TIMES = 3
SWEEP = (
    *("sweep", "regression", "--points", "10000", "--solver", "gradient"),
    *("--optimizer", "sgd", "--tolerance", "none"),
    *("--over", "optimizer.learning_rate=1e-4:1e-1:log:1000", "--steps", "500"),
    *("--record", "loss", "--record-every", "100"),
)
NETWORK = ("run", "mnist", "--model", "mlp", "--batch-size", "1024", "--steps", "300")


def free_port() -> int:
    """A port of this computer that nobody uses."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def seconds(words: tuple[str, ...], processes: int) -> float:
    """The least time of several that the steps take, in so many processes."""
    found = []
    for _ in range(TIMES):
        together = ("--distributed", "--coordinator", f"127.0.0.1:{free_port()}")
        together += ("--processes", str(processes), "--process")
        command = [sys.executable, "-m", "plugax", *words, "--json"]
        others = [(*together, str(number)) if processes > 1 else () for number in range(processes)]
        started = [
            subprocess.Popen([*command, *other], stdout=subprocess.PIPE, text=True)
            for other in others
        ]
        answers = [process.communicate()[0] for process in started]
        if any(process.returncode for process in started):
            sys.exit(f"a process of `plugax {' '.join(words)}` did not succeed")
        found.append(json.loads(answers[0])["run_seconds"])
    return min(found)


def rows() -> list[Row]:
    cases = {"1000 regressions of 10⁴ points, 500 steps": (SWEEP, "≤ 0.6")}
    if "PLUGAX_DATA" in os.environ:
        data = ("--data", f"{os.environ['PLUGAX_DATA']}/mnist")
        cases["a network 784-512-512-10, batches of 1024, 300 steps"] = ((*NETWORK, *data), "")
    return [
        Row(f"{what} in 2 processes", seconds(words, 2), "in one", seconds(words, 1), "s", target)
        for what, (words, target) in cases.items()
    ]


if __name__ == "__main__":
    report(rows())
