"""How long the batches of a run take, measured by themselves.

Inside the compiled loop a batch is made and used in one program, so the clock cannot tell them
apart. Here the same batches are made again in a loop that does nothing with them. For what is read
on the host, it is the time that the loop has waited for it.
"""

import time
from typing import Any

import equinox as eqx
import jax
import jax.lax as lax
import jax.numpy as jnp
import jax.random as jr
from jaxtyping import Array, Int, PRNGKeyArray, PyTree

from ...data import AbstractData
from ...data._block import streams_in
from ...solution import Population, Solution
from ._program import keys_of

MOST_STEPS, REPEATS = 500, 3


def data_seconds(solution: Solution | Population) -> float:
    """The seconds that the batches of all steps of a run take.

    The least of three tries; for streams, the seconds that the run has waited.

    For a population those of one member, whose batches the others usually share.

    Arguments:
        solution: what the run came to.
    """
    data = solution.solver.data(solution.problem)
    if streams_in(data):
        return solution.wait_seconds
    steps = int(jnp.max(jnp.asarray(solution.steps)))
    number = jnp.asarray(min(steps, MOST_STEPS), "int32")
    seed = solution.provenance["run"]["seed"]
    key = keys_of(jr.key(seed if isinstance(seed, int) else 0))[2]
    jax.block_until_ready(_batches(data, key, number))
    seconds = []
    for _ in range(REPEATS):
        began = time.perf_counter()
        jax.block_until_ready(_batches(data, key, number))
        seconds.append(time.perf_counter() - began)
    return min(seconds) * steps / max(int(number), 1)


@eqx.filter_jit
def _batches(data: AbstractData, key: PRNGKeyArray, number: Int[Array, ""]) -> PyTree:
    """The last of so many batches; each has to be made, since the loop hands it on."""
    first = jnp.zeros((), "int32")
    batch, cursor = data.next(data.init(key, first), key, first)

    def body(i: Any, carry: tuple[PyTree, PyTree]) -> tuple[PyTree, PyTree]:
        return data.next(carry[1], key, jnp.asarray(i, "int32"))

    return lax.fori_loop(0, number, body, (batch, cursor))[0]
