"""What a user should know about a run that fitted a mixture."""

from collections.abc import Mapping

import numpy as np


def remarks_on(series: Mapping[str, np.ndarray], axes: int, least_spread: float) -> tuple[str, ...]:
    """Components that collapsed, and components of hardly any rows.

    Arguments:
        series: the metrics of every step; 0 where a start was given up.
        axes: the number of columns.
        least_spread: below which a component has collapsed.
    """
    said: list[str] = []
    spread = np.asarray(series.get("smallest_spread", ()), float)
    ways = "Try fewer components, tied covariances or other starts."
    if spread.size and np.isnan(spread[-1]):
        said.append(
            "A component has collapsed onto a few rows: its standard deviation fell below "
            f"{least_spread:g} of that of the data, where the likelihood grows without bounds. "
            f"This is no fit. {ways}"
        )
    if "start" in series and (lost := int(np.sum(spread == 0))):
        starts = int(series["start"][-1]) + 1
        said.append(
            f"In {lost} of {starts} starts a component collapsed onto a few rows; these were given "
            "up."
        )
    sizes = np.asarray(series.get("smallest_size", ()), float)
    if sizes.size and 0 < sizes[-1] < axes + 1 and "start" not in series:
        said.append(
            f"A component holds only about {sizes[-1]:.1f} rows, too few for a covariance of "
            f"{axes} columns: such a maximum of the likelihood means little. {ways}"
        )
    return tuple(said)
