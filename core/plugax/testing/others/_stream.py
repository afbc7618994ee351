"""Checks of streams: data whose batches are read on the host."""

import tempfile
from fractions import Fraction
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import PRNGKeyArray, PyTree

from ...data import AbstractStream
from ...problems import AbstractProblem
from ...runner import resume, solve
from ..claims._claim import claim, claimed
from ..claims._compare import difference
from ..kinds._references import Descent
from ..problems._runs import seed_from

STEPS = 6
CUTS = (1, 2, 3)  # batches in a block, whose sum is the steps above


def check_stream_blocks(stream: AbstractStream, key: PRNGKeyArray) -> None:
    """The batches do not depend on how many are read at once, nor on where reading begins.

    Arguments:
        stream: the stream, with six batches or more.
        key: the random key for the data.
    """
    whole, _ = _read(stream, key, 0, None, (STEPS,))
    law = "there are six batches for a test"
    claim(len(jax.tree.leaves(whole)[0]) == STEPS, stream, law, "fewer", "Check a longer one.")
    cut, places = _read(stream, key, 0, None, CUTS)
    law = "the batches are the same, however many are read at once"
    claim((found := difference(whole, cut)) is None, stream, law, found, "Count single steps.")
    for step, place in places.items():
        if step == 0 or stream.cannot_resume(place) is not None:
            continue
        for begin in {step, step + 1}:  # a place leads to the steps after it as well
            rest, _ = _read(stream, key, begin, place, (STEPS - begin,))
            found = difference(jax.tree.map(lambda x, b=begin: x[b:], whole), rest)
            law = "the batches are the same if reading begins anew where it was before"
            remedy = "Let open(key, step, place) find the batch of that step."
            claim(found is None, stream, law, found, remedy)


def check_stream_epoch(stream: AbstractStream, key: PRNGKeyArray) -> None:
    """Each epoch has the same examples: every one once.

    Arguments:
        stream: the stream; it passes if it has no epochs.
        key: the random key for the data.
    """
    if stream.steps_per_epoch is None:
        return
    # So many steps are whole epochs, even if a batch reaches from one into the next.
    steps = Fraction(stream.steps_per_epoch).numerator
    both, _ = _read(stream, key, 0, None, (steps, steps))
    first, second = (_sorted(jax.tree.map(lambda x, h=h: _half(x, h), both)) for h in (0, 1))
    law = "each epoch has every example once, in an order of its own"
    claim(np.array_equal(first, second), stream, law, "other examples", "Permute their numbers.")


def check_stream_runs(stream: AbstractStream, key: PRNGKeyArray) -> None:
    """A run in chunks, and one that is saved and resumed, equal the run in one piece to the bit.

    A stream that cannot be resumed says why.

    Arguments:
        stream: the stream, with six batches or more.
        key: the random key for the seed.
    """
    told: Any = {"seed": seed_from(key)}
    problem, solver = _Seen(stream), Descent()
    with claimed(stream, "a run reads it", "See AbstractStream for what open returns."):
        whole = solve(problem, solver, **told, steps=STEPS)
        cut = solve(problem, solver, **told, steps=STEPS, chunk=1)
    found = difference((whole.unknowns, whole.series), (cut.unknowns, cut.series))
    law = "a run in chunks equals the run in one piece"
    claim(found is None, stream, law, found, "Batches must not depend on when they are read.")
    with tempfile.TemporaryDirectory() as directory:
        half = solve(problem, solver, **told, steps=STEPS // 2, out=directory)
        readers = [None] if half.place is None else half.place["readers"]
        if stream.cannot_resume(readers[0]) is not None:
            return
        law = "a saved run can be resumed"
        with claimed(stream, law, "cannot_resume says why, if it cannot."):
            rest = resume(directory, steps=STEPS, problem=problem, solver=solver)
    found = difference((whole.unknowns, whole.series), (rest.unknowns, rest.series))
    law = "a resumed run equals the uninterrupted one"
    claim(found is None, stream, law, found, "Let position tell all that open needs.")


class _Seen(AbstractProblem):
    """A problem whose loss depends on every number of a batch, and on its place in it."""

    stream: AbstractStream

    def init(self, key: PRNGKeyArray) -> PyTree:  # noqa: ARG002 - the seed changes the data alone
        return {"u": jnp.zeros(())}

    @property
    def data(self) -> AbstractStream:
        return self.stream

    def loss(self, unknowns: PyTree, batch: PyTree, key: PRNGKeyArray) -> Any:  # noqa: ARG002
        u = unknowns["u"]
        parts = [jnp.ravel(leaf).astype(u.dtype) for leaf in jax.tree.leaves(batch)]
        numbers = jnp.concatenate(parts)
        weights = jnp.linspace(1, 2, numbers.size, dtype=u.dtype)
        return (u - jnp.mean(weights * jnp.tanh(numbers))) ** 2, {}


def _read(
    stream: AbstractStream, key: PRNGKeyArray, step: int, place: Any, cuts: tuple[int, ...]
) -> tuple[PyTree, dict[int, Any]]:
    """The batches that a reader gives in blocks of these sizes, and where it was before each."""
    blocks, places = [], {}
    reader = stream.open(key, step, place)
    try:
        for count in cuts:
            places[step] = {"step": step, "position": reader.position()}
            into = jax.tree.map(lambda x, n=count: np.zeros((n, *x.shape), x.dtype), stream.batch)
            found = 0
            while found < count and (read := reader.read(_from(into, found), count - found)):
                found += read
            blocks.append(jax.tree.map(lambda x, n=found: x[:n], into))
            step += found
    finally:
        reader.close()
    return jax.tree.map(lambda *parts: np.concatenate(parts), *blocks), places


def _from(arrays: PyTree, begin: int) -> PyTree:
    return jax.tree.map(lambda x: x[begin:], arrays)


def _half(array: np.ndarray, half: int) -> np.ndarray:
    size = len(array) // 2
    return array[half * size : (half + 1) * size]


def _sorted(batches: PyTree) -> np.ndarray:
    """The examples of some batches as rows of bytes, in increasing order."""
    rows = [
        np.ascontiguousarray(x).reshape(x.shape[0] * x.shape[1], -1).view(np.uint8)
        for x in jax.tree.leaves(batches)
    ]
    together = np.concatenate(rows, axis=1)
    return together[np.lexsort(together.T)]
