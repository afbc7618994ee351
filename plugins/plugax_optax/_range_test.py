"""The learning-rate range test: one run with a rate that rises from step to step.

As long as the rate is too small the loss stays, then it falls, and at last it explodes. A good rate
is where the smoothed loss falls fastest per order of magnitude; a cautious one is a tenth of the
rate where it is smallest.

Source: Smith, 2017, Cyclical learning rates, doi:10.1109/WACV.2017.58, section 3.3. The smoothing
(an exponential average, without bias) and the two choices are those of common practice since.
"""

import dataclasses
from typing import Any

import jax.numpy as jnp
import numpy as np

from plugax import AbstractSolver, Solution
from plugax.solution import Table

from ._schedule import SCHEDULE_OPTIONS, Schedule

SPAN = 15  # the average sees about one in so many steps
FEWEST = 5


@dataclasses.dataclass(frozen=True)
class RangeTest:
    """What a range test found.

    Attributes:
        rates: the learning rate of every recorded step.
        losses: the loss there.
        smoothed: the losses, smoothed.
    """

    rates: np.ndarray
    losses: np.ndarray
    smoothed: np.ndarray

    @property
    def fastest(self) -> float:
        """The rate at which the smoothed loss falls fastest, before it is smallest."""
        half = max(len(self.rates) // SPAN // 2, 1)
        falls = self.smoothed[2 * half :] - self.smoothed[: -2 * half]  # about places half, …
        first, last = self._settled, max(self._lowest - half, self._settled + 1)
        return float(self.rates[half + first + int(np.argmin(falls[first:last]))])

    @property
    def lowest(self) -> float:
        """The rate at which the smoothed loss is smallest."""
        return float(self.rates[self._lowest])

    @property
    def _lowest(self) -> int:
        return self._settled + int(np.argmin(self.smoothed[self._settled :]))

    @property
    def _settled(self) -> int:
        """Where the average has seen as many values as it should."""
        return len(self.rates) // SPAN

    def table(self) -> Table:
        """The two rates to choose from."""
        words = ("where the loss falls fastest", "a tenth of where it is smallest")
        rates = (self.fastest, self.lowest / 10)
        return Table({"learning rate": rates, "is": words}, title="Range test")

    def figure(self) -> Any:
        """The loss over the learning rate, as a Matplotlib figure."""
        from matplotlib.figure import Figure

        figure = Figure(layout="constrained")
        axes = figure.subplots()
        axes.plot(self.rates, self.losses, color="0.8", label="loss")
        axes.plot(self.rates, self.smoothed, label="smoothed")
        axes.axvline(self.fastest, color="C1", label=f"falls fastest: {self.fastest:.2g}")
        axes.axvline(
            self.lowest / 10, color="C2", ls="--", label=f"smallest / 10: {self.lowest / 10:.2g}"
        )
        settled = self.smoothed[self._settled :]
        low, start = float(settled.min()), float(settled[0])
        room = max(start - low, 1e-12)
        # What explodes at the end would hide everything else.
        axes.set(xscale="log", ylim=(low - 0.3 * room, start + room))
        axes.set(xlabel="learning rate", ylabel="loss", title="Learning-rate range test")
        axes.legend()
        return figure


def range_test_of(solver: AbstractSolver, solution: Solution) -> RangeTest | None:
    """The range test that a run was; None if it was none, or recorded too little of the loss.

    Arguments:
        solver: the solver of the run.
        solution: its solution.
    """
    optimizer: Any = getattr(solver, "optimizer", None)
    if getattr(optimizer, "schedule", None) != "range-test":
        return None
    losses = np.asarray(solution.series.get("loss", ()), float)
    losses = losses[: np.argmin(np.isfinite(losses))] if not np.isfinite(losses).all() else losses
    if losses.size < FEWEST:
        return None
    run = solution.provenance["run"]
    options = {name: getattr(optimizer, name) for name in SCHEDULE_OPTIONS}
    options["decay_steps"] = options["decay_steps"] or -(
        -run["prepared_for"] // getattr(optimizer, "accumulate", 1)
    )
    steps = np.arange(losses.size) * run["record_every"] // getattr(optimizer, "accumulate", 1)
    fraction = Schedule("range-test", **options)(jnp.asarray(steps))
    rates = np.asarray(fraction, float) * float(optimizer.learning_rate)
    return RangeTest(rates, losses, smoothed(losses, run["prepared_for"] / SPAN))


def smoothed(values: np.ndarray, span: float) -> np.ndarray:
    """The exponential average of a series, without bias at its beginning.

    Arguments:
        values: the series.
        span: how many values the average sees.
    """
    decay = 1 - 1 / max(span, 1)
    found, mean = np.empty_like(values), 0.0
    for number, value in enumerate(values, start=1):
        mean = decay * mean + (1 - decay) * value
        found[number - 1] = mean / (1 - decay**number)
    return found
