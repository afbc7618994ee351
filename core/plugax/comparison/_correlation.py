"""The error of a mean over values that follow each other in time, and are correlated.

    error² = τ σ² / n,    τ = 1 + 2 Σ_{k ≤ w} ρ_k

with the autocorrelation ρ_k at lag k, and the window w the least number of lags with w ≥ 5 τ. τ is
the integrated autocorrelation time: n values are worth n / τ independent ones.

Source: Sokal 1997, Monte Carlo methods in statistical mechanics, section 3, doi
10.1007/978-1-4899-0319-8_6.
"""

import numpy as np
from jaxtyping import Float

WINDOW = 5.0
FEWEST = 16  # values that say something about their correlation


def error_of_mean(values: Float[np.ndarray, " n"]) -> float:
    """The standard error of the mean of a stationary series.

    Arguments:
        values: the series, in time.

    Returns:
        the error in the unit of the values; NaN for fewer than 16 values, or values that are not
        all finite.
    """
    values = np.asarray(values, float)
    n = values.size
    if n < FEWEST or not np.isfinite(values).all():
        return float("nan")
    away = values - values.mean()
    variance = float(away @ away) / (n - 1)
    if variance == 0:
        return 0.0
    power = np.abs(np.fft.rfft(away, 2 * n)) ** 2
    correlation = np.fft.irfft(power)[:n]
    times = 2 * np.cumsum(correlation / correlation[0]) - 1
    wide = np.arange(n) >= WINDOW * times
    time = times[int(wide.argmax()) if wide.any() else n // 2]
    # Values that alternate have τ < 1; below 1/n there is only noise.
    return float(np.sqrt(max(time, 1 / n) * variance / n))


def error_of_score(score: float | np.floating, series: Float[np.ndarray, " n"]) -> float:
    """The error of a score that is the mean of a series from some step on; NaN if it is not that.

    The first steps may be left out, as a burn-in. From which step on the score was taken is found
    by comparing it with the means of all ends of the series.

    Arguments:
        score: the score.
        series: the history of the metric of that name.
    """
    values = np.asarray(series, float)
    if values.size < FEWEST or not np.isfinite(score) or not np.isfinite(values).all():
        return float("nan")
    counts = np.arange(values.size, 0, -1)
    means = np.cumsum(values[::-1])[::-1] / counts
    rounding = 16 * np.finfo(np.asarray(series).dtype).eps * max(abs(score), np.abs(values).max())
    same = np.abs(means - score) <= rounding
    return error_of_mean(values[int(same.argmax()) :]) if same.any() else float("nan")
