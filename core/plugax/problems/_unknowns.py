"""What cannot be an unknown: a layer's own state, a number that is not an array."""

import dataclasses
from typing import Any

import equinox as eqx
import jax
from jaxtyping import PyTree

from ..errors import PlugaxError
from ._stateful import Stateful, free_of


def check_unknowns(unknowns: PyTree, name: str) -> None:
    """Raise if the unknowns hold something that is meant to change, but that no step would change.

    One such thing is an `eqx.nn.State`, or a layer that keeps its running statistics in one
    (`BatchNorm`) and is not in inference mode: the loss would drop the new statistics and keep the
    old ones. Another is a Python number in a list, tuple or dictionary, which is a constant because
    it is not an array. A number in a field of a module (the rate of a dropout) is meant to be
    constant.

    In a `Stateful` a layer may keep its statistics, since steps hand its state on.

    Arguments:
        unknowns: the unknowns that `init` made.
        name: the problem's name.

    Errors: `PlugaxError` that names the place in the unknowns.
    """
    carried, unknowns = isinstance(unknowns, Stateful), free_of(unknowns)

    def keeps_state(node: Any) -> bool:
        return not carried and _keeps_state(node)

    for path, leaf in jax.tree_util.tree_leaves_with_path(unknowns, is_leaf=keeps_state):
        where = f"The unknowns of {name}"
        at = f"unknowns{jax.tree_util.keystr(path)}"
        if keeps_state(leaf):
            raise PlugaxError(
                f"{where} hold a state: {at} is an equinox {type(leaf).__name__}, whose running "
                "statistics no step would update. Make the problem an AbstractStatefulProblem, "
                "whose init returns plugax.Stateful(model, state); or use a layer without a state "
                "(GroupNorm, LayerNorm)."
            )
        in_module = bool(path) and isinstance(path[-1], jax.tree_util.GetAttrKey)
        if isinstance(leaf, float | complex) and not in_module:
            raise PlugaxError(
                f"{where} must be arrays: {at} is {leaf!r}, a Python number, which no solver would "
                "change. Write jnp.asarray(…) around it; a constant belongs in a field of the "
                "problem."
            )


def _keeps_state(node: Any) -> bool:
    if isinstance(node, eqx.nn.State):
        return True
    if not isinstance(node, eqx.Module) or getattr(node, "inference", False):
        return False
    fields = (getattr(node, field.name, None) for field in dataclasses.fields(node))
    return any(isinstance(value, eqx.nn.StateIndex) for value in fields)
