"""All data at every step."""

import jax
from jaxtyping import Array, Int, PRNGKeyArray, PyTree

from ._data import AbstractData


class FullBatch(AbstractData):
    """Every step sees all of `arrays`, which may be any pytree, even an empty one.

    Arguments:
        arrays: what `loss` receives as its batch.
    """

    arrays: PyTree

    @property
    def same_every_step(self) -> bool:
        """True."""
        return True

    @property
    def steps_per_epoch(self) -> int | None:
        """1, since a step uses every example once; None without an array."""
        return 1 if jax.tree.leaves(self.arrays) else None

    def init(self, key: PRNGKeyArray, step: Int[Array, ""]) -> PyTree:  # noqa: ARG002
        """Nothing to prepare."""
        return ()

    def next(
        self,
        cursor: PyTree,
        key: PRNGKeyArray,  # noqa: ARG002
        step: Int[Array, ""],  # noqa: ARG002
    ) -> tuple[PyTree, PyTree]:
        """All arrays."""
        return self.arrays, cursor
