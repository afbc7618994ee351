"""A stream of the batches of any iterable: a loader with workers, a generator, a simulation."""

import base64
import json
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import equinox as eqx
import jax
import numpy as np
from jaxtyping import PRNGKeyArray, PyTree

from ..errors import PlugaxError
from ._described import Described
from ._rows import shape_of
from ._stream import MEMORY, AbstractReader, AbstractStream, Place, check_bytes

PIECE = 64
"""Batches after which the position is noted again: so many at most are read once more to resume."""
BYTES = "bytes in base 64"
MOST_STEPS = 2**31


class Iterated(AbstractStream):
    """The batches of an iterable, in its order, once; the run ends when they do.

    The iterable decides about order, batches and passes, whatever the seed. It is gone through in a
    thread of the run, by itself or by workers of its own (grain, for example).

    If its iterator has the methods `get_state` and `set_state`, as those of grain have, its
    position is saved with a run, which is then resumed exactly. If not, a run can be saved but not
    resumed.

    Arguments:
        batches: an iterable that can be gone through again, or a function without arguments that
            makes one. Its elements are batches: pytrees of arrays, all of the same shapes and
            dtypes. The first is looked at here, and the iterable is begun anew in every run.
        memory: how much of it the batches that are read ahead may take [bytes].

    Errors: `PlugaxError` if this is no such iterable, or the first batch no pytree of numbers.
    """

    source: Described = eqx.field(static=True)
    given: tuple[tuple[tuple[int, ...], str], ...] = eqx.field(static=True)  # shapes and dtypes
    memory: int = eqx.field(static=True)

    def __init__(self, batches: Iterable[PyTree] | Callable[[], Iterable], *, memory: int = MEMORY):
        check_bytes(memory)
        first = _first(batches)
        example = jax.tree.map(lambda array: shape_of(array.shape, array.dtype), first)
        self.source, self.given = Described(batches, example), _seen(jax.tree.leaves(first))
        self.memory = memory
        self.batches_per_block()  # one batch has to fit

    @property
    def batch(self) -> PyTree[jax.ShapeDtypeStruct]:
        """Shapes and dtypes of a batch, as the first has them."""
        return self.source.example

    @property
    def uses_key(self) -> bool:
        """False: the order is that of the iterable."""
        return False

    @property
    def steps(self) -> int | None:
        """The number of batches, if the iterable has a length; else None: they end when they do."""
        batches = self.source.origin
        if not hasattr(batches, "__len__"):
            return None
        length = len(batches)
        return length if length < MOST_STEPS else None

    def cannot_resume(self, place: Place | None) -> str | None:
        """Why, if the iterator did not tell its position."""
        if place is not None and place["position"].get("state") is not None:
            return None
        why = "" if place is None else f": {place['position']['why']}"
        return (
            f"The data are an iterable that does not tell its position{why}. So what it gave "
            "before cannot be skipped. Solve anew; a run can be resumed with a Stream, or with an "
            "iterator that has get_state and set_state, as those of grain have."
        )

    def open(self, key: PRNGKeyArray, step: int, place: Place | None = None) -> "_Reader":
        """A reader from step number `step` on.

        Errors: `PlugaxError` if it is not the first, and the place does not lead there.
        """
        del key
        if step and place is None:
            raise PlugaxError(self.cannot_resume(None))
        return _Reader(self, step, place if step else None)


