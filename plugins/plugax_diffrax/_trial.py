"""Steps that may be thrown away, without leaving a trace in a gradient.

An adaptive scheme tries a step and rejects it, Newton's method diverges, a finished member of a
`vmap` goes on in steps of length zero: what is computed then may overflow or divide by zero. Such a
result is not selected, so it does no harm forwards. Backwards its cotangent is zero, and 0·∞ is
NaN. So the derivative of a trial is

    dout = J (dx if it is kept, else 0),

whose transpose, Jᵀ and then the choice, drops whatever Jᵀ made of zero.
"""

from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, PyTree


def trial(step: Callable[[], tuple[PyTree, Bool[Array, ""]]]) -> tuple[PyTree, Bool[Array, ""]]:
    """What `step` returns; nothing flows back through it unless it is kept.

    The derivative is computed by linearisation, so that the step itself is made once.

    Arguments:
        step: of no arguments, gives a result and whether it is kept; what it is differentiated in,
            it closes over.
    """
    step = eqx.filter_closure_convert(step)
    structure = step.out_struct  # pyright: ignore[reportFunctionMemberAccess]
    static = eqx.filter(structure, lambda leaf: isinstance(leaf, jax.ShapeDtypeStruct), True)
    return eqx.combine(_arrays(step), static)


@eqx.filter_custom_jvp
def _arrays(step: Callable[[], tuple[PyTree, Array]]) -> tuple[PyTree, Array]:
    return eqx.filter(step(), eqx.is_array)


@_arrays.def_jvp
def _tangents(steps: Any, tangents: Any) -> tuple[PyTree, PyTree]:
    (step,), (tangents,) = steps, tangents
    moves = jax.tree.map(lambda t: t is not None, tangents, is_leaf=lambda t: t is None)
    moving, rest = eqx.partition(step, moves)
    out, linear = jax.linearize(
        lambda moving: eqx.filter(eqx.combine(moving, rest)(), eqx.is_array), moving
    )
    _, kept = out
    return out, linear(jax.tree.map(lambda t: jnp.where(kept, t, jnp.zeros_like(t)), tangents))
