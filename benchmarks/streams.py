"""Data read on the host beside the same data on the device: MNIST's perceptron, per epoch.

The data are read from PLUGAX_DATA and written to a temporary `.npy` file, which is then mapped into
memory. Both runs have the same batches, so their results are equal to the bit. The process has two
cores: one for the loop, and one for the thread that reads.
"""

import os
import pathlib
import sys
import tempfile

from measure import Row, report, use_the_command_lines_flags

if hasattr(os, "sched_setaffinity"):
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[-2:])
use_the_command_lines_flags()

import equinox as eqx  # noqa: E402
import numpy as np  # noqa: E402

import plugax as px  # noqa: E402
from plugax_mnist import Mnist  # noqa: E402

TIMES, EPOCHS = 5, 2


def rows(data: pathlib.Path, directory: pathlib.Path) -> list[Row]:
    on_device = Mnist("mlp", batch_size=128, data=data)
    for name, array in zip(("images", "labels"), on_device.train.arrays, strict=True):
        np.save(directory / f"{name}.npy", np.asarray(array))
    files = tuple(np.load(directory / f"{n}.npy", mmap_mode="r") for n in ("images", "labels"))
    stream = px.data.Stream(files, batch_size=128)
    streamed = eqx.tree_at(lambda problem: problem.train, on_device, stream)
    solver = px.solver("gradient", optimizer=px.optimizer("sgd", learning_rate=0.05))
    # Measured in turns, since other work on the machine varies.
    found = {"stream": [], "device": []}
    for turn in range(TIMES + 1):
        for name, problem in (("stream", streamed), ("device", on_device)):
            solution = px.solve(problem, solver, epochs=EPOCHS)
            if turn:
                found[name].append((solution.run_seconds / EPOCHS, solution))
    (ours, solution), (theirs, same) = (min(x, key=lambda pair: pair[0]) for x in found.values())
    assert solution.metrics == same.metrics
    what = "MNIST: an epoch of the perceptron, read from a memory-mapped file"
    waited = f"on the device ({1000 * solution.wait_seconds / EPOCHS:.1f} ms of waiting)"
    return [Row(what, ours, waited, theirs, "s", "≤ 1.05")]


if __name__ == "__main__":
    found = pathlib.Path(os.environ.get("PLUGAX_DATA", "")) / "mnist"
    if not os.environ.get("PLUGAX_DATA") or not found.is_dir():
        sys.stderr.write("streams: skipped, PLUGAX_DATA names no directory with mnist/ in it\n")
        report([])
    else:
        with tempfile.TemporaryDirectory() as directory:
            report(rows(found, pathlib.Path(directory)))