class _Reader(AbstractReader):
    """Goes through the iterable."""

    def __init__(self, stream: Iterated, step: int, place: Place | None):
        self.stream, self.step = stream, step
        self.error: PlugaxError | None = None
        self.iterator = _begin(stream.source.origin)
        if place is not None:
            self.iterator.set_state(_unpacked(place["position"]["state"]))
            for _ in range(place["step"], step):
                next(self.iterator, None)

    def read(self, into: PyTree[np.ndarray], count: int) -> int:
        rooms = jax.tree.leaves(into)
        count = min(count, PIECE)
        for place in range(count):
            if self.cancelled:
                return place
            try:
                arrays = self._next()
            except PlugaxError as error:
                if not place:
                    raise
                self.error = error  # the batches before it are good
                return place
            if arrays is None:
                return place
            for room, array in zip(rooms, arrays, strict=True):
                room[place] = array
            self.step += 1
        return count

    def _next(self) -> list[np.ndarray] | None:
        """The arrays of the next batch; None after the last."""
        if self.error is not None:
            raise self.error
        try:
            batch = next(self.iterator)
        except StopIteration:
            return None
        except Exception as error:
            raise PlugaxError(
                f"The batch of step {self.step} could not be read: {type(error).__name__}: {error}"
            ) from error
        leaves, structure = jax.tree.flatten(batch)
        arrays = [np.asarray(leaf) for leaf in leaves]
        seen, given = _seen(arrays), self.stream.given
        if structure != jax.tree.structure(self.stream.batch) or seen != given:
            raise PlugaxError(
                f"The batch of step {self.step} differs from the first: it has {_told(seen)}, and "
                f"the first has {_told(given)}. All batches need the same shapes and dtypes; "
                "leave out, or fill up, a last one that is smaller."
            )
        return arrays

    def position(self) -> dict[str, Any]:
        if not (hasattr(self.iterator, "get_state") and hasattr(self.iterator, "set_state")):
            name = type(self.iterator).__name__
            return {"state": None, "why": f"{name} has no get_state and set_state"}
        state = self.iterator.get_state()
        packed = _packed(state)
        if packed is None:
            return {"state": None, "why": f"{state!r} is no plain data"[:200]}
        return {"state": packed}

    def close(self) -> None:
        close = getattr(self.iterator, "close", None)
        if callable(close):
            close()


def _begin(batches: Any) -> Any:
    """A new iterator over the batches."""
    return iter(batches if isinstance(batches, Iterable) else batches())


def _first(batches: Any) -> PyTree[np.ndarray]:
    """The first batch."""
    if isinstance(batches, Iterator):
        raise PlugaxError(
            f"A {type(batches).__name__} can be gone through only once, and every run begins anew. "
            "Give the function that makes it, not what it returns."
        )
    if not isinstance(batches, Iterable) and not callable(batches):
        raise PlugaxError(
            "The batches must be an iterable, or a function without arguments that returns one; "
            f"got {batches!r}."
        )
    try:
        iterator = _begin(batches)
        batch = next(iterator)
    except StopIteration:
        raise PlugaxError("The iterable gives no batch.") from None
    except Exception as error:
        raise PlugaxError(
            f"The first batch cannot be read: {type(error).__name__}: {error}"
        ) from error
    close = getattr(iterator, "close", None)
    if callable(close):
        close()
    if not jax.tree.leaves(batch):
        raise PlugaxError(f"A batch needs at least one array; got {batch!r}.")
    return jax.tree.map(np.asarray, batch)


def _seen(arrays: list[np.ndarray]) -> tuple[tuple[tuple[int, ...], str], ...]:
    """Shapes and dtypes as they are given, whatever JAX makes of them."""
    return tuple((array.shape, str(array.dtype)) for array in arrays)


def _told(seen: tuple[tuple[tuple[int, ...], str], ...]) -> str:
    return ", ".join(f"{dtype}{list(shape)}" for shape, dtype in seen) or "no array"


def _packed(state: Any) -> Any:
    """A position as plain data; None if it is something else."""
    if isinstance(state, bytes):
        return {BYTES: base64.b64encode(state).decode()}
    try:
        plain = json.loads(json.dumps(state))
    except (TypeError, ValueError):
        return None
    return plain if plain == state else None


def _unpacked(state: Any) -> Any:
    if isinstance(state, dict) and state.keys() == {BYTES}:
        return base64.b64decode(state[BYTES])
    return state
