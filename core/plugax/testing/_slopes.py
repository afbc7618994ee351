"""How fast remainders fall with the size of a change, where rounding does not rule.

A remainder c ε² is lost where it comes near the rounding of the function. How large that is, very
small changes tell, whose remainder is rounding and nothing else. The slope is that of the smallest
changes that stand clear of it: there, higher orders are least.
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
        all: ε from large to small, the probes of rounding last.
        fitted: how many come before those.
    """

    all: np.ndarray
    fitted: int


_EXPONENTS = np.arange(1, 8.25, 0.5)
STEPS = Steps(np.append(10.0**-_EXPONENTS, np.geomspace(1e-12, 1e-13, _PROBES)), len(_EXPONENTS))


class Slope(NamedTuple):
    """How fast remainders fall.

    Attributes:
        slope: of their logarithms; NaN if rounding rules everywhere.
        steps: ε of those that it was taken from.
        remainders: those.
    """

    slope: float
    steps: np.ndarray
    remainders: np.ndarray

    def holds(self, order: int) -> bool:
        """Whether they fall as ε to that order or faster, or are rounding."""
        return bool(np.isnan(self.slope) or self.slope >= order - _LEAST)


def slope_of(remainders: np.ndarray, size: float) -> Slope:
    """The slope of remainders at `STEPS.all`.

    Arguments:
        remainders: not negative.
        size: of the change by ε, without ε.
    """
    steps, rounding = STEPS.all[: STEPS.fitted], remainders[STEPS.fitted :].max()
    # The second part is for points at zero, around which rounding shrinks with the change.
    floor = _CLEAR * rounding + 1e3 * np.finfo(float).eps * steps * size
    clear = remainders[: STEPS.fitted] > floor
    first_lost = STEPS.fitted if clear.all() else int(clear.argmin())
    chosen = slice(max(first_lost - _FITTED, 0), first_lost)
    steps, remainders = steps[chosen], remainders[: STEPS.fitted][chosen]
    if len(steps) < _FEWEST:
        return Slope(np.nan, steps, remainders)
    slope = np.polynomial.Polynomial.fit(np.log(steps), np.log(remainders), 1).convert().coef[1]
    return Slope(float(slope), steps, remainders)
