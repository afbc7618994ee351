"""Data in their own order: observations in time."""

import equinox as eqx
import jax
import jax.lax as lax
from jaxtyping import Array, ArrayLike, Int, PRNGKeyArray, PyTree

from ._data import AbstractData, as_examples


class Sequence(AbstractData):
    """Step i sees element i of every array: one observation time, for example, or one window.

    Arguments:
        arrays: a pytree of arrays with a common leading axis, time.

    A run ends when the sequence does.
    """

    arrays: PyTree[Array]
    length: int = eqx.field(static=True)

    def __init__(self, arrays: PyTree[ArrayLike]):
        self.arrays, self.length = as_examples(arrays)

    @property
    def steps(self) -> int | None:
        """The length of the sequence."""
        return self.length

    def init(self, key: PRNGKeyArray, step: Int[Array, ""]) -> PyTree:  # noqa: ARG002
        """Nothing to prepare."""
        return ()

    def next(
        self,
        cursor: PyTree,
        key: PRNGKeyArray,  # noqa: ARG002
        step: Int[Array, ""],
    ) -> tuple[PyTree, PyTree]:
        """Element `step` of every array."""
        take = lambda array: lax.dynamic_index_in_dim(array, step, keepdims=False)  # noqa: E731
        return jax.tree.map(take, self.arrays), cursor
