"""From plain options to optax: the chain clip → alias → schedule, with optional accumulation."""

import inspect
import typing
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import optax
from jaxtyping import PyTree

from ._mask import mask_of
from ._options import COMMON
from ._schedule import SCHEDULE_OPTIONS, Schedule

# These use the loss of one batch, to which an average of several gradients does not belong.
_READ_THE_LOSS = (optax.lbfgs, optax.polyak_sgd)


def make(
    function: Callable[..., optax.GradientTransformation], options: dict[str, Any], dtype: Any
) -> optax.GradientTransformationExtraArgs:
    """The transformation that the options describe.

    Arguments:
        function: an alias of optax.
        options: its own options and the common ones; floats as arrays of one dtype.
        dtype: that in which gradients are accumulated.

    Errors: `ValueError` for options that do not fit each other.
    """
    own = {name: value for name, value in options.items() if name not in COMMON}
    schedule = _schedule(options)
    parts: list[Any] = []
    if options["clip_value"] is not None:
        parts.append(optax.clip(options["clip_value"]))
    if options["clip_norm"] is not None:
        parts.append(optax.clip_by_global_norm(options["clip_norm"]))
    if schedule is None:
        parts.append(_alias(function, own))
    elif takes_schedule(function):
        rate = own["learning_rate"]
        if rate is None:
            raise ValueError("A schedule or a warm-up needs a learning_rate; got None.")
        own["learning_rate"] = lambda step: rate * schedule(step)
        parts.append(_alias(function, own))
    else:
        scaled: Any = schedule  # optax calls it with an array, its types allow for more
        parts += [_alias(function, own), optax.scale_by_schedule(scaled)]
    chain = optax.chain(*parts) if len(parts) > 1 else optax.with_extra_args_support(parts[0])
    return _accumulate(function, chain, options["accumulate"], dtype)


def takes_schedule(function: Callable) -> bool:
    """Whether optax accepts a function of the step as learning rate; else updates are scaled."""
    parameter = inspect.signature(function).parameters.get("learning_rate")
    if parameter is None:
        return False
    return any(
        typing.get_origin(kind) is typing.get_origin(Callable[[], None])
        for kind in typing.get_args(parameter.annotation)
    )


def _schedule(options: dict[str, Any]) -> Schedule | None:
    """The schedule; None if it is always one, so that no steps need counting."""
    schedule = Schedule(options["schedule"], *(options[name] for name in SCHEDULE_OPTIONS))
    return None if schedule.name == "constant" and not schedule.warmup_steps else schedule


def _alias(function: Callable, own: dict[str, Any]) -> Any:
    """The alias, called with options in optax's form."""
    arguments = dict(own)
    for name in own:
        if "mask" in name:
            mask = mask_of(arguments.pop(name))
            arguments |= {} if mask is None else {name: mask}
    if function is optax.lbfgs:
        steps = arguments.pop("max_linesearch_steps")
        arguments["linesearch"] = _line_search(arguments["linesearch"], steps)
    made = function(**arguments)
    return _at_least_vectors(made) if function is optax.sm3 else made


def _line_search(name: str, steps: int) -> optax.GradientTransformationExtraArgs | None:
    if name == "zoom":
        return optax.scale_by_zoom_linesearch(steps, initial_guess_strategy="one")
    if name == "backtracking":
        # Optax's factor of 0.8 reaches only a hundredth in 20 evaluations, and then is stuck.
        return optax.scale_by_backtracking_linesearch(steps, decrease_factor=0.5)
    return None


def _at_least_vectors(inner: optax.GradientTransformation) -> optax.GradientTransformation:
    """Let a transformation see scalars as vectors of one element: optax's sm3 fails at scalars."""
    widen = lambda tree: jax.tree.map(jnp.atleast_1d, tree)  # noqa: E731

    def update(updates: PyTree, state: PyTree, params: PyTree = None) -> tuple[PyTree, PyTree]:
        wide, state = inner.update(widen(updates), state, widen(params))
        return jax.tree.map(lambda new, old: new.reshape(old.shape), wide, updates), state

    return optax.GradientTransformation(lambda params: inner.init(widen(params)), update)


def _accumulate(
    function: Callable, chain: optax.GradientTransformationExtraArgs, accumulate: int, dtype: Any
) -> optax.GradientTransformationExtraArgs:
    """An update at every `accumulate`-th call, from the mean of as many gradients; else zero."""
    if accumulate < 1:
        raise ValueError(f"accumulate must be at least 1; got {accumulate}.")
    if accumulate == 1:
        return chain
    if function in _READ_THE_LOSS:
        raise ValueError(
            f"{function.__name__} reads the loss of one batch, so gradients of several cannot be "
            "accumulated for it; use larger batches instead."
        )
    steps: Any = optax.MultiSteps(chain, accumulate, accumulator_dtype=dtype)
    return optax.GradientTransformationExtraArgs(steps.init, steps.update)
