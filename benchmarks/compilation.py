"""Seconds until a run can begin: Plugax beside a step and an evaluation that are compiled by hand.

Every number is the least of three separate processes, without a cache and on all cores, since
Plugax compiles its programs in parallel. By hand: a jitted step of the optimizer on one batch, and
a jitted evaluation; both are traced and compiled, but not run. Making the model, which also takes
seconds, is left out. Ours is `compile_seconds` of a solution: the start, the loop, the evaluation,
and all else that is called from Python.

The data are random here, in the shapes of MNIST.
"""

import json
import os
import subprocess
import sys
import time

from measure import Row, report, use_the_command_lines_flags

TIMES = 3
CASES = ("mlp", "cnn")


def rows() -> list[Row]:
    table = []
    for case in CASES:
        ours, theirs = (min(alone(who, case) for _ in range(TIMES)) for who in ("ours", "by hand"))
        peer = "a jitted step and an evaluation by hand"
        table.append(Row(f"compilation: MNIST, {case}", ours, peer, theirs, "s", "≤ 1.3"))
    return table


def alone(who: str, case: str) -> float:
    """The seconds in a separate process."""
    environment = {k: v for k, v in os.environ.items() if k != "JAX_COMPILATION_CACHE_DIR"}
    done = subprocess.run(
        [sys.executable, __file__, who, case],
        stdout=subprocess.PIPE,
        env=environment,
        check=True,
    )
    return json.loads(done.stdout)


def measured(who: str, case: str) -> float:
    """Seconds to compile."""
    use_the_command_lines_flags()
    import jax.numpy as jnp

    import plugax as px

    problem, solver = classifier(case), px.solver("gradient", optimizer=px.optimizer("adam"))
    jnp.zeros(1).block_until_ready()  # JAX itself has started
    if who == "ours":
        return px.solve(problem, solver, steps=1).compile_seconds
    return by_hand(problem)


def classifier(case: str):
    """MNIST's problem, with random pictures."""
    import gzip
    import pathlib
    import struct
    import tempfile

    import numpy as np

    from plugax_mnist import Mnist

    with tempfile.TemporaryDirectory() as folder:
        random = np.random.default_rng(0)
        for name, count in (("train", 6000), ("t10k", 1000)):
            images = random.integers(0, 256, (count, 28, 28), np.uint8)
            labels = random.integers(0, 10, count).astype(np.uint8)
            for kind, array in (("images-idx3", images), ("labels-idx1", labels)):
                head = struct.pack(f">I{array.ndim}I", 0x800 + array.ndim, *array.shape)
                path = pathlib.Path(folder) / f"{name}-{kind}-ubyte.gz"
                path.write_bytes(gzip.compress(head + array.tobytes(), 1))
        return Mnist(case, batch_size=64, data=folder)


def by_hand(problem) -> float:
    """A step of Adam on a batch, and the evaluation, as one would write them."""
    import equinox as eqx
    import jax
    import jax.random as jr
    import optax

    key = jr.key(0)
    model = problem.init(key)
    optimizer = optax.adam(1e-3)
    parameters, static = eqx.partition(model, eqx.is_inexact_array)
    state = optimizer.init(parameters)
    images, labels = problem.data.first()

    began = time.perf_counter()

    @jax.jit
    def step(parameters, state, images, labels):
        def loss(parameters):
            return problem.loss(eqx.combine(parameters, static), (images, labels), key)

        (value, metrics), gradient = jax.value_and_grad(loss, has_aux=True)(parameters)
        updates, state = optimizer.update(gradient, state, parameters)
        return optax.apply_updates(parameters, updates), state, value, metrics

    @jax.jit
    def evaluate(parameters):
        return problem.evaluate(eqx.combine(parameters, static))

    step.lower(parameters, state, images, labels).compile()
    evaluate.lower(parameters).compile()
    return time.perf_counter() - began


if __name__ == "__main__":
    if sys.argv[1:]:
        print(json.dumps(measured(*sys.argv[1:])))
    else:
        report(rows())
