"""The results of a fit as tables."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from plugax import Table

from ._prediction import intervals

# Tables with more rows or columns than these would be too large to read.
MOST_CORRELATED = 8
LEVEL = 0.95


def tables_of(
    metrics: Mapping[str, Any],
    heading: str,
    estimate: str,
    *,
    names: str = "terms",
    estimates: str = "coefficients",
    errors: str = "standard_errors",
    freedom: int | float | None = None,
) -> tuple[Table, ...]:
    """The estimates with their statistics, and their correlations.

    Arguments:
        metrics: the metrics of the fit.
        heading: the heading of the table.
        estimate: the name of one estimate.
        names: the metric with the names of the estimates.
        estimates: the metric with the estimates.
        errors: the metric with their standard errors.
        freedom: degrees of freedom of the intervals; None for the metric of that name.
    """
    if freedom is None:
        freedom = float(metrics["degrees_of_freedom"])
    low, high = intervals(
        np.asarray(metrics[estimates], float), np.asarray(metrics[errors], float), freedom, LEVEL
    )
    columns: dict[str, Any] = {
        heading: metrics[names],
        estimate: metrics[estimates],
        "std. error": metrics[errors],
    }
    shown = [names, estimates, errors]
    for name, head in (("t_values", "t"), ("z_values", "z"), ("p_values", "p")):
        if name in metrics:
            columns[head] = metrics[name]
            shown.append(name)
    columns |= {"lower 95 %": low.tolist(), "upper 95 %": high.tolist()}
    if "held" in metrics:
        columns["held"] = ["yes" if held else "" for held in metrics["held"]]
        shown.append("held")
    fit = Table(columns, tuple(shown))
    correlations = metrics["correlations"]
    if not 1 < len(correlations) <= MOST_CORRELATED:
        return (fit,)
    beside = {name: [row[k] for row in correlations] for k, name in enumerate(metrics[names])}
    return fit, Table({"": metrics[names]} | beside, ("correlations",), "Correlations")
