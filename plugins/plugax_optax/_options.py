"""The options of an optimizer: optax's own, read off its signature, and the common ones.

Optax's annotations are arrays, schedules, masks and dtypes. Here each option has a plain type, so
that it can be given on a command line and in a file: floats (they become array leaves), booleans,
integers, and names.
"""

import inspect
import typing
from collections.abc import Callable
from typing import Any, Literal, NamedTuple

from ._docstring import arguments_of, summary_of
from ._schedule import ScheduleName


class _Plain(NamedTuple):
    """An option with a plain type in place of one of optax's."""

    type: Any
    default: Any
    help: str


_MASK = _Plain(
    Literal["all", "weights", "matrices"] | Callable,
    "all",
    "which arrays it applies to: all; weights (two axes and more, without biases and "
    "normalisations; all if there are none); or matrices (two axes and more); from Python also a "
    "function of the parameters that gives a tree of booleans.",
)
# Optax's default is all arrays, for these too.
_WEIGHTS_ONLY = ("adamw", "nadamw", "adamaxw")
_DTYPE = _Plain(str | None, None, "dtype it is kept in, such as bfloat16; that of the parameters.")
_REPLACED = {
    "mask": _MASK,
    "weight_decay_mask": _MASK,
    "trust_ratio_mask": _MASK,
    "mu_dtype": _DTYPE._replace(help=f"of the first moment: {_DTYPE.help}"),
    "accumulator_dtype": _DTYPE._replace(help=f"of the momentum: {_DTYPE.help}"),
    "dtype_momentum": _DTYPE._replace(help=f"of the momentum: {_DTYPE.help}"),
    "linesearch": _Plain(
        Literal["zoom", "backtracking", "none"],
        "zoom",
        "how the step size is searched: zoom (strong Wolfe conditions), backtracking (sufficient "
        "decrease), or not at all.",
    ),
    "variant": _Plain(
        Literal["sps", "sps+"], "sps", "sps+ takes a gap below zero, a loss under f_min, for zero."
    ),
    "key": _Plain(
        int,
        0,
        "seed of the noise if the caller of update gives no key; the solver gradient gives one.",
    ),
}
_ADDED = {
    "lbfgs": {"max_linesearch_steps": _Plain(int, 20, "evaluations of the loss per step, at most.")}
}
# Deprecated in optax for `key`.
LEFT_OUT = ("seed",)

# Optax demands a rate; with a default every optimizer can be tried by its name alone. The rate of
# optax's adadelta may be None, and then it climbs, since its sign comes with the rate.
_RATE = 1e-3
_RATES = {"adadelta": 1.0}


def common(
    *,
    schedule: ScheduleName = "constant",
    warmup_steps: int = 0,
    decay_steps: int | None = None,
    final_fraction: float = 0.0,
    power: float = 2.0,
    cycle_steps: int | None = None,
    cycle_factor: int = 1,
    initial_fraction: float = 1e-6,
    clip_value: float | None = None,
    clip_norm: float | None = None,
    accumulate: int = 1,
) -> None:
    """The options that every optimizer has besides its own.

    Arguments:
        schedule: the change of the learning rate from step to step.
        warmup_steps: steps in which the learning rate rises to its full value.
        decay_steps: the step at which the schedule arrives at its end, warm-up included; without
            one, the end of the run.
        final_fraction: the learning rate at the end of the schedule, as a fraction of the full one.
        power: exponent of the polynomial schedule.
        cycle_steps: length of the first cycle of the schedule with restarts.
        cycle_factor: how many times as long as the one before every further cycle is.
        initial_fraction: the learning rate with which range-test begins, as a fraction of the full
            one, at which it ends.
        clip_value: bound on the absolute value of every component of the gradient.
        clip_norm: bound on the norm of the whole gradient, applied after clip_value.
        accumulate: number of gradients that are averaged for one update.
    """


COMMON = inspect.signature(common).parameters


def name_of(function: Callable) -> str:
    """The name of an alias of optax; `nadam` and `nadamw` are partial functions without one."""
    partial_of = getattr(function, "func", None)
    return f"n{partial_of.__name__}" if partial_of else function.__name__


def signature_of(function: Callable) -> inspect.Signature:
    """The signature of an optimizer as Plugax offers it: optax's options, then the common ones."""
    own = {
        parameter.name: _type_and_default(name_of(function), parameter)
        for parameter in inspect.signature(function).parameters.values()
        if parameter.name not in LEFT_OUT
    }
    own |= {name: option[:2] for name, option in _extra_options(function).items()}
    kind = inspect.Parameter.KEYWORD_ONLY
    parameters = [
        inspect.Parameter(name, kind, default=default, annotation=annotation)
        for name, (annotation, default) in own.items()
    ]
    return inspect.Signature([*parameters, *COMMON.values()])


def docstring_of(function: Callable) -> str:
    """The first sentence of optax's docstring, and the help of every option."""
    help_of = arguments_of(function)
    help_of |= {
        name: option.help for name, option in (_REPLACED | _extra_options(function)).items()
    }
    shared = (inspect.getdoc(common) or "").partition("Arguments:\n")[2]
    own = [name for name in signature_of(function).parameters if name not in COMMON]
    lines = [f"    {name}: {help_of[name]}" for name in own if name in help_of]
    return "\n".join([summary_of(function), "", "Arguments:", *lines, shared])


def _extra_options(function: Callable) -> dict[str, _Plain]:
    return _ADDED.get(name_of(function), {})


def _type_and_default(optimizer: str, parameter: inspect.Parameter) -> tuple[Any, Any]:
    """The plain type and the default of one of optax's parameters."""
    name, default = parameter.name, parameter.default
    if name == "mask" and optimizer in _WEIGHTS_ONLY:
        return _MASK.type, "weights"
    if name in _REPLACED:
        return _REPLACED[name][:2]
    if name == "learning_rate" and optimizer in _RATES:
        return float, _RATES[optimizer]
    if default is inspect.Parameter.empty:
        return float, _RATE
    if isinstance(default, bool | int | str):
        return type(default), default
    if default is None or type(None) in typing.get_args(parameter.annotation):
        return float | None, default
    return float, default
