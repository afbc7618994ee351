"""Something of the host inside a component, seen by the compiler as nothing but shapes."""

from typing import Any

import jax
from jaxtyping import PyTree


class Described:
    """Where batches come from: files, arrays, a function. A static field of a stream.

    Two are equal if compiled code cannot tell them apart: if their batches have the same structure,
    shapes and dtypes. So a problem made again, or on other files, is not compiled again.

    Attributes:
        origin: where the batches come from.
        example: shapes and dtypes of an example, or of a batch.
        digest: the SHA-256 of some examples; None until it is asked for.
    """

    digest: str | None = None

    def __init__(self, origin: Any, example: PyTree[jax.ShapeDtypeStruct]):
        self.origin, self.example = origin, example
        leaves, structure = jax.tree.flatten(example)
        self._seen = structure, tuple((leaf.shape, str(leaf.dtype)) for leaf in leaves)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Described) and self._seen == other._seen

    def __hash__(self) -> int:
        return hash(self._seen)

    def __repr__(self) -> str:
        shapes = ", ".join(f"{dtype}{list(shape)}" for shape, dtype in self._seen[1])
        return f"{type(self.origin).__name__} of {shapes}"
