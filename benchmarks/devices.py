"""The CPU as 1, 2, 4 and 8 devices: a population, and a network whose batches are divided.

Members need nothing of each other, so two cores can take half the time of one. A network with
divided batches has its gradients added up at every step. XLA uses all cores on a single device too,
for operations that are large enough; what several devices gain beyond that is in the ratio.
"""

import os

os.environ["JAX_NUM_CPU_DEVICES"] = "8"

from measure import Row, report, use_the_command_lines_flags

use_the_command_lines_flags()

import jax  # noqa: E402
import jax.numpy as jnp  # noqa: E402
import jax.random as jr  # noqa: E402
import numpy as np  # noqa: E402
import optax  # noqa: E402

import plugax as px  # noqa: E402

COUNTS = (2, 4, 8)
TIMES = 3


class Network(px.AbstractProblem):
    """Ten classes of random pictures, by a network with one hidden layer."""

    batches: px.Shuffled
    width: int

    @property
    def data(self):
        """Shuffled batches."""
        return self.batches

    def init(self, key):
        """Weights with a variance of one over the number of inputs."""
        one, two = jr.split(key)
        first = jr.normal(one, (784, self.width)) / 28, jnp.zeros(self.width)
        return (*first, jr.normal(two, (self.width, 10)) / self.width**0.5, jnp.zeros(10))

    def loss(self, unknowns, batch, key):
        """The cross-entropy."""
        del key
        (a, b, c, d), (x, labels) = unknowns, batch
        logits = jax.nn.relu(x @ a + b) @ c + d
        return optax.losses.softmax_cross_entropy_with_integer_labels(logits, labels).mean(), {}


def network(batch: int, width: int) -> Network:
    random = np.random.default_rng(0)
    x = random.random((4096, 784), dtype="float32")
    return Network(px.Shuffled((x, random.integers(0, 10, 4096)), batch), width)


def quickest(run) -> float:
    """Seconds in the steps of a run, the least of several."""
    run()
    return min(run().run_seconds for _ in range(TIMES))


def rows() -> list[Row]:
    sgd = px.solver("gradient", optimizer=px.optimizer("sgd"), tolerance=None)
    table = []
    members, steps = 64, 64
    small = network(64, 32)
    population = lambda **where: px.sweep(  # noqa: E731
        small, sgd, over={"seed": range(members)}, steps=steps, **where
    )
    scale = 1e6 / members / steps
    alone = quickest(population)
    for count in COUNTS:
        ours = quickest(lambda n=count: population(devices=n))
        what = f"64 networks 784-32-10 on {count} devices: a step of one"
        table.append(Row(what, ours * scale, "on one", alone * scale, "µs", "≤ 0.6"))
    large, steps = network(1024, 512), 30
    single = lambda **where: px.solve(large, sgd, steps=steps, **where)  # noqa: E731
    alone = quickest(single)
    for count in COUNTS:
        ours = quickest(lambda n=count: single(devices=n))
        what = f"a network 784-512-10, batches of 1024 on {count} devices: a step"
        table.append(Row(what, ours * 1e3 / steps, "on one", alone * 1e3 / steps, "ms", "≤ 1.1"))
    return table


if __name__ == "__main__":
    report(rows())
