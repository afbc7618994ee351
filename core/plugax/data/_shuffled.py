"""Minibatches without replacement, drawn on the device inside the compiled loop.

The examples of epoch e are in the order of a random permutation π_e. All epochs one after the other
form one endless stream, and the batch of step i is the piece [i b, (i + 1) b) of the stream. A
batch may reach beyond the end of an epoch. So every example is used exactly once per epoch, even if
the batch size does not divide the number of examples, and all batches have one shape.

The permutation is never computed as a whole: the places of a batch are permuted one by one
(`_swap_or_not.py`), so an epoch needs no preparation, however many examples it has.
"""

import math
from fractions import Fraction

import equinox as eqx
import jax
import jax.lax as lax
import jax.numpy as jnp
import jax.random as jr
from jaxtyping import Array, ArrayLike, Int, PRNGKeyArray, PyTree

from ._data import AbstractData, as_examples
from ._full_batch import FullBatch
from ._swap_or_not import Shuffle, permute, shuffle


class _Cursor(eqx.Module):
    epoch: Int[Array, ""]
    position: Int[Array, ""]
    shuffles: tuple[Shuffle, Shuffle]  # of this epoch and the next


class Shuffled(AbstractData):
    """Minibatches in a new random order every epoch, without replacement.

    Arguments:
        arrays: a pytree of arrays with a common leading axis, the examples.
        batch_size: examples per step, at most as many as there are.
    """

    arrays: PyTree[Array]
    batch_size: int = eqx.field(static=True)
    examples: int = eqx.field(static=True)

    def __init__(self, arrays: PyTree[ArrayLike], batch_size: int):
        self.arrays, self.examples = as_examples(arrays)
        self.batch_size = batch_size
        if not 1 <= batch_size <= self.examples:
            raise ValueError(
                f"batch_size must be between 1 and the number of examples, {self.examples}; "
                f"got {batch_size}."
            )
        if self._cycle * batch_size >= 2**31:
            raise ValueError(
                f"{self.examples} examples in batches of {batch_size} overflow the position "
                "counter; choose a batch size with a larger common divisor with the number of "
                "examples."
            )

    @property
    def _cycle(self) -> int:
        """The number of steps after which a batch again begins at the start of an epoch."""
        return self.examples // math.gcd(self.examples, self.batch_size)

    @property
    def steps_per_epoch(self) -> Fraction:
        """The number of examples divided by the batch size."""
        return Fraction(self.examples, self.batch_size)

    @property
    def whole(self) -> FullBatch:
        """All examples."""
        return FullBatch(self.arrays)

    def _shuffle(self, key: PRNGKeyArray, epoch: Int[Array, ""]) -> Shuffle:
        return shuffle(jr.fold_in(key, epoch), self.examples)

    def init(self, key: PRNGKeyArray, step: Int[Array, ""]) -> _Cursor:
        """The cursor, with the permutations of the epoch of `step` and of the epoch after it."""
        cycle = self._cycle
        epochs = cycle * self.batch_size // self.examples
        offset = (step % cycle) * self.batch_size
        epoch = (step // cycle) * epochs + offset // self.examples
        shuffles = (self._shuffle(key, epoch), self._shuffle(key, epoch + 1))
        return _Cursor(epoch, offset % self.examples, shuffles)

    def next(
        self,
        cursor: _Cursor,
        key: PRNGKeyArray,
        step: Int[Array, ""],  # noqa: ARG002
    ) -> tuple[PyTree, _Cursor]:
        """The next `batch_size` examples of the stream."""
        places = cursor.position + jnp.arange(self.batch_size, dtype="int32")
        later = places >= self.examples
        places = jnp.where(later, places - self.examples, places)
        picked = permute(places, later, cursor.shuffles, self.examples)
        batch = jax.tree.map(lambda array: array[picked], self.arrays)

        position = cursor.position + self.batch_size
        ended = position >= self.examples
        epoch = jnp.where(ended, cursor.epoch + 1, cursor.epoch)
        position = jnp.where(ended, position - self.examples, position)
        shuffles = lax.cond(
            ended,
            lambda shuffles: (shuffles[1], self._shuffle(key, epoch + 1)),
            lambda shuffles: shuffles,
            cursor.shuffles,
        )
        return batch, _Cursor(epoch, position, shuffles)
