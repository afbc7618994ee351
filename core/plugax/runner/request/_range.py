"""`Range`: the values of a hyperparameter between two bounds, for a grid or for drawn points."""

import dataclasses
import math
import warnings
from collections.abc import Mapping

import numpy as np
from jaxtyping import Float
from scipy.stats import qmc

from ...errors import PlugaxError, unexpected

SAMPLINGS = ("sobol", "random")


@dataclasses.dataclass(frozen=True)
class Range:
    """Values from `low` to `high`, both included, evenly spaced.

    x = low + s (high − low), with s from 0 to 1; with `log=True`, x = low (high / low)ˢ.

    Arguments:
        low: the lower bound.
        high: the upper bound.
        count: the number of values of a grid; None if points are drawn from the range
            (`sweep(points=…)`).
        log: whether the logarithms are evenly spaced.

    Errors: `PlugaxError` if the bounds are not finite, not in order, or, with `log`, not positive.
    """

    low: float | int
    high: float | int
    count: int | None = None
    log: bool = False

    def __post_init__(self):
        """Check bounds and count."""
        if not (math.isfinite(self.low) and math.isfinite(self.high) and self.low < self.high):
            raise PlugaxError(
                f"A range goes from a number to a larger one; got {self.low} to {self.high}."
            )
        if self.log and self.low <= 0:
            raise PlugaxError(
                f"A logarithmic range begins above zero; got {self.low} to {self.high}."
            )
        if self.count is not None and self.count < 2:
            raise PlugaxError(f"A range has two values or more; got a count of {self.count}.")

    def at(self, share: Float[np.ndarray, " values"]) -> Float[np.ndarray, " values"]:
        """The values at these shares of the way, from 0 at the lower bound to 1 at the upper."""
        if self.log:
            return self.low * (self.high / self.low) ** share
        return self.low + share * (self.high - self.low)

    def grid(self) -> Float[np.ndarray, " count"]:
        """The values of a grid; the bounds are exact.

        Errors: `PlugaxError` if the range has no count.
        """
        if self.count is None:
            raise PlugaxError(
                f"The range from {self.low} to {self.high} has no number of values. Give "
                f"Range({self.low}, {self.high}, 10) for a grid, or points=… to draw points; on "
                f"the command line {self.low}:{self.high}:10, or --sobol N or --random N."
            )
        values = self.at(np.linspace(0.0, 1.0, self.count))
        values[[0, -1]] = self.low, self.high
        return values


def draw_points(
    ranges: Mapping[str, Range], count: int, sampling: str, seed: int
) -> dict[str, Float[np.ndarray, " points"]]:
    """Points in the box of these ranges, their coordinates by name.

    Sobol's points fill the box more evenly than random ones (Sobol' 1967, doi
    10.1016/0041-5553(67)90144-9; scrambled as by Owen 1998); a power of 2 is the best number.

    Arguments:
        ranges: the ranges by name, without counts.
        count: the number of points.
        sampling: `"sobol"` or `"random"`.
        seed: the seed of the points.

    Errors: `PlugaxError` for an unknown sampling, no range, a range with a count of its own, or an
    invalid number of points.
    """
    if sampling not in SAMPLINGS:
        known = "sampling must be 'sobol' or 'random', that is"
        raise PlugaxError(f"{unexpected(known, sampling, SAMPLINGS)}.")
    if isinstance(count, bool) or not isinstance(count, int) or count < 1:
        raise PlugaxError(f"The number of points must be a whole number above 0; got {count!r}.")
    if not ranges:
        raise PlugaxError(
            f"There is no range to draw {count} points from: give one without a count, "
            "px.Range(low, high), on the command line NAME=LOW:HIGH."
        )
    for name, values in ranges.items():
        if values.count is not None:
            raise PlugaxError(
                f"{name!r} asks for {values.count} values of a grid, and {count} points are to be "
                "drawn: leave out one of the two numbers."
            )
    if sampling == "sobol":
        with warnings.catch_warnings():  # of numbers that are no powers of 2
            warnings.simplefilter("ignore", UserWarning)
            shares = qmc.Sobol(len(ranges), rng=seed).random(count)
    else:
        shares = np.random.default_rng(seed).random((count, len(ranges)))
    return {name: r.at(share) for (name, r), share in zip(ranges.items(), shares.T, strict=True)}
