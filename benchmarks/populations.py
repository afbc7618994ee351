"""Populations beside a Python loop, and races beside whole sweeps.

Small networks (784-32-10, batches of 64) and linear regressions by gradient descent. "A loop" is a
Python loop over the members, each with a compiled `filter_jit` step called from Python; a few of
its steps are timed. All at once, blocks and one after the other are the three ways in which a
program can compute the members of a population.
"""

import time

from measure import Row, pin, report, use_the_command_lines_flags

pin()
use_the_command_lines_flags()

import equinox as eqx  # noqa: E402
import jax  # noqa: E402
import jax.numpy as jnp  # noqa: E402
import jax.random as jr  # noqa: E402
import numpy as np  # noqa: E402
import optax  # noqa: E402

import plugax as px  # noqa: E402

STEPS = {8: 200, 64: 64, 256: 16}
FEW = 100
TIMES = 3


class Network(px.AbstractProblem):
    """Ten classes of random pictures, by a network with one hidden layer."""

    pictures: jax.Array
    labels: jax.Array

    @property
    def data(self):
        """Shuffled batches of 64."""
        return px.Shuffled((self.pictures, self.labels), 64)

    def init(self, key):
        """Weights with a variance of one over the number of inputs."""
        one, two = jr.split(key)
        first = jr.normal(one, (784, 32)) / 28, jnp.zeros(32)
        return (*first, jr.normal(two, (32, 10)) / 6, jnp.zeros(10))

    def loss(self, unknowns, batch, key):
        """The cross-entropy."""
        del key
        (a, b, c, d), (x, labels) = unknowns, batch
        logits = jax.nn.relu(x @ a + b) @ c + d
        return optax.losses.softmax_cross_entropy_with_integer_labels(logits, labels).mean(), {}


def pictures() -> Network:
    random = np.random.default_rng(0)
    x = jnp.asarray(random.random((4096, 784), dtype="float32"))
    return Network(x, jnp.asarray(random.integers(0, 10, 4096)))


def seconds(problem, solver, **told) -> float:
    """Seconds in the steps of a sweep, the least of several."""
    px.sweep(problem, solver, **told)
    return min(px.sweep(problem, solver, **told).run_seconds for _ in range(TIMES))


def loop(problem, optimizer) -> float:
    """Seconds of a step of one member in a Python loop."""
    unknowns = problem.init(jr.key(0))
    state = optimizer.init(unknowns)
    arrays = [np.asarray(leaf) for leaf in jax.tree.leaves(problem.data.arrays)]
    size = getattr(problem.data, "batch_size", len(arrays[0]))

    @eqx.filter_jit
    def step(unknowns, state, batch):
        (loss, _), gradient = jax.value_and_grad(problem.loss, has_aux=True)(
            unknowns, batch, jr.key(0)
        )
        updates, state = optimizer.update(gradient, state, unknowns)
        return optax.apply_updates(unknowns, updates), state, loss

    structure = jax.tree.structure(problem.data.arrays)

    def run():
        nonlocal unknowns, state
        began = time.perf_counter()
        for number in range(FEW):
            picked = slice(size * number % len(arrays[0]), None)
            batch = [x[picked][:size] for x in arrays] if size < len(arrays[0]) else arrays
            unknowns, state, loss = step(unknowns, state, jax.tree.unflatten(structure, batch))
        loss.block_until_ready()
        return (time.perf_counter() - began) / FEW

    run()
    return min(run() for _ in range(TIMES))


def rows() -> list[Row]:
    table = []
    networks, sgd = pictures(), px.solver("gradient", optimizer=px.optimizer("sgd"))
    by_hand = loop(networks, optax.sgd(0.01))
    for members, steps in STEPS.items():
        rates = {"optimizer.learning_rate": np.geomspace(1e-3, 1e-1, members)}
        for what, over in (("seeds", {"seed": range(members)}), ("rates", rates)):
            told = {"over": over, "steps": steps}
            ways = {
                "all at once": members,
                "blocks of 4": 4,
                "one after the other": 1,
            }
            found = {w: seconds(networks, sgd, **told, block=b) for w, b in ways.items()}
            way = min(found, key=lambda name: found[name])
            ours, count = seconds(networks, sgd, **told), members * steps
            name = f"{members} networks 784-32-10, {what}: a step of one"
            scale = 1e6 / count
            table.append(Row(name, ours * scale, way, found[way] * scale, "µs", "≤ 1.05"))
            table.append(Row(name, ours * scale, "a loop", by_hand * 1e6, "µs", "≤ 0.2"))
    regression = px.problem("regression")
    plain = px.solver("gradient", optimizer=px.optimizer("sgd"), tolerance=None)
    over = {"optimizer.learning_rate": np.geomspace(1e-3, 1e-1, 1000)}
    found = {
        way: seconds(regression, plain, over=over, steps=500, block=block)
        for way, block in (("all at once", 1000), ("blocks of 100", 100))
    }
    way = min(found, key=lambda name: found[name])
    ours, scale = seconds(regression, plain, over=over, steps=500), 1e6 / 500_000
    name = "1000 regressions: a step of one"
    table.append(Row(name, ours * scale, way, found[way] * scale, "µs", "≤ 1.05"))
    peer = loop(regression, optax.sgd(0.01)) * 1e6
    table.append(Row(name, ours * scale, "a loop", peer, "µs", "≤ 0.02"))
    return table + races(networks, sgd)


def races(problem, solver) -> list[Row]:
    """The best of 256 learning rates: seconds of a race beside those of the whole sweep."""
    told = {"over": {"optimizer.learning_rate": np.geomspace(1e-4, 1, 256)}, "steps": 128}
    whole = seconds(problem, solver, **told)
    table = []
    for race in ("halving", "hyperband"):
        ours = seconds(problem, solver, **told, race=race)
        lost = px.sweep(problem, solver, **told, race=race).best().series["loss"][-1]
        least = px.sweep(problem, solver, **told).best().series["loss"][-1]
        what = f"best of 256 learning rates: {race}, loss {lost:.3f}"
        table.append(Row(what, ours, f"the whole sweep, loss {least:.3f}", whole, "s", "≤ 0.3"))
    return table


if __name__ == "__main__":
    report(rows())
