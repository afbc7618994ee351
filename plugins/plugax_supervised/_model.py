"""Models as Equinox has them: how one is made, and what it returns for many examples.

A model is a function of one example. It may take a `key` (dropout), and it may have an
`eqx.nn.State` (batch normalisation): then it is called as `model(x, state)` and returns its output
and the new state. Layers that look at the whole batch have `axis_name="batch"`.
"""

import inspect
from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.lax as lax
import jax.numpy as jnp
import jax.random as jr
from jaxtyping import Array, PRNGKeyArray, PyTree

from plugax import PlugaxError, Stateful

BATCH_AXIS = "batch"
PIECE = 1024
"""How many examples are evaluated at once, so that memory is needed for these only."""


def is_ready(model: Any) -> bool:
    """Whether this is a model, or one with its state, and not what makes one from a key."""
    return isinstance(model, eqx.Module | tuple)


def as_unknowns(model: Any) -> PyTree:
    """A model alone, or `Stateful` for a pair of a model and its `eqx.nn.State`.

    Errors: `PlugaxError` if it is neither, or has no floating-point weights.
    """
    state = None
    if isinstance(model, tuple):
        if len(model) != 2 or not isinstance(model[1], eqx.nn.State):
            kinds = ", ".join(type(part).__name__ for part in model)
            raise PlugaxError(
                "A model with a state is a pair of the model and its eqx.nn.State, as "
                f"eqx.nn.make_with_state makes it; got a tuple of ({kinds})."
            )
        model, state = model
    if not callable(model):
        raise PlugaxError(f"A model is called with one example; a {type(model).__name__} is not.")
    if not jax.tree.leaves(eqx.filter(model, eqx.is_inexact_array)):
        raise PlugaxError(
            "A model needs floating-point weights, arrays in an eqx.Module; this "
            f"{type(model).__name__} has none. To make a model from a random key, give a function "
            "of the key: lambda key: eqx.nn.MLP(…, key=key)."
        )
    # Equinox makes a state useless once there is a newer one; a copy may be used up.
    return model if state is None else Stateful(model, jax.tree.map(lambda leaf: leaf, state))


def make_unknowns(factory: Callable[..., Any], key: PRNGKeyArray) -> PyTree:
    """The unknowns that a key draws.

    Arguments:
        factory: a function or a class with an argument `key`, or with one argument of any name.
        key: draws the weights.
    """
    takes = inspect.signature(factory).parameters
    return as_unknowns(factory(key=key) if "key" in takes else factory(key))


def outputs_and_state(
    unknowns: PyTree, inputs: PyTree, key: PRNGKeyArray
) -> tuple[PyTree, PyTree | None]:
    """The outputs for a batch in training, and the state after it; None without one."""
    model, state = _parts(unknowns)
    inputs = _in_precision_of(model, inputs)
    keys = jr.split(key, len(jax.tree.leaves(inputs)[0])) if _takes_key(model) else None

    def one(x: PyTree, key: PRNGKeyArray | None, state: PyTree) -> tuple[PyTree, PyTree]:
        random = {} if key is None else {"key": key}
        return (model(x, **random), None) if state is None else model(x, state, **random)

    of_batch = jax.vmap(one, in_axes=(0, 0, None), out_axes=(0, None), axis_name=BATCH_AXIS)
    return of_batch(inputs, keys, state)


def output_of_one(model: Any, x: PyTree, key: PRNGKeyArray) -> PyTree:
    """The output for one example in training, of a model without a state."""
    random = {"key": key} if _takes_key(model) else {}
    return model(_in_precision_of(model, x), **random)


def inference(unknowns: PyTree) -> Callable[[PyTree], PyTree]:
    """The function of many examples without randomness, and with the statistics as they are."""
    model, state = _parts(unknowns)
    model = eqx.nn.inference_mode(model)

    def one(x: PyTree) -> PyTree:
        return model(x) if state is None else model(x, state)[0]

    def of_many(inputs: PyTree) -> PyTree:
        inputs = _in_precision_of(model, inputs)
        return jax.vmap(one, axis_name=BATCH_AXIS)(inputs)

    return of_many


def in_pieces(function: Callable[[PyTree], PyTree], inputs: PyTree, size: int = PIECE) -> PyTree:
    """A function of many examples, piece by piece if they are more than `size`."""
    examples = len(jax.tree.leaves(inputs)[0])
    if examples <= size:
        return function(inputs)
    pieces = -(-examples // size)
    size = -(-examples // pieces)
    # The last piece is filled up with its last example.
    places = jnp.minimum(jnp.arange(pieces * size), examples - 1).reshape(pieces, size)
    found = lax.map(lambda at: function(jax.tree.map(lambda a: a[at], inputs)), places)
    return jax.tree.map(lambda a: a.reshape(-1, *a.shape[2:])[:examples], found)


def _parts(unknowns: PyTree) -> tuple[Any, PyTree | None]:
    return (unknowns.free, unknowns.state) if isinstance(unknowns, Stateful) else (unknowns, None)


def _takes_key(model: Any) -> bool:
    return "key" in inspect.signature(model).parameters


def _in_precision_of(model: Any, inputs: PyTree) -> PyTree:
    """Inputs in the precision of the weights; integers stay, as an embedding needs them."""
    dtype = jnp.result_type(*jax.tree.leaves(eqx.filter(model, eqx.is_inexact_array)))

    def cast(array: Array) -> Array:
        return array.astype(dtype) if jnp.issubdtype(array.dtype, jnp.floating) else array

    return jax.tree.map(cast, inputs)
