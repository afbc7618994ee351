"""An alias of optax as a module: floats are array leaves, all other options are static.

Optax takes its hyperparameters when a transformation is made. So the transformation is made again
from the leaves wherever it is used, which costs nothing, since it happens while tracing.

Optax counts steps in integers and multiplies them with floats, and makes some arrays in the default
precision, so it cannot be traced under strict dtype promotion. Here it is always traced under
standard promotion, and every result is converted to its proper dtype; the loss that a line search
evaluates is traced under the caller's own rules.
"""

import functools
from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import optax
from jaxtyping import Array, Float, Int, PyTree

from plugax import AbstractOptimizer

from ._options import signature_of
from ._transformation import make


class Optax(AbstractOptimizer):
    """One of optax's optimizers, its options readable as attributes: `optimizer.learning_rate`.

    Law: `init` and `update` are those of optax's transformation of the same name and options.
    Updates have the dtypes of the parameters, and the dtypes of the state do not change.

    Arguments:
        alias: optax's function.
        options: its own options and the common ones.

    Attributes:
        hyperparameters: the float options, as array leaves that can be vmapped and changed.
        settings: all other options, and those that are None; the structure depends on them.

    Errors: `TypeError` and `ValueError` for options that do not exist or values that do not fit.
    """

    alias: Callable[..., Any] = eqx.field(static=True)
    hyperparameters: dict[str, Float[Array, "..."]]
    settings: tuple[tuple[str, Any], ...] = eqx.field(static=True)

    def __init__(self, alias: Callable[..., Any], **options: Any):
        signature = signature_of(alias)
        bound = signature.bind(**options)
        bound.apply_defaults()
        _check_end(bound.arguments)
        self.alias = alias
        self.hyperparameters = {}
        settings = {}
        for name, value in bound.arguments.items():
            kind = signature.parameters[name].annotation
            if kind in (float, float | None) and value is not None:
                self.hyperparameters[name] = _leaf(value)
            else:
                settings[name] = value
        self.settings = tuple(settings.items())
        self._transformation(float)  # so that options that do not fit are refused here

    def __getattr__(self, name: str) -> Any:
        """An option by its name."""
        # Through __dict__, since a module has no fields yet while it is being made.
        options = dict(self.__dict__.get("settings", ())) | self.__dict__.get("hyperparameters", {})
        if name in options:
            return options[name]
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    @property
    def needs_steps(self) -> bool:
        """Whether a schedule ends at the last step, since no other end is given."""
        options = dict(self.settings)
        endless = options["schedule"] in ("constant", "restarts")
        return not endless and options["decay_steps"] is None

    def init(self, params: PyTree) -> PyTree:
        """Optax's state for parameters of this shape."""
        with jax.numpy_dtype_promotion("standard"):
            state = self._transformation(_precision(params)).init(params)
        return _cast_like(state, state)

    def update(
        self, grads: PyTree, state: PyTree, params: PyTree, **extra: Any
    ) -> tuple[PyTree, PyTree]:
        """Optax's updates and next state.

        A `key` in `extra` is the key of this step's noise, and `steps` the length of the run, at
        which a schedule without `decay_steps` ends.
        """
        steps = extra.pop("steps", None)
        if "value_fn" in extra:
            extra["value_fn"] = _as_called_here(extra["value_fn"], params)
        key = extra.pop("key", None)
        draws = key is not None and "key" in dict(self.settings)
        before = optax.tree.set(state, rng_key=key) if draws else state
        with jax.numpy_dtype_promotion("standard"):
            dtype = _precision(params)
            wide = functools.partial(_cast, dtype=dtype)
            updates, after = self._transformation(dtype, steps).update(
                wide(grads), wide(before), wide(params), **wide(extra)
            )
        if draws:  # the state keeps its own key: with keys from outside, nothing else may move it
            after = optax.tree.set(after, rng_key=optax.tree.get(state, "rng_key"))
        return _cast_like(updates, params), _cast_like(after, state)

    def _transformation(
        self, dtype: Any, steps: Int[Array, ""] | None = None
    ) -> optax.GradientTransformationExtraArgs:
        """Optax's transformation, hyperparameters in `dtype`, for a run of so many steps."""
        options = dict(self.settings) | _cast(self.hyperparameters, dtype)
        if steps is not None and self.needs_steps:
            updates = -(-steps // options["accumulate"])
            options["decay_steps"] = jnp.maximum(updates, options["warmup_steps"] + 1)
        return make(self.alias, options, dtype)


def _leaf(value: Any) -> Float[Array, "..."]:
    """A number as an array; arrays keep their precision."""
    kept = value.dtype if eqx.is_inexact_array(value) else jnp.result_type(float)
    return jnp.asarray(value, kept)


def _check_end(options: dict[str, Any]) -> None:
    """Raise for an exponential fall to zero, while the end is still a plain number."""
    end = options["final_fraction"]
    if options["schedule"] == "exponential" and isinstance(end, float | int) and end <= 0:
        raise ValueError(
            "The schedule 'exponential' needs a final_fraction above zero, such as 0.01; got "
            f"{end}."
        )


def _precision(params: PyTree) -> Any:
    """The dtype to compute in: the parameters' widest, but at least single precision.

    In half precision 0.999, the usual decay of second moments, would be one.
    """
    return jnp.result_type("float32", *jax.tree.leaves(params))


def _cast(tree: PyTree, dtype: Any) -> PyTree:
    """The tree with all its floating-point arrays in one dtype."""
    return jax.tree.map(
        lambda leaf: leaf.astype(dtype) if eqx.is_inexact_array(leaf) else leaf, tree
    )


def _cast_like(tree: PyTree, like: PyTree) -> PyTree:
    """The tree with every array in the dtype of its counterpart, strongly typed."""

    def cast(leaf: Any, like: Any) -> Any:
        is_key = jnp.issubdtype(like.dtype, jax.dtypes.prng_key)
        return leaf if is_key else jnp.asarray(leaf).astype(like.dtype)

    return jax.tree.map(cast, tree, like)


def _as_called_here(function: Callable, params: PyTree) -> Callable:
    """A function of the parameters, called with the caller's own dtypes and promotion rules.

    A line search calls it with parameters of another precision, under standard promotion.
    """
    strictness = jax.config.jax_numpy_dtype_promotion  # pyright: ignore[reportAttributeAccessIssue] - set by JAX at run time

    def call(moved: PyTree) -> Any:
        with jax.numpy_dtype_promotion(strictness):
            return function(_cast_like(moved, params))

    return call
