"""A stream of examples that have numbers: in a random order, resumed from the step alone.

The batches are those of `Shuffled` on the same arrays, bit for bit.
"""

import hashlib
from fractions import Fraction
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
from jaxtyping import Int, PRNGKeyArray, PyTree

from ..errors import PlugaxError
from ._described import Described
from ._rows import as_source, read_rows
from ._stream import MEMORY, AbstractReader, AbstractStream, Place, check_bytes
from ._swap_or_not import Shuffle, permute_on_host, shuffle

SAMPLED = 16
SAMPLE = f"sha256 of {SAMPLED} examples"
"""To read all of them would take as long as an epoch."""


class Stream(AbstractStream):
    """Minibatches in a new random order every epoch, of examples that stay on the host or in files.

    As for `Shuffled`, every example is used once in an epoch, and the batch of a step depends only
    on key and step: runs are resumed exactly, without reading again what came before. A run is not
    resumed on other examples, as far as their number and a few of them tell.

    Arguments:
        source: a pytree of arrays with a common leading axis, the examples: NumPy's, also
            memory-mapped, zarr's or others with a shape, a dtype and an index; or of objects that
            have a length and return a pytree of arrays for an array of numbers, such as `Shards`.
        batch_size: examples per step, at most as many as there are.
        memory: how much of it the batches that are read ahead may take [bytes].

    Errors: `PlugaxError` if the arrays differ in length or hold no numbers, or a batch size or a
    memory is impossible.
    """

    source: Described = eqx.field(static=True)
    examples: int = eqx.field(static=True)
    batch_size: int = eqx.field(static=True)
    memory: int = eqx.field(static=True)

    def __init__(self, source: PyTree, batch_size: int, *, memory: int = MEMORY):
        source, self.examples, example = as_source(source)
        self.source = Described(source, example)
        whole = isinstance(batch_size, int) and not isinstance(batch_size, bool)
        if not whole or not 1 <= batch_size <= self.examples:
            raise PlugaxError(
                f"batch_size must be between 1 and the number of examples, {self.examples}; got "
                f"{batch_size!r}."
            )
        check_bytes(memory)
        self.batch_size, self.memory = batch_size, memory
        self.batches_per_block()  # one batch has to fit

    @property
    def batch(self) -> PyTree[jax.ShapeDtypeStruct]:
        """Shapes and dtypes of a batch."""
        more = lambda x: jax.ShapeDtypeStruct((self.batch_size, *x.shape), x.dtype)  # noqa: E731
        return jax.tree.map(more, self.source.example)

    @property
    def uses_key(self) -> bool:
        """True: the key decides the order."""
        return True

    @property
    def steps_per_epoch(self) -> Fraction:
        """The number of examples divided by the batch size."""
        return Fraction(self.examples, self.batch_size)

    def open(self, key: PRNGKeyArray, step: int, place: Place | None = None) -> "_Reader":
        """A reader from step number `step` on; it needs no place."""
        del place
        return _Reader(self, key, step)

    def cannot_resume(self, place: Place | None) -> str | None:
        """Why, if these are not the examples of the earlier run, or not its batches."""
        then = None if place is None else place["position"]
        if then in (None, self.identity()):
            return None
        if then == self.identity() | {SAMPLE: then.get(SAMPLE)}:
            return "The examples of the stream are not those of the saved run. Solve anew."
        return (
            f"The stream has {self.examples} examples in batches of {self.batch_size}, and that of "
            f"the saved run {then.get('examples')} in batches of {then.get('batch_size')}."
        )

    def identity(self) -> dict[str, Any]:
        """What a resumed run is held to: the numbers, and the SHA-256 of a few examples."""
        if self.source.digest is None:
            numbers = np.linspace(0, self.examples - 1, SAMPLED).round().astype(np.int64)
            empty = lambda x: np.empty((SAMPLED, *x.shape), x.dtype)  # noqa: E731
            rows = jax.tree.map(empty, self.source.example)
            read_rows(self.source.origin, numbers, rows)
            digest = hashlib.sha256()
            for leaf in jax.tree.leaves(rows):
                digest.update(leaf.tobytes())
            self.source.digest = digest.hexdigest()
        sizes = {"examples": self.examples, "batch_size": self.batch_size}
        return sizes | {SAMPLE: self.source.digest}

    def numbers(self, key: PRNGKeyArray, step: int, count: int) -> Int[np.ndarray, " examples"]:
        """The numbers of the examples of `count` batches from step number `step` on.

        Arguments:
            key: the random key for the data.
            step: the number of the first step.
            count: how many batches.
        """
        return _Reader(self, key, step).numbers(count)


class _Reader(AbstractReader):
    """Reads `batch_size` examples for every step, those of a block at once."""

    in_parts = True

    def __init__(self, stream: Stream, key: PRNGKeyArray, step: int):
        self.stream, self.step = stream, step
        # On the CPU: a device that is busy with a chunk would make the order wait for its end.
        self.device = _cpu()
        with jax.default_device(self.device):
            numbers = jnp.asarray(np.asarray(jr.key_data(key)))
            self.key = jr.wrap_key_data(numbers, impl=jr.key_impl(key))
        self.epoch, self.shuffle = -1, None

    def read(self, into: PyTree[np.ndarray], count: int) -> int:
        source = self.stream.source
        numbers = self.numbers(count).reshape(count, -1)[:, self.rows].ravel()
        rows = lambda x: x[:count].reshape(len(numbers), *x.shape[2:])  # noqa: E731 - a view
        read_rows(source.origin, numbers, jax.tree.map(rows, into))
        self.step += count
        return count

    def position(self) -> dict[str, Any]:
        return self.stream.identity()

    def numbers(self, count: int) -> Int[np.ndarray, " examples"]:
        """The numbers of the examples of the next batches."""
        size, examples = self.stream.batch_size, self.stream.examples
        place, end = self.step * size, (self.step + count) * size
        parts = []
        while place < end:
            epoch, offset = divmod(place, examples)
            length = min(examples - offset, end - place)
            places = np.arange(offset, offset + length, dtype=np.int32)
            parts.append(permute_on_host(places, self._shuffle(epoch), examples))
            place += length
        return np.concatenate(parts)

    def _shuffle(self, epoch: int) -> Any:
        if epoch != self.epoch:
            with jax.default_device(self.device):
                found = _shuffle(self.key, np.int32(epoch), self.stream.examples)
            self.epoch, self.shuffle = epoch, jax.tree.map(np.asarray, found)
        return self.shuffle


@eqx.filter_jit
def _shuffle(key: PRNGKeyArray, epoch: Any, size: int) -> Shuffle:
    return shuffle(jr.fold_in(key, epoch), size)


def _cpu() -> Any:
    """JAX's first CPU; None, for the default device, if JAX was started without."""
    try:
        return jax.local_devices(backend="cpu")[0]
    except RuntimeError:
        return None
