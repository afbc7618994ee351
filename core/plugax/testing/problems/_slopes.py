"""The order of remainders in the size of a change, where rounding does not dominate.

A remainder c ε² is lost if it is near the rounding of the function. The size of the rounding is
found from very small changes, whose remainder is nothing else. The slope is taken from the smallest
changes whose remainders are clearly larger: there, higher orders are smallest.
"""

from typing import NamedTuple

import numpy as np

_PROBES = 5  # very small changes, at the end of the steps
_CLEAR = (
    20.0  # times the rounding: 5 % of a remainder, 0.014 of a slope over one and a half decades
)
_FITTED = 4  # points, one and a half decades
_FEWEST = 3
_LEAST = 0.1  # how far below its order a slope may be


class Steps(NamedTuple):
    """The sizes of changes.

    Attributes:
        all: ε from large to small; the probes of rounding come last.
        fitted: the number of values before the probes.
    """

    all: np.ndarray
    fitted: int


_EXPONENTS = np.arange(1, 8.25, 0.5)
STEPS = Steps(np.append(10.0**-_EXPONENTS, np.geomspace(1e-12, 1e-13, _PROBES)), len(_EXPONENTS))


class Slope(NamedTuple):
    """The order of remainders.

    Attributes:
        slope: the slope of log remainder over log ε; NaN if rounding dominates everywhere.
        steps: the values of ε from which it was taken.
        remainders: the remainders from which it was taken.
    """

    slope: float
    steps: np.ndarray
    remainders: np.ndarray

    def holds(self, order: int) -> bool:
        """Whether they decrease as ε to that order or faster, or are nothing but rounding."""
        return bool(np.isnan(self.slope) or self.slope >= order - _LEAST)


def slope_of(remainders: np.ndarray, size: float) -> Slope:
    """The slope of remainders at `STEPS.all`.

    Arguments:
        remainders: the remainders, not negative.
        size: the size of the change, divided by ε.
    """
    steps, rounding = STEPS.all[: STEPS.fitted], remainders[STEPS.fitted :].max()
    # The second term is for points at zero, where rounding decreases with the change.
    floor = _CLEAR * rounding + 1e3 * np.finfo(float).eps * steps * size
    clear = remainders[: STEPS.fitted] > floor
    first_lost = STEPS.fitted if clear.all() else int(clear.argmin())
    chosen = slice(max(first_lost - _FITTED, 0), first_lost)
    steps, remainders = steps[chosen], remainders[: STEPS.fitted][chosen]
    if len(steps) < _FEWEST:
        return Slope(np.nan, steps, remainders)
    slope = np.polynomial.Polynomial.fit(np.log(steps), np.log(remainders), 1).convert().coef[1]
    return Slope(float(slope), steps, remainders)
