"""The predictions of a fit at other places, with their bands.

With the prediction f(x), its gradient g = ∂f/∂θ and the covariance C of the parameters, to first
order the standard error of the mean is √(gᵀ C g) and that of a new observation √(gᵀ C g + s²). The
half-width of a band is the standard error times the quantile of Student's t with the degrees of
freedom of the fit (or of the normal distribution, if the spread of the observations is known).

Source: Bates and Watts 1988, section 2.3, doi 10.1002/9780470316757.
"""

from typing import NamedTuple

import numpy as np
import scipy.special
from jaxtyping import Array, Float

from plugax import PlugaxError


class Spread(NamedTuple):
    """The spread of observations and of estimates.

    Attributes:
        observations: the standard deviation of an observation of weight 1.
        estimates: κ, for which the covariance of the estimates is κ² (JᵀJ)⁻¹, J = ∂r/∂θ.
    """

    observations: Float[Array, ""]
    estimates: Float[Array, ""]


class Prediction(NamedTuple):
    """Predicted values with their bands, NumPy arrays of one shape.

    Attributes:
        value: the mean.
        standard_error: the standard error of the mean.
        confidence: the lower and the upper end of the band of the mean.
        prediction: the lower and the upper end of the band of a new observation; None if its spread
            is not known.
        level: the probability of the bands, for each place by itself.
    """

    value: np.ndarray
    standard_error: np.ndarray
    confidence: tuple[np.ndarray, np.ndarray]
    prediction: tuple[np.ndarray, np.ndarray] | None
    level: float


def prediction_of(
    value: np.ndarray,
    standard_error: np.ndarray,
    spread: np.ndarray | float | None,
    *,
    freedom: int | float,
    level: float,
) -> Prediction:
    """The prediction with its bands.

    Arguments:
        value: the mean.
        standard_error: of the mean.
        spread: the standard deviation of a new observation; None if it is not known.
        freedom: degrees of freedom, infinite if the spread was not estimated.
        level: the probability of the bands.
    """
    width = quantile(freedom, level)
    near = width * standard_error
    far = None if spread is None else width * np.hypot(standard_error, spread)
    return Prediction(
        value=value,
        standard_error=standard_error,
        confidence=(value - near, value + near),
        prediction=None if far is None else (value - far, value + far),
        level=level,
    )


def quantile(freedom: int | float, level: float) -> float:
    """How many standard errors lie between the middle and either end of an interval.

    Errors: `PlugaxError` for a level that is not between 0 and 1.
    """
    if not 0 < level < 1:
        raise PlugaxError(f"level must be between 0 and 1, such as 0.95; got {level}.")
    if freedom < 1:
        return np.inf
    if np.isinf(freedom):
        return float(scipy.special.ndtri((1 + level) / 2))
    return float(scipy.special.stdtrit(freedom, (1 + level) / 2))


def intervals(
    estimates: np.ndarray, errors: np.ndarray, freedom: int | float, level: float = 0.95
) -> tuple[np.ndarray, np.ndarray]:
    """The lower and upper ends of the confidence intervals of some estimates.

    Arguments:
        estimates: the estimates, in any shape.
        errors: their standard errors; 0 for known values, whose interval is a point.
        freedom: degrees of freedom, infinite if the spread was not estimated.
        level: the probability of every interval.
    """
    known = errors == 0
    width = np.where(known, 0.0, quantile(freedom, level) * np.where(known, 1.0, errors))
    return estimates - width, estimates + width
