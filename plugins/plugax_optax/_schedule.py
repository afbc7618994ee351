"""Learning-rate schedules: the fraction of the full learning rate at step t.

With w warm-up steps, d steps to the end of the schedule and f the fraction left there,

    rise   φ(t) = (t + 1) / (w + 1)                                t < w
    fall   φ(t) as below, with s = min((t − w) / (d − w), 1)       t ≥ w

    constant      1
    linear        f + (1 − f) (1 − s)
    cosine        f + (1 − f) (1 + cos πs) / 2
    polynomial    f + (1 − f) (1 − s)^power
    exponential   f^s
    one-cycle     cosine, after a rise along a cosine: from 1/25, in the first 30 % (or w steps)
    restarts      cosine again and again: s = (t − w − t_k) / (t_{k+1} − t_k) in the cycle k that
                  begins at t_k = T (1 + m + … + m^{k−1}), with T and m its length and factor
    range-test    i^(1 − t / (d − 1)): up from a fraction i to 1 at the last step

No step before the end has rate zero: a warm-up that began with zero would waste a step, and a test
of the step's size would take it for convergence.

Source: cosine, warm-up and restarts, Loshchilov and Hutter, 2017, arXiv:1608.03983; one-cycle,
Smith and Topin, 2019, doi:10.1117/12.2520589; range test, Smith, 2017, doi:10.1109/WACV.2017.58
(there linear; the rate rises in even ratios here, so that a run covers all orders of magnitude).
"""

import dataclasses
from typing import Literal

import jax.numpy as jnp
from jaxtyping import Array, Float, Int

ScheduleName = Literal[
    "constant",
    "linear",
    "cosine",
    "polynomial",
    "exponential",
    "one-cycle",
    "restarts",
    "range-test",
]
SCHEDULE_OPTIONS = (
    *("warmup_steps", "decay_steps", "final_fraction", "power"),
    *("cycle_steps", "cycle_factor", "initial_fraction"),
)

_ONE_CYCLE_START = 1 / 25
_ONE_CYCLE_RISE = 30  # per cent of the steps
_MOST_STEPS = 2**31


@dataclasses.dataclass(frozen=True)
class Schedule:
    """The fraction of the full learning rate at step t; a schedule in optax's sense.

    Arguments:
        name: the name of the fall.
        warmup_steps: w.
        decay_steps: d; None for `constant`, and if the length of the run is not known yet. An array
            if it is the length of the run.
        final_fraction: f.
        power: exponent of `polynomial`.
        cycle_steps: T.
        cycle_factor: m.
        initial_fraction: i.
    """

    name: str
    warmup_steps: int
    decay_steps: int | Int[Array, ""] | None
    final_fraction: Float[Array, ""]
    power: Float[Array, ""]
    cycle_steps: int | None
    cycle_factor: int
    initial_fraction: Float[Array, ""]

    def __post_init__(self):
        if self.warmup_steps < 0:
            raise ValueError(f"warmup_steps must not be negative; got {self.warmup_steps}.")
        if self.name == "restarts":
            self._check_cycles()
        elif self.name != "constant" and isinstance(self.decay_steps, int):
            self._check_decay(self.decay_steps)

    def _check_cycles(self) -> None:
        if self.cycle_steps is None or self.cycle_steps < 1:
            raise ValueError(
                "The schedule 'restarts' needs cycle_steps, the length of its first cycle, at "
                f"least 1; got {self.cycle_steps}."
            )
        if self.cycle_factor < 1:
            raise ValueError(f"cycle_factor must be at least 1; got {self.cycle_factor}.")
        if self.decay_steps is not None:
            raise ValueError(
                "The schedule 'restarts' has no end: give cycle_steps instead of decay_steps."
            )

    def _check_decay(self, decay_steps: int) -> None:
        if decay_steps <= self.rise_steps:
            raise ValueError(
                f"decay_steps counts the warm-up too, so it must be larger than its "
                f"{self.rise_steps} steps; got {decay_steps}."
            )

    @property
    def rise_steps(self) -> int | Int[Array, ""]:
        """Steps before the full rate."""
        if self.name == "one-cycle" and not self.warmup_steps and self.decay_steps is not None:
            return _ONE_CYCLE_RISE * self.decay_steps // 100
        return self.warmup_steps

    def __call__(self, step: Int[Array, "*steps"]) -> Float[Array, "*steps"]:
        """The fraction at step number `step`, or at each of several."""
        t = step.astype(self.final_fraction.dtype)
        fall = self._fall(t)
        rise = self.rise_steps
        without = isinstance(rise, int) and rise == 0
        return fall if without else jnp.where(t < rise, self._rise(t), fall)

    def _rise(self, t: Float[Array, "*steps"]) -> Float[Array, "*steps"]:
        if self.name == "one-cycle":
            return _ONE_CYCLE_START + (1 - _ONE_CYCLE_START) * (1 - _half_wave(t / self.rise_steps))
        return (t + 1) / (self.rise_steps + 1)

    def _fall(self, t: Float[Array, "*steps"]) -> Float[Array, "*steps"]:
        if self.name == "constant":
            return jnp.ones_like(t)
        if self.name == "restarts":
            left = _half_wave(self._part_of_cycle(t - self.rise_steps))
            return self.final_fraction + (1 - self.final_fraction) * left
        if self.decay_steps is None:
            raise ValueError(
                f"The schedule {self.name!r} needs decay_steps, the step at which it arrives at "
                "its end; only in a run of Plugax does it have a default."
            )
        end = self.decay_steps
        s = jnp.clip((t - self.rise_steps) / (end - self.rise_steps), 0, 1)
        if self.name == "range-test":
            return self.initial_fraction ** (1 - jnp.clip(t / jnp.maximum(end - 1, 1), 0, 1))
        if self.name == "exponential":
            return self.final_fraction**s
        left = {
            "linear": lambda: 1 - s,
            "cosine": lambda: _half_wave(s),
            "one-cycle": lambda: _half_wave(s),
            "polynomial": lambda: (1 - s) ** self.power,
        }[self.name]()
        return self.final_fraction + (1 - self.final_fraction) * left

    def _part_of_cycle(self, t: Float[Array, "*steps"]) -> Float[Array, "*steps"]:
        """How much of its cycle is over at step t after the rise."""
        first, factor = self.cycle_steps or 1, self.cycle_factor
        if factor == 1:
            return jnp.mod(t, first) / first
        begins = [0]
        while begins[-1] < _MOST_STEPS:
            begins.append(begins[-1] + first * factor ** (len(begins) - 1))
        bounds = jnp.asarray([float(begin) for begin in begins], t.dtype)
        cycle = jnp.searchsorted(bounds, t, side="right", method="compare_all")
        begin = bounds[jnp.maximum(cycle - 1, 0)]
        return (t - begin) / (bounds[cycle] - begin)


def _half_wave(s: Float[Array, "*steps"]) -> Float[Array, "*steps"]:
    """(1 + cos πs) / 2: from 1 at s = 0 to 0 at s = 1."""
    return (1 + jnp.cos(jnp.pi * s)) / 2
