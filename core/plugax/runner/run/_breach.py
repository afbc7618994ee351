"""How a component breaks its interface, found when a run fails and told in one sentence.

A loss that returns a vector fails deep inside a solver, or in JAX, with a message that names
neither the problem nor what is wrong. So if a run fails, and only then, each method is called once
on shapes, in the order in which the methods depend on each other. The first whose signature or
result is not what the interface says is the cause. An exception that a method raises by itself is
passed on unchanged.
"""

import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr

from ..._memory import first_line, lacks_memory
from ...data import AbstractData
from ...errors import OutOfMemoryError, PlugaxError, UnsuitableProblemError
from ...plugins import origin_of
from ...problems import AbstractProblem
from ...solvers import AbstractSolver

PAIRS = {
    "residuals": "a pair: the residuals, a pytree of arrays, and a dictionary of arrays",
    "log_density": "a pair: a scalar array of floats, and a dictionary of arrays",
    "loss": "a pair: a scalar array of floats, and a dictionary of arrays",
}


@contextmanager
def explain_breach(problem: AbstractProblem, solver: AbstractSolver) -> Iterator[None]:
    """Raise a `PlugaxError` that names the cause if a run fails because of a broken interface."""
    try:
        yield
    except (UnsuitableProblemError, OutOfMemoryError):
        raise  # their messages say what is needed
    except Exception as error:
        if lacks_memory(error):
            names = f"{type(solver).__name__} on {type(problem).__name__}"
            raise OutOfMemoryError(
                f"{names} needs more memory than there is: {first_line(error)}. Choose a smaller "
                "size, or a solver that keeps less."
            ) from error
        breach = find_breach(problem, solver)
        if breach is None:
            raise
        raise PlugaxError(breach) from error


def find_breach(problem: AbstractProblem, solver: AbstractSolver | None = None) -> str | None:
    """The first breach of an interface, as a sentence or two; None if none is found."""
    try:
        _check_problem(problem)
        if solver is not None:
            _check_solver(solver, problem)
    except _Breach as breach:
        return str(breach)
    # A method raised an exception of its own, which the run has raised too.
    except Exception:
        return None
    return None


class _Breach(Exception):
    """A method does not follow its interface."""


def _check_problem(problem: AbstractProblem) -> None:
    key = jr.key(0)
    unknowns = _shapes(problem, "init", "key")(key)
    data = problem.data
    if not isinstance(data, AbstractData):
        raise _Breach(f"{_name(problem)}.data must be an AbstractData; got {_came(data)}.")
    batch = eqx.filter_eval_shape(data.first, key)
    for method, law in PAIRS.items():
        if not hasattr(problem, method):
            continue
        came = _shapes(problem, method, "unknowns", "batch", "key")(unknowns, batch, key)
        if not isinstance(came, tuple) or len(came) != 2:
            raise _broken(problem, method, law, came, "Without metrics, return (…, {}).")
        value, metrics = came
        if method != "residuals" and not _is_scalar(value):
            raise _broken(problem, method, law, came, "Sum or average over all elements.")
        if not _is_dictionary(metrics):
            raise _broken(problem, method, law, came, "Without metrics, return (…, {}).")
    came = _shapes(problem, "evaluate", "unknowns")(unknowns)
    if not isinstance(came, dict):
        raise _broken(problem, "evaluate", "a dictionary of figures", came, "Or leave it out.")
    _shapes(problem, "summary", "series")
    _shapes(problem, "figures", "solution")
    _shapes(problem, "tables", "solution")


def _check_solver(solver: AbstractSolver, problem: AbstractProblem) -> None:
    key = jr.key(0)
    unknowns = eqx.filter_eval_shape(problem.init, key)
    batch = eqx.filter_eval_shape(solver.data(problem).first, key)
    _shapes(solver, "prepare", "problem", "steps")
    prepared = solver.prepare(problem, 1)
    if not isinstance(prepared, tuple):
        law = "a tuple: the further arguments of init and step"
        raise _broken(solver, "prepare", law, prepared, "For a single one, return (value,).")
    names = [f"prepared[{place}]" for place in range(len(prepared))]
    init = _shapes(solver, "init", "problem", "unknowns", "key", *names)
    state = init(problem, unknowns, key, *prepared)
    step = _shapes(solver, "step", "problem", "state", "batch", "key", *names)
    came = step(problem, state, batch, key, *prepared)
    if not isinstance(came, tuple) or len(came) != 2:
        law = "a pair: the state, and a dictionary of metrics"
        raise _broken(solver, "step", law, came, 'Return state, {"loss": loss}.')
    _shapes(solver, "converged", "problem", "state")
    _shapes(solver, "unknowns", "problem", "state")


def _shapes(component: Any, method: str, *arguments: str) -> Callable[..., Any]:
    """A method as a function from shapes to shapes, after a check of its signature."""
    function = getattr(component, method)
    signature = inspect.signature(function)
    try:
        signature.bind(*arguments)
    except TypeError:
        raise _Breach(
            f"{_name(component)}.{method} must take ({', '.join(arguments)}) besides self; it "
            f"takes {signature}."
        ) from None
    return lambda *shapes: eqx.filter_eval_shape(function, *shapes)


def _is_scalar(value: Any) -> bool:
    is_array = isinstance(value, jax.ShapeDtypeStruct)
    return is_array and value.shape == () and jnp.issubdtype(value.dtype, jnp.floating)


def _is_dictionary(metrics: Any) -> bool:
    return isinstance(metrics, dict) and all(
        isinstance(name, str) and isinstance(value, jax.ShapeDtypeStruct | bool | int | float)
        for name, value in metrics.items()
    )


def _broken(component: Any, method: str, law: str, came: Any, remedy: str) -> _Breach:
    return _Breach(
        f"{_name(component)}.{method} must return {law}; it returned {_came(came)}. {remedy}"
    )


def _name(component: Any) -> str:
    """The class and its module, and the name it is registered under."""
    kind, origin = type(component), origin_of(component)
    registered = f" ({origin['name']!r})" if origin else ""
    return f"{kind.__module__}:{kind.__qualname__}{registered}"


def _came(value: Any) -> str:
    """A result in a few words, arrays by dtype and shape."""
    text = eqx.tree_pformat(value, width=10_000, struct_as_array=True)
    return text if len(text) < 120 else f"{text[:117]}…"
