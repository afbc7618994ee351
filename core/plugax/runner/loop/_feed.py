"""What brings the batches of streams to the loop: a thread that reads ahead.

The batches of consecutive steps come in blocks of one shape. While the loop computes on a block,
the thread reads the next one and moves it to the device. Chunks end where a block does. A block
stays in memory until the chunk after its last one has ended, since a failed chunk is run again.

Everything that a user's source does, it does in this one thread.
"""

import contextlib
import queue
import threading
import time
import warnings
from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
from jaxtyping import PyTree

from ..._memory import check_memory
from ...data import AbstractData, AbstractReader, AbstractStream
from ...data._block import Block, streams_in
from ...data._stream import BLOCKS
from ...errors import PlugaxError
from ..devices._split import Split
from ._interrupt import Interrupt
from ._program import keys_of

LOOK = 0.05  # seconds between two looks at whether the user wants the run to end
PATIENCE = 5.0  # seconds that the end of a run waits for a source that is busy
FIRST, GROWTH = 16, 4  # the first block is filled to a part, so that the loop begins soon
BACK = 3  # as many blocks back as a run may have to go on from

Place = Mapping[str, Any]


class Feed:
    """The batches of a run, block by block; a context in which the thread lives.

    Attributes:
        blocks: those at hand, one for each stream.
        waited: the seconds that the run has waited for batches.
        ended: whether the data have ended.
        failed: whether they could not be read.
    """

    def __init__(
        self,
        streams: list[AbstractStream],
        keys: list[Any],
        *,
        step: int,
        steps: int,
        place: Place | None,
        device: Any,
        split: Split | None,
        interrupt: Interrupt,
    ):
        """Nothing is read yet.

        Arguments:
            streams: what is read.
            keys: the random key for the data; several if members have batches of their own.
            step: the number of the first step.
            steps: the number of the step after the last.
            place: where the readers of an earlier run were; None for a run from its beginning.
            device: where the blocks are put.
            split: what is spread over several devices, if there are several.
            interrupt: whether the user wants the run to end.
        """
        self.streams, self.keys, self.steps, self.device = streams, keys, steps, device
        self.interrupt, self.split = interrupt, split
        self.members = [len(keys) if stream.uses_key else 1 for stream in streams]
        counts = [
            stream.batches_per_block(n) for stream, n in zip(streams, self.members, strict=True)
        ]
        self.capacity = min(counts)
        self._size = max(self.capacity // FIRST, 1)
        self._check_memory()
        self.blocks: tuple[Block, ...] = ()
        self.waited, self.ended, self.failed = 0.0, False, False
        self._closing, self._end = False, step
        self._given = place
        self._begins: list[int] = []
        self._places: list[list[Place]] = []
        self._asked: queue.SimpleQueue = queue.SimpleQueue()
        self._answers: queue.SimpleQueue = queue.SimpleQueue()
        self._readers: list[list[AbstractReader]] = []
        self._rows: list[int | None] = []
        self._x64 = jnp.result_type(float) == "float64"
        self._thread = threading.Thread(target=self._serve, name="plugax-data", daemon=True)

    def __enter__(self) -> "Feed":
        """Begin to read the first block."""
        self._thread.start()
        self._ask()
        return self

    def __exit__(self, *_: object) -> None:
        """End the thread."""
        self._closing = True
        for readers in self._readers:
            for reader in readers:
                reader.cancelled = True
        self._asked.put(None)
        self._thread.join(PATIENCE)
        if self._thread.is_alive():
            warnings.warn(
                "What reads the data has not returned; its thread ends when it does, or with the "
                "process.",
                RuntimeWarning,
                stacklevel=3,
            )

    def stand_in(self) -> tuple[Block, ...]:
        """Blocks of the same shapes that take no memory, to compile with."""
        empty = lambda x: np.broadcast_to(np.zeros((), x.dtype), x.shape)  # noqa: E731
        return tuple(
            Block(jax.tree.map(empty, self._shapes(place)), jnp.asarray(0, "int32"), n > 1)
            for place, n in enumerate(self.members)
        )

    def available(self, step: int) -> int:
        """The number of batches at hand from a step on; waits for the next block if there is none.

        Returns:
            0 if the data have ended, or the user wants the run to end.

        Errors: `PlugaxError` if the data cannot be read, with the cause.
        """
        if step == self._end and not self.ended:
            self._take()
        return self._end - step

    def place_at(self, step: int) -> Place | None:
        """Where readers were at a step, or shortly before it; None before the first block."""
        found = [next((p for p in of if p["step"] <= step), None) for of in self._places]
        known = [place for place in found if place is not None]
        if not known or len(known) < len(found):
            return None
        return {"step": min(place["step"] for place in known), "readers": known}

    def _take(self) -> None:
        """Put the next block in place of the present one, and have the one after it read."""
        began = time.perf_counter()
        answer = None
        while answer is None and not self.interrupt.requested:
            try:
                answer = self._answers.get(timeout=LOOK)
            except queue.Empty:
                continue
        self.waited += time.perf_counter() - began
        if answer is None:
            return
        if isinstance(answer, BaseException):
            self.failed = True
            raise answer
        blocks, places, count = answer
        self.ended = not count
        if self.ended:
            return
        self.blocks = blocks
        self._begins = [*self._begins, self._end][-BACK:]
        older = self._places or [[] for _ in places]
        self._places = [  # the latest first
            [*new, *(p for p in old if p["step"] >= self._begins[0])]
            for new, old in zip(places, older, strict=True)
        ]
        self._end += count
        if self._end < self.steps:
            self._ask()

    def _ask(self) -> None:
        self._asked.put((self._end, min(self._size, self.steps - self._end)))
        self._size = min(GROWTH * self._size, self.capacity)

    def _serve(self) -> None:
        """What the thread does: read a block whenever one is asked for."""
        step = self._end
        try:
            with jax.enable_x64(self._x64), jax.default_device(self.device):
                for stream in self.streams:
                    keys = self.keys if stream.uses_key else self.keys[:1]
                    places = None if self._given is None else self._given["readers"]
                    own = None if places is None else places[len(self._readers)]
                    self._readers.append([stream.open(key, step, own) for key in keys])
                self._rows = [self._part(*pair) for pair in enumerate(self._readers)]
                while (asked := self._asked.get()) is not None and not self._closing:
                    step, count = asked
                    self._answers.put(self._read(step, count))
        except BaseException as error:
            self._answers.put(_told(error, step))
        finally:
            for readers in self._readers:
                for reader in readers:
                    # Whatever happens here, the run has all it needs.
                    with contextlib.suppress(Exception):
                        reader.close()

    def _read(self, step: int, wanted: int) -> tuple[tuple[Block, ...], list[list[Place]], int]:
        """The next blocks, where each stream's reader was on the way, and how many batches."""
        blocks, places, count = [], [], wanted
        for stream, readers in enumerate(self._readers):
            # Pages of zeros take no memory until something is written.
            shapes, own, rows = self._shapes(stream), self.members[stream] > 1, self._rows[stream]
            if rows is not None:
                part = len(range(rows)[readers[0].rows])
                shapes = jax.tree.map(
                    lambda x, n=part: jax.ShapeDtypeStruct((x.shape[0], n, *x.shape[2:]), x.dtype),
                    shapes,
                )
            arrays = jax.tree.map(lambda x: np.zeros(x.shape, x.dtype), shapes)
            on_the_way: list[Place] = []
            for member, reader in enumerate(readers):
                into = jax.tree.map(lambda x, m=member: x[m], arrays) if own else arrays
                found, on_the_way = _fill(reader, into, step, wanted)
                count = min(count, found)
            places.append(on_the_way)
            split = self.split
            put = (
                jax.tree.map(jnp.asarray, arrays)
                if split is None
                else split.block(arrays, own=own, rows=rows)
            )
            blocks.append(Block(put, jnp.asarray(step, "int32"), own))
        return tuple(blocks), places, count

    def _part(self, stream: int, readers: list[AbstractReader]) -> int | None:
        """Let the reader of a stream read the part of this process, if there are several.

        Returns:
            the length of a whole batch; None if whole batches are read.
        """
        sizes = {x.shape[:1] for x in jax.tree.leaves(self.streams[stream].batch)}
        if self.split is None or len(readers) > 1 or len(sizes) > 1 or () in sizes:
            return None
        ((size,),) = sizes
        rows = self.split.rows(size)
        if rows == slice(None) or not readers[0].in_parts:
            return None
        readers[0].rows = rows
        return size

    def _shapes(self, place: int) -> PyTree[jax.ShapeDtypeStruct]:
        """The shapes of the block of a stream."""
        members = self.members[place]
        front = (members, self.capacity) if members > 1 else (self.capacity,)
        more = lambda x: jax.ShapeDtypeStruct((*front, *x.shape), x.dtype)  # noqa: E731
        return jax.tree.map(more, self.streams[place].batch)

    @property
    def size(self) -> int:
        """The memory that all blocks take [bytes]."""
        leaves = [x for p in range(len(self.streams)) for x in jax.tree.leaves(self._shapes(p))]
        return BLOCKS * sum(leaf.size * leaf.dtype.itemsize for leaf in leaves)

    def _check_memory(self) -> None:
        check_memory(
            self.size, f"Batches of {self.capacity} steps, read ahead,", device=self.device
        )


def _fill(
    reader: AbstractReader, into: PyTree[np.ndarray], step: int, wanted: int
) -> tuple[int, list[Place]]:
    """Read batches until there are enough; how many there are, and places, the latest first."""
    done = 0
    places: list[Place] = []
    while done < wanted and not reader.cancelled:
        places.insert(0, {"step": step + done, "position": reader.position()})
        rest = jax.tree.map(lambda x, d=done: x[d:], into)
        try:
            found = reader.read(rest, wanted - done)
        except Exception:
            if done:
                break  # what was read before is good; the next call says again what is wrong
            raise
        if not found:
            break
        done += found
    return done, places


def feed_of(data: AbstractData, keys: Any, **told: Any) -> Feed | None:
    """The feed of a run; None if no data are read on the host.

    Arguments:
        data: the data.
        keys: the random key of the run, or one for every member.
        told: the other arguments of `Feed`.
    """
    streams = streams_in(data)
    if not streams:
        return None
    of_data = [keys_of(key)[2] for key in jnp.atleast_1d(keys)]
    numbers = np.stack([np.asarray(jr.key_data(key)) for key in of_data])
    same = (numbers == numbers[0]).all()  # then members share the batches
    return Feed(streams, of_data[:1] if same else of_data, **told)


def _told(error: BaseException, step: int) -> BaseException:
    """An error of the thread as the run raises it."""
    if isinstance(error, PlugaxError):
        return error
    told = PlugaxError(
        f"The data could not be read from step {step} on: {type(error).__name__}: {error}"
    )
    told.__cause__ = error
    return told
