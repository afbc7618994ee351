"""The tables of a mixture: a row for each component, and the covariances."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from plugax import Table


def tables_of(metrics: Mapping[str, Any], covariance: str) -> tuple[Table, ...]:
    """The components; and for covariances with correlations these.

    Arguments:
        metrics: those of `evaluate`.
        covariance: the form of the covariances.
    """
    names = metrics["columns"]
    means = np.asarray(metrics["means"], float)
    covariances = np.asarray(metrics["covariances"], float)
    numbers = list(range(1, len(means) + 1))
    deviations = np.sqrt(np.diagonal(covariances, axis1=1, axis2=2))
    heavy = "freedom" in metrics
    columns: dict[str, Any] = {"component": numbers, "weight": list(metrics["weights"])}
    columns |= {"rows": list(metrics["sizes"])}
    columns |= {f"mean {name}": means[:, k].tolist() for k, name in enumerate(names)}
    what = "scale" if heavy else "sd"
    columns |= {f"{what} {name}": deviations[:, k].tolist() for k, name in enumerate(names)}
    columns |= {"freedom": list(metrics["freedom"])} if heavy else {}
    shown = ("weights", "sizes", "means", "columns", *(("freedom",) if heavy else ()))
    matrices = covariance in ("full", "tied") and len(names) > 1
    components = Table(columns, metrics=shown if matrices else (*shown, "covariances"))
    if not matrices:
        return (components,)
    which = ["all"] if covariance == "tied" else [str(number) for number in numbers]
    rows = {
        "component": [number for number in which for _ in names],
        "column": [name for _ in which for name in names],
    }
    values = covariances[: len(which)]
    rows |= {name: values[:, :, k].ravel().tolist() for k, name in enumerate(names)}
    title = "scale matrices" if heavy else "covariances"
    return components, Table(rows, metrics=("covariances",), title=title)
