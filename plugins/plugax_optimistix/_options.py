"""The options of a method: those of optimistix that are plain data, read off its signature.

Functions of optimistix, such as a norm, are given by their names. Linear solvers, root finders and
searches are left at optimistix's defaults, and so is `verbose`: observers tell what happens.
"""

import inspect
import typing
from typing import Any, Literal

import optimistix as optx

# Optimistix demands these; with defaults every method can be tried by its name alone.
_DEFAULTS = {"rtol": 1e-8, "atol": 1e-8, "learning_rate": 0.1}
_NAMED = {
    "norm": Literal["max_norm", "rms_norm", "two_norm"],
    "method": Literal["polak_ribiere", "fletcher_reeves", "hestenes_stiefel", "dai_yuan"],
}
# What optimistix takes in its dictionary `options`, by the base class of the methods that do.
_RUN_OPTIONS = {
    optx.AbstractQuasiNewton: ("autodiff_mode", Literal["bwd", "fwd"], "bwd"),
    optx.AbstractGradientDescent: ("autodiff_mode", Literal["bwd", "fwd"], "bwd"),
    optx.AbstractGaussNewton: ("jac", Literal["fwd", "bwd"], "fwd"),
}
_LEFT_OUT = ("verbose", "linear_solver", "root_finder", "search")
_HELP = {
    "rtol": "optimistix's test is passed if a step changes all unknowns and the loss (the "
    "residuals) by less than this part; Newton's step may promise no more.",
    "atol": "added to the bound on the changes [the units of the unknowns and of the loss].",
    "norm": "of the changes, relative to their bounds.",
    "use_inverse": "keep the inverse of the Hessian rather than the Hessian.",
    "history_length": "number of steps that are remembered.",
    "method": "whose rule says how much of the last direction the next one keeps.",
    "learning_rate": "the step is this times the gradient.",
    "rdelta": "size of the first simplex, relative to the unknowns.",
    "adelta": "added to the size of the first simplex [the units of the unknowns].",
    "lambda_0": "the damping from which the root finder starts.",
    "autodiff_mode": "the gradient's direction of differentiation, backwards or forwards.",
    "jac": "the Jacobian's direction of differentiation, forwards or backwards.",
}
_CONVERGED = """\
One step is one step of optimistix.

Converged means: optimistix's own test is passed, that is, the last accepted step changed every
unknown u by less than atol + rtol |u|, and the loss f (or every residual) by as little; and at that
point all eigenvalues of the Hessian H are positive, and Newton's step p = −H⁻¹∇f promises less than
rtol |f| or changes no unknown by more than √rtol |u|.
"""
_METRICS = """\
Metrics: loss, the problem's own metrics, and step_norm (‖Δ‖; 0 if the step was refused).

Source: Rader, Lyons and Kidger 2024, doi 10.48550/arXiv.2402.09983."""


def signature_of(method: type) -> inspect.Signature:
    """The options of a method, by keyword, with plain types and defaults.

    Arguments:
        method: a class of optimistix.
    """
    own = inspect.signature(method).parameters.values()
    plain = [_plain(parameter) for parameter in own if parameter.name not in _LEFT_OUT]
    for base, (name, kind, default) in _RUN_OPTIONS.items():
        if issubclass(method, base):
            keyword = inspect.Parameter.KEYWORD_ONLY
            plain.append(inspect.Parameter(name, keyword, default=default, annotation=kind))
    return inspect.Signature(plain)


def docstring_of(method: type) -> str:
    """The first sentence of optimistix's docstring, what is converged, and every option's help.

    Arguments:
        method: a class of optimistix.
    """
    summary = (inspect.getdoc(method) or "").partition("\n\n")[0].partition(". ")[0]
    arguments = [f"    {name}: {_HELP[name]}" for name in signature_of(method).parameters]
    sentence = " ".join(summary.split()).rstrip(".") + "."
    return "\n".join([sentence, "", _CONVERGED, "Arguments:", *arguments, "", _METRICS])


def as_optimistix(options: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """What optimistix's class takes, functions in place of their names; and its `options`."""
    run = {name: options[name] for name in ("autodiff_mode", "jac") if name in options}
    own = {
        name: getattr(optx, value) if name in _NAMED else value
        for name, value in options.items()
        if name not in run
    }
    return own, run


def check_choices(method: type, options: dict[str, Any]) -> None:
    """Raise `ValueError` for a name that is not offered."""
    for name, parameter in signature_of(method).parameters.items():
        offered = typing.get_args(parameter.annotation)
        if offered and options[name] not in offered:
            raise ValueError(f"{name} is one of {', '.join(offered)}; got {options[name]!r}.")


def _plain(parameter: inspect.Parameter) -> inspect.Parameter:
    name = parameter.name
    default = _DEFAULTS.get(name, parameter.default)
    kind = type(default)
    if name in _NAMED:
        kind, default = _NAMED[name], parameter.default.__name__
    return parameter.replace(kind=parameter.KEYWORD_ONLY, default=default, annotation=kind)
