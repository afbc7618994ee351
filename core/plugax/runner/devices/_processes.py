"""What the processes of a distributed run have to do together.

All processes run the same program on their parts of the arrays (`jax.distributed`). What the host
decides by a clock, by a signal or by an observer may differ between them, so they agree on it. One
process, the first, writes files and has observers. A single process agrees with itself.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.experimental import multihost_utils
from jaxtyping import PyTree

from ...errors import LostProcessError

_LOST = re.compile(
    r"gloo|nccl|heartbeat|connection (closed|reset|refused)|coordination|socket|unavailable",
    re.IGNORECASE,
)


def writes() -> bool:
    """Whether this is the process that writes files and has observers."""
    return jax.process_index() == 0


def gathered(*numbers: float | int) -> np.ndarray:
    """These numbers of every process, `(processes, numbers)`; to be called by all of them."""
    own = np.asarray(numbers, float)
    if jax.process_count() == 1:
        return own[None]
    return np.asarray(multihost_utils.process_allgather(own)).reshape(-1, own.size)


def here(tree: PyTree) -> PyTree:
    """Arrays that may be spread over processes, whole, in this one; others as they are."""

    def one(leaf: Any) -> Any:
        if not isinstance(leaf, jax.Array) or leaf.is_fully_addressable:
            return leaf
        if jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key):
            data = one(jax.random.key_data(leaf))
            return jax.random.wrap_key_data(data, impl=jax.random.key_impl(leaf))
        if not leaf.is_fully_replicated:
            return jnp.asarray(multihost_utils.process_allgather(leaf, tiled=True))
        return jnp.asarray(np.asarray(leaf))

    return jax.tree.map(one, tree)


@contextmanager
def lost_processes_named() -> Iterator[None]:
    """Say in words that another process has ended, if that is why this one cannot go on.

    Errors: `LostProcessError` in place of an error of the connection.
    """
    try:
        yield
    except (RuntimeError, ValueError) as error:
        if jax.process_count() == 1 or not _LOST.search(str(error)):
            raise
        raise LostProcessError(
            f"Another of the {jax.process_count()} processes has ended or cannot be reached, so "
            "this one cannot go on. Its own output says why. What was saved last can be resumed, "
            f"with any number of processes. ({str(error).strip().partition(chr(10))[0][:200]})"
        ) from error
