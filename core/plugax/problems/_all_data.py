"""A problem that shows a solver all its data at every step."""

import dataclasses
import functools
from typing import Any

from ..data import AbstractData
from ..errors import UnsuitableProblemError
from ._problem import AbstractProblem


def on_all_data(problem: AbstractProblem) -> Any:
    """The problem with all its data at every step, for a solver that needs them.

    Its kind and all else stay, and nothing is copied.

    Arguments:
        problem: any problem; it is returned itself if its data are the same at every step.

    Errors: `UnsuitableProblemError` if the data are no set of examples (`AbstractData.whole`).
    """
    if problem.data.same_every_step:
        return problem
    name = type(problem).__name__
    if problem.data.whole is None:
        raise UnsuitableProblemError(
            f"The data of {name} are {type(problem.data).__name__}, which cannot be seen as a "
            "whole: they are no set of examples."
        )
    kind = _seeing_everything(type(problem))
    made = object.__new__(kind)
    for field in dataclasses.fields(problem):
        object.__setattr__(made, field.name, getattr(problem, field.name))
    return made


@functools.cache  # one class for every kind, so that its programs are compiled once
def _seeing_everything(kind: type[AbstractProblem]) -> type[AbstractProblem]:
    made: Any = None

    def data(self: Any) -> AbstractData | None:
        return super(made, self).data.whole  # pyright: ignore[reportAttributeAccessIssue] - `made` is known later

    body = {"data": property(data), "__module__": kind.__module__, "__doc__": kind.__doc__}
    meta: Any = type(kind)
    made = meta(kind.__name__, (kind,), body)
    return made
