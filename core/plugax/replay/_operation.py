"""An operation of a program, as people are told of it: its name, its line, what went in and out."""

import dataclasses
import functools
import linecache
import pathlib
import sysconfig
from typing import Any

import equinox
import jax
import jax.numpy as jnp
import jaxtyping
import numpy as np

RUNNER = pathlib.Path(__file__).parents[1] / "runner"


@dataclasses.dataclass(frozen=True)
class Range:
    """What an array holds, in a few numbers.

    Attributes:
        shape: its shape.
        dtype: the name of its dtype.
        least: the smallest of its finite numbers; None if it has none.
        largest: the largest of them.
        nans: how many of its numbers are NaN.
        infinities: how many are infinite.
    """

    shape: tuple[int, ...]
    dtype: str
    least: float | None
    largest: float | None
    nans: int = 0
    infinities: int = 0

    def __str__(self) -> str:
        told = f"{self.dtype}{list(self.shape)}"
        size = int(np.prod(self.shape))
        found = []
        if self.least is not None:
            same = self.least == self.largest
            found += [f"{self.least:.6g}" if same else f"{self.least:.6g} to {self.largest:.6g}"]
        for count, what in ((self.nans, "NaN"), (self.infinities, "infinite")):
            found += [] if not count else [what if size == 1 else f"{count} of {size} {what}"]
        return f"{told}: {', '.join(found)}" if found else told


@dataclasses.dataclass(frozen=True)
class Operation:
    """An operation whose inputs are finite and whose result is not.

    Attributes:
        name: the name of JAX's primitive, such as `log`.
        file: the file of the line that it comes from; None if that is not known.
        line: the number of the line.
        function: the name of the function that the line is in.
        inputs: what went in.
        outputs: what came out.
        backward: whether it belongs to the derivative of that line, not to the line itself.
        inside: the loops that it is in, from the outside in, each with the number of the pass.
    """

    name: str
    file: str | None
    line: int | None
    function: str | None
    inputs: tuple[Range, ...]
    outputs: tuple[Range, ...]
    backward: bool = False
    inside: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """The line of the source; empty if it is not there."""
        return "" if self.file is None else linecache.getline(self.file, self.line or 0).strip()

    @property
    def where(self) -> str:
        """The place in the source, in words."""
        if self.file is None:
            return "an unknown place"
        return f"{self.file}:{self.line}, in {self.function}"

    def within(self, loop: str) -> "Operation":
        """The operation as one inside of a loop."""
        return dataclasses.replace(self, inside=(loop, *self.inside))


Place = tuple[str, int, str] | None
"""File, line and function; None if they are not known."""


def operation_of(
    equation: Any, inputs: list[Any], outputs: list[Any], place: Place = None
) -> Operation:
    """An equation of a jaxpr with its values, as an operation.

    Arguments:
        equation: the equation.
        inputs: the values that went in.
        outputs: those that came out.
        place: where it comes from.
    """
    file, line, function = (None, None, None) if place is None else place
    return Operation(
        equation.primitive.name,
        file,
        line,
        function,
        tuple(range_of(value) for value in inputs),
        tuple(range_of(value) for value in outputs),
        is_backward(equation),
    )


def is_backward(equation: Any) -> bool:
    """Whether an equation belongs to a derivative, taken backwards."""
    return "transpose(" in str(equation.source_info.name_stack)


def range_of(value: Any) -> Range:
    """What an array holds, in a few numbers."""
    dtype = jnp.result_type(value)
    told = np.shape(value), str(dtype)
    if not is_number(value):
        return Range(*told, None, None)
    array = np.asarray(value)
    array = array.astype(np.float64) if array.dtype.kind not in "c" else np.abs(array)
    finite = array[np.isfinite(array)]
    ends = (float(finite.min()), float(finite.max())) if finite.size else (None, None)
    return Range(*told, *ends, int(np.isnan(array).sum()), int(np.isinf(array).sum()))


def is_number(value: Any) -> bool:
    """Whether a value is an array of numbers, not of random keys or tokens."""
    return jnp.issubdtype(jnp.result_type(value), jnp.number)


def place_of(equation: Any, around: Place, jaxpr: Any) -> Place:
    """The line that an equation comes from, outside of JAX and its like.

    Arguments:
        equation: the equation.
        around: the place of the equation around its program; None for the outermost program.
        jaxpr: the program that it is in. One of a function of JAX itself is made once for all its
            calls, so its own lines tell only of the first of them.
    """
    made_in = getattr(jaxpr.debug_info, "func_filename", None) or ""
    if around is not None and made_in.startswith(_machinery()):
        return around
    traceback = equation.source_info.traceback
    for frame in () if traceback is None else traceback.frames:
        if not frame.file_name.startswith(_machinery()):
            return frame.file_name, frame.line_num, frame.function_name
    return around


@functools.cache
def _machinery() -> tuple[str, ...]:
    """The directories of what is between a component and the program."""
    files = (jax.__file__, equinox.__file__, jaxtyping.__file__)
    found = [str(pathlib.Path(str(file)).parent) for file in files]
    library = sysconfig.get_path("stdlib")
    # Site packages lie in the standard library's directory, and are no part of it.
    own = [str(RUNNER), str(pathlib.Path(__file__).parent), *_modules(library), "<frozen", "<@"]
    return *(f"{path}/" for path in found), *own


def _modules(library: str) -> list[str]:
    """The modules of the standard library between a component and the program."""
    return [f"{library}/{name}" for name in ("contextlib.py", "functools.py", "threading.py")]
