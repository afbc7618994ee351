"""The options of an optimizer: optax's own, read off its signature and docstring, and the common ones.

Optax's annotations name arrays, schedules, masks and dtypes. Here each option has a plain type, so
that it can be given on a command line and in a file: floats (they become array leaves), booleans,
integers, and names.
"""

import inspect
import re
import typing
from collections.abc import Callable
from typing import Any, Literal

from ._schedule import ScheduleName

# What optax asks for and Plugax gives: a rate, so that every optimizer can be tried by its name
# alone. Without one optax's adadelta even climbs (its sign comes with the rate).
LEARNING_RATE = 1e-3
_RATES = {"adadelta": 1.0}

_MASKS = ("mask", "weight_decay_mask", "trust_ratio_mask")
_MASK_HELP = (
    "which arrays it applies to: all, or only matrices (two axes and more: weights, not biases); "
    "from Python also a function of the parameters that gives a tree of booleans."
)
# Options that have no plain type in optax: ours instead, with their help.
_REPLACED: dict[str, tuple[Any, Any, str]] = {
    **{name: (Literal["all", "matrices"], "all", _MASK_HELP) for name in _MASKS},
    "linesearch": (
        Literal["zoom", "backtracking", "none"],
        "zoom",
        "how the step size is searched: zoom (strong Wolfe conditions), backtracking (sufficient "
        "decrease), or not at all.",
    ),
    "key": (
        int,
        0,
        "seed of the noise where the caller of update gives no key; the solver gradient gives one.",
    ),
}
_ADDED: dict[str, dict[str, tuple[Any, Any, str]]] = {
    "lbfgs": {"max_linesearch_steps": (int, 20, "evaluations of the loss per step, at most.")}
}
# `seed` is deprecated in optax for `key`.
LEFT_OUT = ("seed",)


def common(
    *,
    schedule: ScheduleName = "constant",
    warmup_steps: int = 0,
    decay_steps: int | None = None,
    final_fraction: float = 0.0,
    power: float = 2.0,
    clip_value: float | None = None,
    clip_norm: float | None = None,
    accumulate: int = 1,
) -> None:
    """The options that every optimizer has besides its own.

    Arguments:
        schedule: how the learning rate changes from step to step.
        warmup_steps: steps in which the learning rate rises to its full value [steps].
        decay_steps: the step at which the schedule arrives at its end, warm-up included [steps].
        final_fraction: the learning rate at the end of the schedule, as a fraction of the full one.
        power: exponent of the polynomial schedule.
        clip_value: bound on the absolute value of every component of the gradient.
        clip_norm: bound on the norm of the whole gradient, applied after clip_value.
        accumulate: gradients that are averaged before one update is made of them.
    """


COMMON = inspect.signature(common).parameters


def name_of(function: Callable) -> str:
    """The name of an alias of optax; `nadam` and `nadamw` are partial functions without one."""
    partial_of = getattr(function, "func", None)
    return f"n{partial_of.__name__}" if partial_of else function.__name__


def signature_of(function: Callable) -> inspect.Signature:
    """The signature of an optimizer as Plugax offers it: optax's options, then the common ones."""
    name = name_of(function)
    own = []
    for parameter in inspect.signature(function).parameters.values():
        if parameter.name in LEFT_OUT:
            continue
        annotation, default = _plain(name, parameter)
        own.append(_keyword(parameter.name, annotation, default))
    added = [_keyword(key, kind, default) for key, (kind, default, _) in _added(name).items()]
    return inspect.Signature([*own, *added, *COMMON.values()])


def docstring_of(function: Callable) -> str:
    """The first sentence of optax's docstring, and the help of every option."""
    described = inspect.getdoc(function) or ""
    help_of = _args_section(described)
    help_of |= {key: text for key, (_, _, text) in _REPLACED.items()}
    help_of |= {key: text for key, (_, _, text) in _added(name_of(function)).items()}
    shared = (inspect.getdoc(common) or "").partition("Arguments:\n")[2]
    own = [name for name in signature_of(function).parameters if name not in COMMON]
    lines = [f"    {name}: {help_of[name]}" for name in own if name in help_of]
    return "\n".join([described.partition("\n")[0], "", "Arguments:", *lines, shared])


def _keyword(name: str, annotation: Any, default: Any) -> inspect.Parameter:
    kind = inspect.Parameter.KEYWORD_ONLY
    return inspect.Parameter(name, kind, default=default, annotation=annotation)


def _added(name: str) -> dict[str, tuple[Any, Any, str]]:
    return _ADDED.get(name, {})


def _plain(optimizer: str, parameter: inspect.Parameter) -> tuple[Any, Any]:
    """The plain type and the default of one of optax's parameters."""
    name, default = parameter.name, parameter.default
    if name in _REPLACED:
        return _REPLACED[name][:2]
    if "dtype" in name:
        return str | None, None
    if name == "learning_rate" and optimizer in _RATES:
        return float, _RATES[optimizer]
    if default is inspect.Parameter.empty:
        return float, LEARNING_RATE
    if isinstance(default, bool | int | str):
        return type(default), default
    if default is None or type(None) in typing.get_args(parameter.annotation):
        return float | None, default
    return float, default


def _args_section(docstring: str) -> dict[str, str]:
    """The `name: text` entries under `Args:`, each on one line and free of markup."""
    section = re.search(r"^Args:\n((?:[ \t]+.*\n|\n)*)", docstring + "\n", re.MULTILINE)
    entries = re.findall(
        r"^ {2}(\w+): *((?:.*\n)(?: {4,}.*\n|\n)*)", section.group(1) if section else "", re.MULTILINE
    )
    return {name: _unmarked(" ".join(text.split())) for name, text in entries}


def _unmarked(text: str) -> str:
    """Text without Sphinx's roles and quotes."""
    text = re.sub(r":\w+:`([^`]*)`", r"\1", text)
    return text.replace("`", "").replace("**(", "^(")
