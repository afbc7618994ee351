"""Data in their own order, several elements at a time: windows of observations."""

import equinox as eqx
import jax
import jax.lax as lax
from jaxtyping import Array, ArrayLike, Int, PRNGKeyArray, PyTree

from ..errors import PlugaxError
from ._data import AbstractData, as_examples


class Windows(AbstractData):
    """Step i sees the elements i s to i s + l of every array, a window of length l.

    Windows overlap if the shift s is smaller than the length. Elements after the last whole window
    are never used.

    Arguments:
        arrays: a pytree of arrays with a common leading axis, time.
        length: l, the number of elements in a window.
        shift: s, from the beginning of one window to that of the next, at most the length.

    Errors: `PlugaxError` if there are too few elements for one window, or if elements between
    windows would be left out.
    """

    arrays: PyTree[Array]
    length: int = eqx.field(static=True)
    shift: int = eqx.field(static=True)
    elements: int = eqx.field(static=True)

    def __init__(self, arrays: PyTree[ArrayLike], length: int, shift: int):
        self.arrays, self.elements = as_examples(arrays)
        self.length, self.shift = length, shift
        if not 1 <= length <= self.elements:
            raise PlugaxError(
                f"A window must have from 1 to {self.elements} elements, all that there are; got "
                f"{length}."
            )
        if not 1 <= shift <= length:
            raise PlugaxError(
                f"Windows must be shifted by 1 to {length} elements, their length; got {shift}."
            )

    @property
    def steps(self) -> int:
        """The number of whole windows."""
        return (self.elements - self.length) // self.shift + 1

    def init(self, key: PRNGKeyArray, step: Int[Array, ""]) -> PyTree:  # noqa: ARG002
        """Nothing to prepare."""
        return ()

    def next(
        self,
        cursor: PyTree,
        key: PRNGKeyArray,  # noqa: ARG002
        step: Int[Array, ""],
    ) -> tuple[PyTree, PyTree]:
        """The window of step number `step`."""
        first = step * self.shift
        take = lambda array: lax.dynamic_slice_in_dim(array, first, self.length)  # noqa: E731
        return jax.tree.map(take, self.arrays), cursor
