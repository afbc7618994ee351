"""What a trainer's features cost on MNIST: the whole call, in turns with the same run without them.

The perceptron 784-512-512-10, batches of 128, Adam, evaluated every epoch. Observers work between
chunks, on the host, so it is the time of the call that counts and not only that of the loop. The
data are read from PLUGAX_DATA.
"""

import os
import pathlib
import sys
import tempfile
import time

from measure import Row, pin, report, use_the_command_lines_flags

pin()
use_the_command_lines_flags()

import plugax as px  # noqa: E402
from plugax_mnist import Mnist  # noqa: E402
from plugax_training._csv import Csv  # noqa: E402
from plugax_training._early_stopping import EarlyStopping  # noqa: E402
from plugax_training._json_lines import JsonLines  # noqa: E402
from plugax_training._maximum_time import MaximumTime  # noqa: E402

TIMES, EPOCHS = 4, 2


def rows(data: pathlib.Path) -> list[Row]:
    problem = Mnist("mlp", batch_size=128, data=data)
    solver, averaged = (px.solver("gradient", average=name) for name in (None, "exponential"))

    def seconds(solver=solver, **options):
        began = time.perf_counter()
        px.solve(problem, solver, epochs=EPOCHS, evaluate_every="epoch", **options)
        return (time.perf_counter() - began) / EPOCHS

    with tempfile.TemporaryDirectory() as directory:
        files = pathlib.Path(directory)
        watched = lambda *observers: lambda: seconds(observers=observers)  # noqa: E731
        cases = {
            "nothing": seconds,
            "csv": watched(Csv(files / "a.csv")),
            "json-lines": watched(JsonLines(files / "a.jsonl")),
            "early-stopping, maximum-time": watched(
                EarlyStopping("test_loss", patience=99), MaximumTime(1e6)
            ),
            "keep_best": lambda: seconds(keep_best="test_loss"),
            "an exponential average": lambda: seconds(averaged),
        }
        for case in cases.values():
            case()
        found = {name: [] for name in cases}
        for _ in range(TIMES):
            for name, case in cases.items():
                found[name].append(case())
    least = {name: min(values) for name, values in found.items()}
    plain = least.pop("nothing")
    return [
        Row(f"MNIST: an epoch with {name}", value, "without", plain, "s", "≤ 1.02")
        for name, value in least.items()
    ]


if __name__ == "__main__":
    directory = pathlib.Path(os.environ.get("PLUGAX_DATA", "")) / "mnist"
    if not os.environ.get("PLUGAX_DATA") or not directory.is_dir():
        sys.stderr.write("training: skipped, PLUGAX_DATA names no directory with mnist/ in it\n")
        report([])
    else:
        report(rows(directory))
