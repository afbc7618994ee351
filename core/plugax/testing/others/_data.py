"""Checks of data, either alone or as the data of a problem."""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Int, PRNGKeyArray, PyTree

from ...data import AbstractData
from ...data._block import streams_in
from ...problems import AbstractProblem
from ..claims._claim import claim, claimed
from ..claims._compare import difference, shapes

STEPS = 6


@eqx.filter_jit
def _cursor(data: AbstractData, key: PRNGKeyArray, step: Int[Array, ""]) -> PyTree:
    return data.init(key, step)


@eqx.filter_jit
def _next(data: AbstractData, cursor: PyTree, key: PRNGKeyArray, step: Int[Array, ""]) -> Any:
    return data.next(cursor, key, step)


def check_batches(component: AbstractData | AbstractProblem, key: PRNGKeyArray) -> None:
    """The batch of a step depends only on key and step; cursor and batch keep their shapes.

    So a run may be cut into chunks and resumed anywhere.

    Arguments:
        component: data, or a problem with data.
        key: the random key for the data.
    """
    with jax.enable_x64(getattr(component, "precision", None) == "float64"):
        _check_batches(component, key)


def _check_batches(component: AbstractData | AbstractProblem, key: PRNGKeyArray) -> None:
    data = component.data if isinstance(component, AbstractProblem) else component
    claim(
        isinstance(data, AbstractData),
        component,
        "data is an AbstractData",
        f"a {type(data).__name__}",
        "Write it as a property: a field of that name takes the property for its default.",
    )
    if streams_in(data):
        _check_read(component, data, key)
        return
    steps = STEPS if data.steps is None else min(data.steps, STEPS)
    law = "batches can be computed under jit"
    with claimed(component, law, "The step's number has no value there: index with it by jax.lax."):
        cursor = _cursor(data, key, _number(0))
        batch, after = _next(data, cursor, key, _number(0))
    found = difference(shapes(cursor), shapes(after))
    law = "the cursor keeps its structure, shapes and dtypes"
    claim(found is None, component, law, found, "Make it in init as next will return it.")
    batches = [batch]
    for step in range(1, steps):
        batch, after = _next(data, after, key, _number(step))
        batches.append(batch)
    for step in sorted({1, steps // 2, steps - 1} & set(range(steps))):
        begun = _cursor(data, key, _number(step))
        found = difference(_next(data, begun, key, _number(step))[0], batches[step])
        claim(
            found is None,
            component,
            "the batch of a step is the same whether the data are begun there or before",
            f"{found} in the batch of step {step}",
            "Fold the step's number into the key, and let init skip what came before.",
        )


def _check_read(component: Any, data: AbstractData, key: PRNGKeyArray) -> None:
    """The first batch of a stream has the shapes that it says; it has more checks of its own."""
    batch = data.first(key)
    found = difference(shapes(eqx.filter_eval_shape(data.first, key)), shapes(batch))
    law = "the batches have the shapes and dtypes that the stream says"
    claim(found is None, component, law, found, "Say in batch what readers write.")


def _number(step: int) -> Int[Array, ""]:
    return jnp.asarray(step, "int32")
