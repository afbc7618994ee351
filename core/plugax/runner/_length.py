"""How long a run is, and how often it looks at how well it does: in steps, or in epochs."""

import dataclasses
import math
from typing import Any

from .._errors import PlugaxError
from ..data import AbstractData

EvaluateEvery = int | str
"""A number of steps, `"epoch"` or `"never"`."""


@dataclasses.dataclass(frozen=True)
class Length:
    """What somebody asks for; None leaves it to others.

    Attributes:
        steps: at most so many.
        epochs: the same in passes over the data; not together with `steps`.
        evaluate_every: steps from one evaluation to the next, `"epoch"` or `"never"`.
    """

    steps: int | None = None
    epochs: int | float | None = None
    evaluate_every: EvaluateEvery | None = None

    def or_else(self, usual: "Length") -> "Length":
        """What is asked for here, and where nothing is, what is usual."""
        timeless = self.steps is None and self.epochs is None
        return Length(
            steps=usual.steps if timeless else self.steps,
            epochs=usual.epochs if timeless else self.epochs,
            evaluate_every=usual.evaluate_every
            if self.evaluate_every is None
            else self.evaluate_every,
        )

    def in_steps(self, data: AbstractData, default_steps: int) -> "Plan":
        """The plan for these data.

        Errors: `PlugaxError` for numbers that are none, for epochs where the data have none, and
        where the data do not last.
        """
        if self.steps is not None and self.epochs is not None:
            raise PlugaxError(
                f"Either steps or epochs; got steps={self.steps} and epochs={self.epochs}."
            )
        steps = self.steps
        if self.epochs is not None:
            epochs: Any = self.epochs
            sound = isinstance(epochs, int | float) and math.isfinite(epochs) and epochs > 0
            if isinstance(epochs, bool) or not sound:
                raise PlugaxError(f"epochs must be a positive number; got {epochs!r}.")
            steps = math.ceil(epochs * _steps_per_epoch(data, "epochs"))
        if steps is None:
            steps = data.steps or default_steps
        _check_count("steps", steps)
        if data.steps is not None and steps > data.steps:
            raise PlugaxError(
                f"{steps} steps were asked for, but the data last for {data.steps} only."
            )
        return Plan(steps, _every(self.evaluate_every, data))


@dataclasses.dataclass(frozen=True)
class Plan:
    """A length in steps.

    Attributes:
        steps: at most so many.
        evaluate_every: steps from one evaluation to the next; None for none before the end.
    """

    steps: int
    evaluate_every: int | None

    def until_stop(self, step: int) -> int:
        """Steps from `step` to the next evaluation, or to the end."""
        every = self.evaluate_every or self.steps
        return min(every - step % every, self.steps - step)

    def evaluates(self, step: int) -> bool:
        """Whether an evaluation is due after so many steps."""
        return self.evaluate_every is not None and step % self.evaluate_every == 0


def _every(asked: EvaluateEvery | None, data: AbstractData) -> int | None:
    if asked is None or asked == "never":
        return None
    if asked == "epoch":
        return _steps_per_epoch(data, 'evaluate_every="epoch"')
    if isinstance(asked, str):
        raise PlugaxError(
            f"evaluate_every must be a number of steps, 'epoch' or 'never'; got {asked!r}."
        )
    _check_count("evaluate_every", asked)
    return asked


def _steps_per_epoch(data: AbstractData, asked: str) -> int:
    if data.steps_per_epoch is None:
        raise PlugaxError(
            f"{asked} was asked for, but {type(data).__name__} data have no epochs; give a number "
            "of steps."
        )
    return data.steps_per_epoch


def _check_count(name: str, value: Any) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise PlugaxError(f"{name} must be a whole number, at least 1; got {value!r}.")
