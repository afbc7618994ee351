"""Fixed steps as a plain `lax.scan` that stores every k-th state."""

from collections.abc import Callable
from typing import Any

import jax
import jax.lax as lax
from jaxtyping import PyTree


def loop(
    step: Callable[[PyTree, Any], PyTree],
    y0: PyTree,
    inputs: PyTree,
    *,
    every: int,
    rematerialise: bool,
) -> PyTree:
    """The states after `every`, 2 `every`, … steps.

    Arguments:
        step: maps a state and an input to the next state.
        y0: the state at the start.
        inputs: the inputs of the steps, along the leading axes.
        every: number of steps from one stored state to the next.
        rematerialise: compute each step again in reverse mode.
    """
    if rematerialise:
        step = jax.checkpoint(step, prevent_cse=False)

    def keep(y: PyTree, one: Any) -> tuple[PyTree, PyTree]:
        y = step(y, one)
        return y, y

    def keep_last(y: PyTree, several: Any) -> tuple[PyTree, PyTree]:
        y, _ = lax.scan(lambda y, one: (step(y, one), None), y, several)
        return y, y

    if every == 1:
        return lax.scan(keep, y0, inputs)[1]
    blocks = jax.tree.map(lambda x: x.reshape(-1, every, *x.shape[1:]), inputs)
    return lax.scan(keep_last, y0, blocks)[1]
