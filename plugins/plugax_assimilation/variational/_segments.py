"""A scan whose reverse-mode derivative stores only the states between segments."""

from collections.abc import Callable
from typing import Any

import jax
import jax.lax as lax
import jax.numpy as jnp
from jaxtyping import PyTree


def scan_in_segments(
    step: Callable[[PyTree, Any], tuple[PyTree, PyTree]],
    start: PyTree,
    inputs: PyTree,
    *,
    segments: int | None,
) -> PyTree:
    """The outputs of `step` for every input, as from `lax.scan`.

    When it is differentiated, linearised or transposed, only the states at the beginnings of the
    segments are stored, and the rest of a segment is computed again. With √n segments of n steps
    memory grows as √n, at the cost of at most one more run (Griewank 1992,
    doi 10.1080/10556789208805505).

    Arguments:
        step: maps a state and an input to the next state and an output.
        start: the first state.
        inputs: the inputs, with the steps as the first axis.
        segments: the number of segments; None stores everything.
    """
    if segments is None:
        return lax.scan(step, start, inputs)[1]
    steps = len(jax.tree.leaves(inputs)[0])
    length = -(-steps // min(segments, steps))
    whole = steps // length
    segment = jax.checkpoint(lambda state, some: lax.scan(step, state, some), prevent_cse=False)
    blocks = jax.tree.map(
        lambda x: x[: whole * length].reshape(whole, length, *x.shape[1:]), inputs
    )
    state, parts = lax.scan(segment, start, blocks)
    parts = jax.tree.map(lambda x: x.reshape(-1, *x.shape[2:]), parts)
    if whole * length == steps:
        return parts
    _, rest = segment(state, jax.tree.map(lambda x: x[whole * length :], inputs))
    return jax.tree.map(lambda a, b: jnp.concatenate([a, b]), parts, rest)
