"""What it costs to lose nothing: snapshots during a run, large states, resuming."""

import os
import pathlib
import shutil
import tempfile
import time

from measure import Row, report, use_the_command_lines_flags

use_the_command_lines_flags()

import jax.numpy as jnp  # noqa: E402
import jax.random as jr  # noqa: E402
import numpy as np  # noqa: E402
import optax  # noqa: E402

import plugax as px  # noqa: E402

LARGE = 2**28  # float32: 1 GiB
BLOCK = 2**24
STEPS, SNAPSHOTS = 2000, 50
TIMES = 3


class Perceptron(px.AbstractProblem):
    """784-512-512-10, the network of `mnist --model mlp`, on random pictures."""

    batches: px.Shuffled

    @property
    def data(self):
        """Shuffled batches."""
        return self.batches

    def init(self, key):
        """Weights with a variance of one over the number of inputs."""
        sizes = (784, 512, 512, 10)
        return [
            (jr.normal(k, (m, n)) / m**0.5, jnp.zeros(n))
            for k, m, n in zip(jr.split(key, 3), sizes, sizes[1:], strict=False)
        ]

    def loss(self, unknowns, batch, key):
        """The cross-entropy."""
        del key
        x, labels = batch
        for weight, bias in unknowns[:-1]:
            x = jnp.maximum(x @ weight + bias, 0)
        logits = x @ unknowns[-1][0] + unknowns[-1][1]
        return optax.losses.softmax_cross_entropy_with_integer_labels(logits, labels).mean(), {}


class Large(px.AbstractProblem):
    """An array of 1 GiB."""

    def init(self, key):
        """Zeros."""
        del key
        return jnp.zeros(LARGE)

    def loss(self, unknowns, batch, key):
        """Its first number."""
        del batch, key
        return unknowns[0], {}


class Still(px.AbstractSolver):
    """Changes nothing, and has no state but the unknowns."""

    def init(self, problem, unknowns, key):
        """The unknowns."""
        del problem, key
        return unknowns

    def step(self, problem, state, batch, key):
        """The same state."""
        return state, {"loss": problem.loss(state, batch, key)[0]}

    def converged(self, problem, state):
        """It has no test of that."""
        del problem, state

    def unknowns(self, problem, state):
        """A few of them, so that the state alone is large."""
        del problem
        return state[:1]


def seconds(do) -> float:
    """The time that a call takes."""
    began = time.perf_counter()
    do()
    return time.perf_counter() - began


def written(path: pathlib.Path) -> float:
    """The time in which the system itself writes 1 GiB, in blocks, to the disk."""
    block = np.zeros(BLOCK, np.uint8).data

    def write():
        with path.open("wb") as file:
            for _ in range(4 * LARGE // BLOCK):
                file.write(block)
            file.flush()
            os.fsync(file.fileno())

    return seconds(write)


def forget(directory: pathlib.Path) -> None:
    """Take the files of a directory out of the system's cache, so that they come from the disk."""
    for path in (path for path in directory.rglob("*") if path.is_file()):
        with path.open("rb") as file:
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def loaded(out: pathlib.Path) -> list[float]:
    """The times in which we load and check 1 GiB, and in which NumPy reads it, both from disk."""
    forget(out)
    ours = seconds(lambda: px.load(out / "large", problem=Large(), solver=Still()))
    forget(out)
    return [ours, seconds(lambda: np.fromfile(out / "plain", np.float32))]


def rows() -> list[Row]:
    table = []
    random = np.random.default_rng(0)
    pictures = random.random((8192, 784), dtype="float32"), random.integers(0, 10, 8192)
    problem = Perceptron(px.Shuffled(pictures, 128))
    adam = px.solver("gradient", optimizer=px.optimizer("adam"), tolerance=None)
    told = {"steps": STEPS, "record_every": 1}
    with tempfile.TemporaryDirectory(dir=".") as place:
        out = pathlib.Path(place)
        px.solve(problem, adam, **told | {"steps": 64})
        # Many snapshots: what one costs would not be seen in the time of a run, which varies more.
        saved = {"snapshot_every": STEPS // SNAPSHOTS, "force": True, "out": out / "run"}
        costs = []
        for _ in range(TIMES):
            bare = seconds(lambda: px.solve(problem, adam, **told))
            costs.append(seconds(lambda: px.solve(problem, adam, **told, **saved)) - bare)
        one = sorted(costs)[TIMES // 2] / SNAPSHOTS
        what = "perceptron with Adam: ten seconds with one snapshot"
        table.append(Row(what, 10 + one, "without", 10, "s", "≤ 1.02"))
        given = {"problem": problem, "solver": adam}
        half = px.solve(problem, adam, steps=64)
        half.save(out / "half")
        resume = seconds(lambda: px.resume(out / "half", steps=128, **given))
        fresh = seconds(lambda: px.solve(problem, adam, steps=128))
        table.append(Row("perceptron: 64 steps resumed", resume, "128 steps anew", fresh, "s", ""))
        large = px.solve(Large(), Still(), steps=1)
        ours = seconds(lambda: large.save(out / "large"))
        theirs = written(out / "plain")
        table.append(Row("a state of 1 GiB saved", ours, "written plainly", theirs, "s", "≤ 2"))
        pairs = [loaded(out) for _ in range(TIMES)]
        ours, theirs = sorted(pairs, key=lambda pair: pair[0] / pair[1])[TIMES // 2]
        what = "a state of 1 GiB loaded from the disk and checked"
        table.append(Row(what, ours, "read by NumPy", theirs, "s", "≤ 2"))
        shutil.rmtree(out / "large")
    return table


if __name__ == "__main__":
    report(rows())
