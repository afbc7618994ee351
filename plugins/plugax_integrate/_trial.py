"""Steps that may be discarded, without any effect on a gradient.

An adaptive scheme tries a step and rejects it, Newton's method diverges, a finished member of a
`vmap` continues in steps of length zero: such computations may overflow or divide by zero. Their
results are not selected, so they do no harm in forward mode. In reverse mode their cotangent is
zero, and 0·∞ is NaN. So the derivative of a trial is

    dout = J (dx if it is kept, else 0),

whose transpose applies Jᵀ first and then the choice, which discards the NaN.
"""

from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, PyTree


def trial(step: Callable[[], tuple[PyTree, Bool[Array, ""]]]) -> tuple[PyTree, Bool[Array, ""]]:
    """The result of `step`; no gradient flows through it unless it is kept.

    The derivative is computed by linearisation, so that the step itself is computed once.

    Arguments:
        step: a function without arguments that returns a result and whether it is kept; it closes
            over the variables of differentiation.
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
