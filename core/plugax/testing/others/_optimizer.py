"""Checks of an optimizer, on a small quadratic with a matrix, a vector and a scalar."""

import collections
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
from jaxtyping import Array, PRNGKeyArray, PyTree

from ...optimizers import AbstractOptimizer
from ..claims._claim import claim, claimed
from ..claims._compare import ROUNDING, difference, shapes
from ..claims._precision import cast
from ..solvers._steps import as_arrays, scale_floats, stack_floats

STEPS = 50

traces: collections.Counter[str] = collections.Counter()
"""How often the descent below was traced."""


def _quadratic(params: PyTree) -> Array:
    """½ Σ (p − 1)², curvatures one: its minimum is at 1."""
    numbers = jnp.concatenate([leaf.ravel() for leaf in jax.tree.leaves(params)])
    return jnp.sum(jnp.square(numbers - 1)) / 2


def _start(key: PRNGKeyArray) -> PyTree:
    keys = jr.split(key, 3)
    shape = {"matrix": (2, 3), "vector": (3,), "scalar": ()}
    return {n: 3 + jr.normal(k, s) / 4 for k, (n, s) in zip(keys, shape.items(), strict=True)}


def _update(optimizer: AbstractOptimizer, state: PyTree, params: PyTree) -> Any:
    """Value, updates and next state, called as the solver `gradient` does."""
    value, gradient = jax.value_and_grad(_quadratic)(params)
    extra = {"value": value, "grad": gradient, "value_fn": _quadratic}
    updates, state = optimizer.update(gradient, state, params, **extra)
    return value, updates, state


@eqx.filter_jit
def _descend(optimizer: AbstractOptimizer, params: PyTree) -> tuple[PyTree, Array]:
    """The parameters after some steps, and the value before each."""
    traces["descend"] += 1
    state = optimizer.init(params)
    arrays, rest = eqx.partition(state, eqx.is_array)
    # The scan would change the type of weakly typed arrays.
    arrays = jax.tree.map(_strong, arrays)

    def step(carry: tuple[PyTree, PyTree], _: None) -> tuple[tuple[PyTree, PyTree], Array]:
        params, arrays = carry
        value, updates, state = _update(optimizer, eqx.combine(arrays, rest), params)
        params = jax.tree.map(lambda p, u: p + u.astype(p.dtype), params, updates)
        return (params, jax.tree.map(_strong, eqx.filter(state, eqx.is_array))), value

    (params, _), values = jax.lax.scan(step, (params, arrays), length=STEPS)
    return params, jnp.append(values, _quadratic(params))


@eqx.filter_jit
def _descend_with_each(optimizers: AbstractOptimizer, params: PyTree) -> tuple[PyTree, Array]:
    axes = jax.tree.map(lambda leaf: 0 if eqx.is_inexact_array(leaf) else None, optimizers)
    return eqx.filter_vmap(_descend, in_axes=(axes, None))(optimizers, params)


def check_optimizer_descends(optimizer: AbstractOptimizer, key: PRNGKeyArray) -> None:
    """With its default options, it decreases a quadratic of curvature one.

    Arguments:
        optimizer: the optimizer.
        key: the random key for the start.
    """
    with jax.enable_x64(True):
        law = f"{STEPS} updates, added to the parameters, lower a quadratic"
        with claimed(optimizer, law, "See the error itself."):
            params, values = _descend(cast(optimizer, 64), cast(_start(key), 64))
        del params
        claim(
            bool(values[-1] < values[0]),
            optimizer,
            law,
            f"{float(values[0]):.8g} before and {float(values[-1]):.8g} after",
            "Updates are added: they point down the gradient. Is the default rate fit for "
            "curvatures of about one?",
        )


def check_optimizer_dtypes(optimizer: AbstractOptimizer, key: PRNGKeyArray) -> None:
    """Updates have the form of the parameters; the state keeps structure, shapes and dtypes.

    In float32 and in float64.

    Arguments:
        optimizer: the optimizer.
        key: the random key for the start.
    """
    remedy = "Make state and updates in the dtype of the parameters: jnp.zeros_like, astype."
    for bits, x64 in ((32, False), (32, True), (64, True)):
        with jax.enable_x64(x64):
            where = f"in float{bits}{', with float64 switched on' if x64 and bits == 32 else ''}"
            params, ready = cast(_start(key), bits), cast(optimizer, bits)
            with claimed(optimizer, f"init and update can be traced, {where}", remedy):
                state = eqx.filter_eval_shape(ready.init, params)
                _, updates, after = eqx.filter_eval_shape(_update, ready, state, params)
            found = difference(shapes(params), shapes(updates))
            law = f"updates have the structure, shapes and dtypes of the parameters, {where}"
            claim(found is None, optimizer, law, found, remedy)
            found = difference(shapes(state), shapes(after))
            law = f"an update keeps structure, shapes and dtypes of the state, {where}"
            claim(found is None, optimizer, law, found, remedy)


def check_optimizer_hyperparameters(optimizer: AbstractOptimizer, key: PRNGKeyArray) -> None:
    """A descent vmapped over all float hyperparameters equals the descents with each value.

    Arguments:
        optimizer: the optimizer.
        key: the random key for the start.
    """
    with jax.enable_x64(True):
        optimizer, params = as_arrays(cast(optimizer, 64)), cast(_start(key), 64)
        if not jax.tree.leaves(eqx.filter(optimizer, eqx.is_inexact_array)):
            return
        law = "its float hyperparameters can be vmapped over"
        remedy = "What an `if` asks for, or what is to stay a Python number, is made static."
        members = [optimizer, scale_floats(optimizer)]
        with claimed(optimizer, law, remedy):
            alone = [_descend(member, params) for member in members]
            together = _descend_with_each(stack_floats(members), params)
        expected = jax.tree.map(lambda *leaves: jnp.stack(leaves), *alone)
        found = difference(together, expected, tolerance=ROUNDING)
        law = "vmapped over its float hyperparameters, it does as with each value alone"
        claim(found is None, optimizer, law, found, remedy)


def check_optimizer_traces_once(optimizer: AbstractOptimizer, key: PRNGKeyArray) -> None:
    """Changing float hyperparameters traces nothing again: they are array leaves.

    Arguments:
        optimizer: the optimizer.
        key: the random key for the start.
    """
    floats = [leaf for leaf in jax.tree.leaves(optimizer) if isinstance(leaf, float)]
    law = "float hyperparameters are array leaves, so that changing them compiles nothing"
    remedy = "Write learning_rate: Array = eqx.field(converter=jnp.asarray)."
    claim(not floats, optimizer, law, f"the Python numbers {floats}", remedy)
    with jax.enable_x64(True):
        optimizer, params = cast(optimizer, 64), cast(_start(key), 64)
        _descend(optimizer, params)
        before = traces.total()
        _descend(scale_floats(optimizer), params)
        claim(traces.total() == before, optimizer, law, "another tracing", remedy)


def _strong(leaf: Array) -> Array:
    if jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key):
        return leaf
    return jax.lax.convert_element_type(leaf, leaf.dtype)
