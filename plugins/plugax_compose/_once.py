"""A change that is made at some steps only, and costs nothing at the others."""

from collections.abc import Callable
from typing import Any, TypeVar

import jax
import jax.lax as lax
import jax.numpy as jnp
from jaxtyping import Array, Bool

Tree = TypeVar("Tree")


def once_if(flag: Bool[Array, ""], change: Callable[[Tree], Tree], tree: Tree) -> Tree:
    """`change(tree)` if the flag is set, else the tree itself.

    This is a loop of one turn or none: a loop that makes no turn leaves its arrays where they are,
    while `lax.cond` copies what it passes on. The state of a solver that waits for its turn may be
    much larger than what a step of the other one moves.

    Arguments:
        flag: whether to change it.
        change: keeps structure, shapes and dtypes.
        tree: a pytree of arrays.
    """

    def turn(carry: tuple) -> tuple:
        return jnp.asarray(False), jax.tree.map(_strong, change(carry[1]))

    return lax.while_loop(lambda carry: carry[0], turn, (flag, jax.tree.map(_strong, tree)))[1]


def _strong(leaf: Any) -> Array:
    """The leaf with a definite dtype; a weakly typed one would change in the first turn."""
    leaf = jnp.asarray(leaf)
    if jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key):
        return leaf
    return lax.convert_element_type(leaf, leaf.dtype)
