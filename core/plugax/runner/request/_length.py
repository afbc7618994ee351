"""How long a run is, and how often it is evaluated: in steps, or in epochs."""

import dataclasses
import math
from fractions import Fraction
from typing import Any

from ...data import AbstractData
from ...errors import PlugaxError, did_you_mean

EvaluateEvery = int | str
"""A number of steps, `"epoch"` or `"never"`."""


@dataclasses.dataclass(frozen=True)
class Length:
    """The length that a user or a recipe asks for; None for no preference.

    Attributes:
        steps: the maximum number of steps.
        epochs: the maximum number of passes over the data; not together with `steps`.
        evaluate_every: steps from one evaluation to the next, `"epoch"` or `"never"`.
    """

    steps: int | None = None
    epochs: int | float | None = None
    evaluate_every: EvaluateEvery | None = None

    def or_else(self, usual: "Length") -> "Length":
        """The length asked for, with everything left open taken from `usual`."""
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

        Errors: `PlugaxError` for invalid numbers, for epochs if the data have none, and if the data
        do not last for so many steps.
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
            # A decimal number of epochs is exact: 0.1 is a tenth, not the nearest binary number.
            steps = math.ceil(Fraction(str(epochs)) * _steps_per_epoch(data, "epochs"))
        if steps is None:
            steps = data.steps or default_steps
        _check_count("steps", steps)
        if data.steps is not None and steps > data.steps:
            raise PlugaxError(
                f"{steps} steps were asked for, but the data last for {data.steps} steps only."
            )
        every = "never" if self.evaluate_every is None else self.evaluate_every
        return Plan(steps, every, _interval(every, data))


@dataclasses.dataclass(frozen=True)
class Plan:
    """A length in steps.

    Attributes:
        steps: the maximum number of steps.
        evaluate_every: what was asked for: a number of steps, `"epoch"` or `"never"`.
        interval: steps from one evaluation to the next; not a whole number if batches cross the
            ends of epochs. None for no evaluation before the end.
        rungs: the steps after which a race stops members, in order; none without a race.
        snapshots: steps from one snapshot to the next; None if the clock decides.
        points: steps from one point to the next, to which the run may go back; None without.
    """

    steps: int
    evaluate_every: EvaluateEvery = "never"
    interval: Fraction | None = None
    rungs: tuple[int, ...] = ()
    snapshots: int | None = None
    points: int | None = None

    @property
    def asked(self) -> dict[str, EvaluateEvery]:
        """The arguments of a `Length` that gives this plan on the same data."""
        return {"steps": self.steps, "evaluate_every": self.evaluate_every}

    def until_stop(self, step: int) -> int:
        """The number of steps from `step` to where a chunk must end, or to the end."""
        left = next((rung for rung in self.rungs if rung > step), self.steps) - step
        for every in (self.snapshots, self.points):
            left = left if every is None else min(every - step % every, left)
        return left if self.interval is None else min(_next(step, self.interval) - step, left)

    def evaluates(self, step: int) -> bool:
        """Whether an evaluation is due after `step` steps."""
        return self.interval is not None and _next(step - 1, self.interval) == step


def _next(step: int, interval: Fraction) -> int:
    """The first step after `step` at which an interval has ended: ⌈k e⌉ with k a whole number."""
    return math.ceil((math.floor(step / interval) + 1) * interval)


def _interval(asked: EvaluateEvery, data: AbstractData) -> Fraction | None:
    if asked == "never":
        return None
    if asked == "epoch":
        return _steps_per_epoch(data, 'evaluate_every="epoch"')
    if isinstance(asked, str):
        raise PlugaxError(
            f"evaluate_every must be a number of steps, 'epoch' or 'never'; got {asked!r}."
            f"{did_you_mean(asked, ('epoch', 'never'))}"
        )
    _check_count("evaluate_every", asked)
    return Fraction(asked)


def _steps_per_epoch(data: AbstractData, asked: str) -> Fraction:
    if data.steps_per_epoch is None:
        raise PlugaxError(
            f"{asked} was asked for, but {type(data).__name__} data have no epochs; give a number "
            "of steps."
        )
    return Fraction(data.steps_per_epoch)


def _check_count(name: str, value: Any) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise PlugaxError(f"{name} must be a whole number, at least 1; got {value!r}.")
    # Steps are counted in integers of 32 bits.
    if value >= 2**31:
        raise PlugaxError(f"{name} must be below 2**31, which is {2**31}; got {value!r}.")
