"""The interface of streams: data whose batches are read on the host while the loop computes."""

import abc
from collections.abc import Mapping
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
from jax.core import Tracer
from jaxtyping import Array, Int, PRNGKeyArray, PyTree

from .._memory import size_text
from ..errors import PlugaxError
from ._data import AbstractData

BLOCKS = 4
"""Of the previous chunk, of this one, of the next one, and one that is being read or moved."""
MEMORY = 2**28
MOST_BATCHES = 2**12  # of a block: more would save nothing

Place = Mapping[str, Any]
"""Where reading can begin: `"step"`, the number of the next batch, and `"position"`, plain data."""


class AbstractReader(abc.ABC):
    """Reads the batches of a stream one after the other, in a thread of the run.

    Attributes:
        cancelled: set by the run when it needs no more; a reader that takes long looks at it.
        in_parts: whether `read` leaves out all rows of a batch but `rows`. Of a run on several
            hosts, each then reads its own part of the data.
        rows: the rows of each batch that are wanted, if `in_parts`; set by the run.
    """

    cancelled: bool = False
    in_parts: bool = False
    rows: slice = slice(None)

    @abc.abstractmethod
    def read(self, into: PyTree[np.ndarray], count: int) -> int:
        """Write the next batches into arrays with an axis of steps in front.

        Arguments:
            into: arrays with room for `count` batches or more.
            count: how many are wanted.

        Returns:
            how many were written; 0 if the data have ended.

        Errors: whatever goes wrong, once the batches before it have been returned.
        """

    def position(self) -> Any:
        """What `open` needs to go on from here, as plain data; None if the step says it all.

        Asked for before every `read`.
        """
        return None

    def close(self) -> None:  # noqa: B027 - most have nothing to close
        """Release what is held; called in the thread that read."""


class AbstractStream(AbstractData):
    """Data that are not in the memory of the device, and need not fit into any.

    The runner asks for the batches of many steps at once, a *block*. A thread reads the next block
    while the loop computes on this one. All blocks have one shape, so nothing is compiled twice.

    - `memory`: how much of it all blocks together may take [bytes].

    Laws: batches do not depend on the size of blocks. Those that `open(key, step, place)` reads
    are those that a reader opened at step 0 reads from step number `step` on; `place` is what it
    told there.
    """

    memory: eqx.AbstractVar[int]

    @property
    @abc.abstractmethod
    def batch(self) -> PyTree[jax.ShapeDtypeStruct]:
        """Shapes and dtypes of every batch."""

    @property
    @abc.abstractmethod
    def uses_key(self) -> bool:
        """Whether the batches depend on the key, so that every seed has its own."""

    @abc.abstractmethod
    def open(self, key: PRNGKeyArray, step: int, place: Place | None) -> AbstractReader:
        """A reader whose first batch is that of step number `step`.

        Arguments:
            key: the random key for the data.
            step: the number of the step.
            place: where a reader of an earlier run was, at this step or before; None for none.
        """

    def cannot_resume(self, place: Place | None) -> str | None:  # noqa: ARG002 - most can
        """Why reading cannot go on from this place; None if it can. Whole sentences."""
        return None

    def batches_per_block(self, members: int = 1) -> int:
        """The number of steps of a block.

        Arguments:
            members: how many members of a population have batches of their own.

        Errors: `PlugaxError` if the memory has no room for a batch.
        """
        leaves = jax.tree.leaves(self.batch)
        size = max(members * sum(leaf.size * leaf.dtype.itemsize for leaf in leaves), 1)
        count = self.memory // (BLOCKS * size)
        if count < 1:
            each = "" if members == 1 else f" of {members} members, each with its own,"
            raise PlugaxError(
                f"A batch{each} takes {size_text(size)}; {BLOCKS} of them are in memory at once, "
                f"and memory={self.memory} allows {size_text(self.memory)}. Choose a smaller "
                "batch, or allow more memory."
            )
        return min(count, MOST_BATCHES)

    def init(self, key: PRNGKeyArray, step: Int[Array, ""]) -> PyTree:  # noqa: ARG002
        """Nothing to prepare."""
        return ()

    def next(
        self, cursor: PyTree, key: PRNGKeyArray, step: Int[Array, ""]
    ) -> tuple[PyTree, PyTree]:
        """The batch of one step, read now; to be called outside compiled code.

        In the compiled loop of a run its block stands in for the stream.
        """
        if isinstance(jnp.zeros(()), Tracer):
            shapes = self.batch
            refuse = lambda *_: _refuse()  # noqa: E731
            batch = jax.pure_callback(refuse, shapes, vmap_method="broadcast_all")
            return batch, cursor
        reader = self.open(key, int(step), None)
        into = jax.tree.map(lambda leaf: np.zeros((1, *leaf.shape), leaf.dtype), self.batch)
        try:
            found = reader.read(into, 1)
        finally:
            reader.close()
        if not found:
            raise PlugaxError(f"The data have ended before step {int(step)}.")
        return jax.tree.map(lambda leaf: jnp.asarray(leaf[0]), into), cursor

    def first(self, key: PRNGKeyArray | None = None) -> PyTree:
        """The batch of step 0; under `eqx.filter_eval_shape`, the shapes of every batch."""
        key = jr.key(0) if key is None else key
        return self.next((), key, jnp.asarray(0, "int32"))[0]


def check_bytes(memory: Any) -> None:
    """Raise `PlugaxError` if this is no number of bytes."""
    if isinstance(memory, bool) or not isinstance(memory, int) or memory < 1:
        raise PlugaxError(f"memory is a number of bytes, such as 2**28; got {memory!r}.")


def _refuse() -> Any:
    raise PlugaxError(
        "The batches of a stream are read on the host, and compiled code has none but those that "
        "a run reads ahead: use plugax.solve or plugax.sweep, or data on the device."
    )
