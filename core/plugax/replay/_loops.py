"""The origin of what is not finite inside of loops and branches.

A loop is gone through pass by pass, to find the first after which the number in question is not
finite; what happened in that pass is then looked at operation by operation.
"""

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import jax
import jax.numpy as jnp
from jax.extend import core

from ._operation import Place
from ._origin import Came, origin

Passes = Callable[[], Iterator[list[Any]]]
"""Gives the inputs of every pass of a loop in order; the first of them are constants."""


def _of_branch(equation: Any, given: list[Any], output: int, around: Place) -> Came:
    """Of `lax.cond` and `lax.switch`: in the branch that was taken."""
    index, *operands = given
    branches = equation.params["branches"]
    branch = branches[min(max(int(index), 0), len(branches) - 1)]
    came = origin(branch.jaxpr, branch.consts, operands, output, around)
    return came if came.given is None else dataclasses.replace(came, given=came.given + 1)


def _of_scan(equation: Any, given: list[Any], output: int, around: Place) -> Came:
    """Of `lax.scan`."""
    body, length = equation.params["jaxpr"], equation.params["length"]
    # How many there are of each, the parameters say differently in every version of JAX. What lies
    # along the axis of the passes has an axis more outside of the loop than inside.
    inside, outside = body.jaxpr.outvars, equation.outvars
    carried = sum(x.aval.ndim == y.aval.ndim for x, y in zip(inside, outside, strict=True))
    pairs = zip(body.jaxpr.invars, equation.invars, strict=True)
    carry_end = sum(x.aval.ndim == y.aval.ndim for x, y in pairs)
    constants = carry_end - carried
    run = _compiled(body)
    order = range(length - 1, -1, -1) if equation.params["reverse"] else range(length)

    def passes() -> Iterator[list[Any]]:
        carry = given[constants:carry_end]
        for number in order:
            inputs = [*given[:constants], *carry, *(xs[number] for xs in given[carry_end:])]
            yield inputs
            carry = run(*inputs)[:carried]

    numbers = list(range(len(given)))
    return _of_passes(body, passes, constants, carried, output, numbers, around, order)


def _of_while(equation: Any, given: list[Any], output: int, around: Place) -> Came:
    """Of `lax.while_loop`, and of `lax.fori_loop` with ends that are not known beforehand."""
    params = equation.params
    of_test, constants = params["cond_nconsts"], params["body_nconsts"]
    body, begin = params["body_jaxpr"], of_test + constants
    test, run = _compiled(params["cond_jaxpr"]), _compiled(body)

    def passes() -> Iterator[list[Any]]:
        carry = given[begin:]
        while bool(test(*given[:of_test], *carry)[0]):
            inputs = [*given[of_test:begin], *carry]
            yield inputs
            carry = run(*inputs)

    carried = len(given) - begin
    numbers = list(range(of_test, len(given)))
    return _of_passes(body, passes, constants, carried, output, numbers, around)


def _of_passes(
    body: Any,
    passes: Passes,
    constants: int,
    carried: int,
    output: int,
    numbers: list[int],
    around: Place,
    order: Sequence[int] | None = None,
) -> Came:
    """The origin of an output of a loop.

    Arguments:
        body: the program of a pass.
        passes: gives the inputs of every pass.
        constants: how many of these are constants; what is carried follows.
        carried: how many are carried from one pass to the next.
        output: the number of the output, that of the loop or of its last pass.
        numbers: the number of the loop's input behind each input of a pass.
        around: the line of the loop.
        order: the number of every pass, if they are not made in the order of their numbers.
    """
    good = _compiled(body, lambda found: jnp.stack([_all_finite(x) for x in found]))
    # For every output, the first pass after which it is not finite.
    first: dict[int, int] = {}
    for number, inputs in enumerate(passes()):
        for place, finite in enumerate(good(*inputs).tolist()):
            if not finite:
                first.setdefault(place, number)
    became = None
    while output in first:
        number = first[output]
        inputs = next(x for place, x in enumerate(passes()) if place == number)
        came = origin(body.jaxpr, body.consts, inputs, output, around)
        within = f"pass {number if order is None else order[number]}"
        became = became or (came.became and came.became.within(within))
        if came.operation is not None:
            return Came(came.operation.within(within), became=became)
        if came.given is None:
            return Came(became=became)
        before = came.given - constants
        if not 0 <= before < carried or not 0 <= first.get(before, number) < number:
            return Came(given=numbers[came.given], became=became)
        output = before
    # It is finite after every pass: no pass was made, or it is not finite in the whole alone.
    return Came()


def _compiled(body: Any, then: Callable[[list[Any]], Any] = list) -> Callable[..., Any]:
    """A program as a compiled function, and a further function of its results."""
    run = core.jaxpr_as_fun(body)
    return jax.jit(lambda *inputs: then(run(*inputs)))


def _all_finite(value: Any) -> jax.Array:
    inexact = jnp.issubdtype(jnp.result_type(value), jnp.inexact)
    return jnp.all(jnp.isfinite(value)) if inexact else jnp.asarray(True)


LOOPS: dict[str, Callable[[Any, list[Any], int, Place], Came]] = {
    "cond": _of_branch,
    "scan": _of_scan,
    "while": _of_while,
}
"""What looks into an equation, by the name of its primitive."""
