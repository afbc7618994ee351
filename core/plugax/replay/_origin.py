"""Where a number that is not finite comes from: a program computed operation by operation.

A jaxpr is evaluated equation by equation, and all values are kept. Then the way is gone backwards
from the result: from an equation whose result is not finite to an input of it that is not, until an
equation is reached all of whose inputs are finite. That is the origin. An infinity that is harmless
(a mask of −∞, the branch that `where` does not take) is on no such way, and is not told of.
Functions inside (`jit`, `custom_jvp`, `checkpoint`) are gone through, branches and loops are too
(`_loops.py`).

JAX's `checkify` has another purpose. Its `float_checks` raise at the first NaN that any operation
makes, harmless or not, know of infinity only after a division, and tell neither the values that led
to it nor the result that it spoils.
"""

import dataclasses
from collections.abc import Sequence
from typing import Any

import jax.numpy as jnp
from jax.extend import core

from ._operation import Operation, Place, is_backward, operation_of, place_of


@dataclasses.dataclass(frozen=True)
class Came:
    """Where a number that is not finite comes from.

    Attributes:
        operation: the operation whose inputs are all finite; None if there is none.
        given: the number of the input of the program that was not finite; None if none was.
        became: the operation in which infinities, that came from there, became NaN.
    """

    operation: Operation | None = None
    given: int | None = None
    became: Operation | None = None

    def backward(self) -> "Came":
        """The same, of a program that is inside of a derivative."""
        found = self.operation, self.became
        marked = (one and dataclasses.replace(one, backward=True) for one in found)
        return Came(next(marked), self.given, next(marked))


def origin(
    jaxpr: Any,
    constants: Sequence[Any],
    inputs: Sequence[Any],
    output: int,
    around: Place = None,
) -> Came:
    """Where an output of a program comes from that is not finite.

    Arguments:
        jaxpr: the program.
        constants: the values of its constants.
        inputs: those of its inputs.
        output: the number of the output.
        around: the line of the equation that the program is inside of, if it is.

    Returns:
        where it comes from; nothing at all if the output is finite when each operation is computed
        alone, or if a constant of the program is not finite.
    """
    values = dict(zip((*jaxpr.constvars, *jaxpr.invars), (*constants, *inputs), strict=True))
    makers = {}
    for equation in jaxpr.eqns:
        found = _bind(equation, [_read(values, atom) for atom in equation.invars])
        values |= zip(equation.outvars, found, strict=True)
        makers |= {var: (equation, place) for place, var in enumerate(equation.outvars)}

    became, atom = None, jaxpr.outvars[output]
    if is_finite(_read(values, atom)):
        return Came()
    while not isinstance(atom, core.Literal):
        if atom not in makers:
            places = [place for place, var in enumerate(jaxpr.invars) if var is atom]
            return Came(given=places[0] if places else None, became=became)
        equation, place = makers[atom]
        given = [_read(values, one) for one in equation.invars]
        line = place_of(equation, around, jaxpr)
        came = _inside(equation, given, place, line)
        if is_backward(equation):
            came = came.backward()
        became = became or came.became
        if came.operation is not None:
            return Came(came.operation, became=became)
        if came.given is not None:
            atom = equation.invars[came.given]
            continue
        told = operation_of(equation, given, [values[var] for var in equation.outvars], line)
        bad = [
            one for one, value in zip(equation.invars, given, strict=True) if not is_finite(value)
        ]
        if not bad:
            return Came(told, became=became)
        nans = [one for one in bad if _has_nan(_read(values, one))]
        if not nans and _has_nan(_read(values, atom)):
            became = became or told
        atom = [*nans, *bad][0]
    return Came(became=became)


def is_finite(value: Any) -> bool:
    """Whether all numbers of an array are finite; what holds no such numbers is."""
    inexact = jnp.issubdtype(jnp.result_type(value), jnp.inexact)
    return not inexact or bool(jnp.all(jnp.isfinite(value)))


def _has_nan(value: Any) -> bool:
    return bool(jnp.any(jnp.isnan(value)))


def _read(values: dict, atom: Any) -> Any:
    return atom.val if isinstance(atom, core.Literal) else values[atom]


def _bind(equation: Any, given: list[Any]) -> list[Any]:
    """The results of an equation."""
    params = equation.primitive.get_bind_params(equation.params)
    found = equation.primitive.bind(*given, **params)
    return list(found) if equation.primitive.multiple_results else [found]


def _inside(equation: Any, given: list[Any], output: int, around: Place) -> Came:
    """Where an output of an equation comes from, if that has a program inside."""
    from ._loops import LOOPS

    if equation.primitive.name in LOOPS:
        return LOOPS[equation.primitive.name](equation, given, output, around)
    for name in ("jaxpr", "call_jaxpr", "fun_jaxpr"):
        inner = equation.params.get(name)
        jaxpr, constants = getattr(inner, "jaxpr", inner), getattr(inner, "consts", ())
        if hasattr(jaxpr, "eqns") and len(jaxpr.invars) == len(given):
            return origin(jaxpr, constants, given, output, around)
    return Came()
