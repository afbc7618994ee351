"""Sums over rows, piece by piece: what is computed of a piece stays in the cache of a CPU.

For 10⁵ rows of 10 columns and 5 components this takes a sixth of the time. Derivatives compute a
piece once more instead of keeping what all pieces need.
"""

from collections.abc import Callable

import jax
import jax.lax as lax
import jax.numpy as jnp
from jaxtyping import Array, Float, PyTree

MOST_ROWS = 4096


def sum_over_pieces(
    function: Callable[[Float[Array, "part columns"], Float[Array, " part"]], PyTree],
    rows: Float[Array, "rows columns"],
) -> PyTree:
    """The sum of a function over pieces of at most 4096 rows.

    Arguments:
        function: sums over the rows of a piece, given them and 1 for each row that counts, 0 for
            one that fills the last piece up.
        rows: all rows.
    """
    pieces = -(-len(rows) // MOST_ROWS)
    if pieces == 1:
        return function(rows, jnp.ones(len(rows), rows.dtype))
    size = -(-len(rows) // pieces)
    filled = jnp.pad(rows, ((0, pieces * size - len(rows)), (0, 0)))
    counted = (jnp.arange(pieces * size, dtype="int32") < len(rows)).astype(rows.dtype)
    parts = filled.reshape(pieces, size, -1), counted.reshape(pieces, size)
    shapes = jax.eval_shape(function, *jax.tree.map(lambda part: part[0], parts))
    zeros = jax.tree.map(lambda leaf: jnp.zeros(leaf.shape, leaf.dtype), shapes)

    def add(sums: PyTree, piece: tuple[Array, Array]) -> tuple[PyTree, None]:
        return jax.tree.map(jnp.add, sums, function(*piece)), None

    return lax.scan(jax.checkpoint(add), zeros, parts)[0]
