"""Minibatches of sequences of similar length, so that little is computed on padding.

The examples are sorted by length and cut into buckets of whole batches. In each epoch the examples
of a bucket are shuffled, and the batches of all buckets come in a random order. If the batch size
does not divide the number of examples, the bucket of the shortest is filled up with examples of
weight zero. All batches have one shape, whose steps are those of the longest sequence; the loss
cuts off what a batch does not need (`_trimmed.py`).
"""

from typing import Any

import equinox as eqx
import jax
import jax.lax as lax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
from jaxtyping import Array, Int, PRNGKeyArray, PyTree

from plugax import AbstractData, FullBatch, PlugaxError, Shuffled
from plugax_supervised import Examples


class Buckets(AbstractData):
    """Batches of inputs, targets and weights, each from one bucket of lengths.

    Arguments:
        examples: inputs, which are values and lengths; targets; weights, or None.
        batch_size: examples in a step; all of them if there are fewer.
        number: how many buckets there are, at most one for every batch of an epoch.

    Attributes:
        arrays: the examples in the order of their lengths.
        longest: the steps of the longest sequence of each bucket.

    Laws: every example has its weight in one batch of an epoch; the batch of a step depends on key
    and step alone.
    """

    arrays: Examples
    order: Shuffled
    buckets: tuple[Shuffled, ...]
    longest: tuple[int, ...] = eqx.field(static=True)

    def __init__(self, examples: tuple[PyTree, Any, Any], batch_size: int, number: int = 4):
        (_, lengths), targets, weights = examples
        for name, given in (("batch_size", batch_size), ("buckets", number)):
            if given < 1:
                raise PlugaxError(f"{name} is a number of 1 or more; got {given}.")
        size = min(batch_size, len(targets))
        batches = -(-len(targets) // size)
        spare = batches * size - len(targets)
        ascending = np.argsort(np.asarray(lengths), kind="stable")
        ascending = np.concatenate([np.repeat(ascending[:1], spare), ascending])
        if weights is None and spare:
            weights = np.ones(len(targets))
        inputs, targets, weights = jax.tree.map(
            lambda a: np.asarray(a)[ascending], (examples[0], targets, weights)
        )
        if weights is not None:
            weights[:spare] = 0
            weights = jnp.asarray(weights, float)
        self.arrays = *jax.tree.map(jnp.asarray, (inputs, targets)), weights
        parts = [part for part in np.array_split(np.arange(batches), number) if len(part)]
        self.order = Shuffled(np.arange(batches, dtype=np.int32), 1)
        self.buckets = tuple(
            Shuffled(np.arange(p[0] * size, (p[-1] + 1) * size, dtype=np.int32), size)
            for p in parts
        )
        self.longest = tuple(int(inputs[1][(p[-1] + 1) * size - 1]) for p in parts)

    @property
    def batch_size(self) -> int:
        """How many examples a batch has, those of weight zero included."""
        return self.buckets[0].batch_size

    @property
    def steps_per_epoch(self) -> int:
        """The number of batches."""
        return self.order.examples

    @property
    def whole(self) -> FullBatch:
        """All examples."""
        return FullBatch(self.arrays)

    def init(self, key: PRNGKeyArray, step: Int[Array, ""]) -> PyTree:
        """The cursor in the order of the batches."""
        return self.order.init(jr.fold_in(key, 0), step)

    def next(
        self, cursor: PyTree, key: PRNGKeyArray, step: Int[Array, ""]
    ) -> tuple[Examples, PyTree]:
        """A batch of one bucket."""
        (place,), cursor = self.order.next(cursor, jr.fold_in(key, 0), step)
        epoch = step // self.steps_per_epoch
        counts = [bucket.examples // self.batch_size for bucket in self.buckets]
        first = np.cumsum([0, *counts[:-1]]).astype(np.int32)

        def of_bucket(number: int):
            def picked() -> Int[Array, " batch"]:
                bucket, own = self.buckets[number], jr.fold_in(key, 1 + number)
                at = epoch * counts[number] + place.astype(epoch.dtype) - first[number].item()
                return bucket.next(bucket.init(own, at), own, at)[0]

            return picked

        number = jnp.searchsorted(first, place, side="right") - 1
        picked = lax.switch(number, [of_bucket(number) for number in range(len(counts))])
        return jax.tree.map(lambda array: array[picked], self.arrays), cursor
