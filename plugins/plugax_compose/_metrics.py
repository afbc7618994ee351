"""The metrics of several solvers as those of one, with the same names at every step.

What only one of them reports is 0 while another works. It is not NaN: that would hide a number of
its own that is not finite, which ends a run.
"""

from collections.abc import Callable, Mapping
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array

from plugax import PlugaxError

Metrics = dict[str, Array]
Shapes = Mapping[str, jax.ShapeDtypeStruct]


def shapes_of(step: Callable[..., tuple[Any, Metrics]], *arguments: Any) -> Shapes:
    """The shapes of the metrics that a step makes."""

    def metrics(*arguments: Any) -> Metrics:
        return jax.tree.map(jnp.asarray, step(*arguments)[1])

    return eqx.filter_eval_shape(metrics, *arguments)


def joined(first: Shapes, second: Shapes) -> dict[str, jax.ShapeDtypeStruct]:
    """The shapes of both together.

    Errors: `PlugaxError` if both have a metric of one name in different shapes.
    """
    for name in first.keys() & second.keys():
        if first[name].shape != second[name].shape:
            raise PlugaxError(
                f"Both solvers report {name!r}, but one of shape {list(first[name].shape)} and the "
                f"other of shape {list(second[name].shape)}; a history has one shape for a name."
            )
    wider = {
        name: jax.ShapeDtypeStruct(shape.shape, jnp.promote_types(shape.dtype, first[name].dtype))
        for name, shape in second.items()
        if name in first
    }
    return {**first, **second, **wider}


def filled(metrics: Mapping[str, Any], shapes: Shapes) -> Metrics:
    """The metrics in these shapes, with 0 for what is not among them."""
    return {
        name: jnp.asarray(metrics[name]).astype(shape.dtype)
        if name in metrics
        else jnp.zeros(shape.shape, shape.dtype)
        for name, shape in shapes.items()
    }


def nothing(shapes: Shapes) -> Metrics:
    """Zeros in these shapes, for the metrics of a step before it is taken."""
    return filled({}, shapes)
