"""Whether chains agree, and how many independent draws they are worth; ArviZ's estimates.

Vehtari, Gelman, Simpson, Carpenter and Bürkner 2021, doi 10.1214/20-BA1221: R-hat of ranks and of
folded ranks, effective sample sizes of the bulk and of the tails. Betancourt 2016,
arXiv:1604.00695: the fraction of missing information from energies, E-BFMI.
"""

import itertools
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from arviz_stats import base

LEAST = 4
PREFIX = "draw."
AXES: dict[str, Any] = {"chain_axis": 0, "draw_axis": 1}
ESTIMATES: Any = base.array_stats  # pyright: ignore[reportPrivateImportUsage]


def quantities(series: Mapping[str, np.ndarray]) -> Iterator[tuple[str, np.ndarray]]:
    """Every number that is drawn, by name as in `theta[3]`, with its draws `(chains, draws)`."""
    for name, values in series.items():
        if name != "draw" and not name.startswith(PREFIX):
            continue
        own = name.removeprefix(PREFIX)
        for index in itertools.product(*map(range, values.shape[2:])):
            place = f"[{','.join(map(str, index))}]" if index else ""
            yield own + place, np.asarray(values[(..., *index)], float)


def diagnosed(draws: np.ndarray) -> dict[str, float]:
    """Diagnostics of the draws of one number, `(chains, draws)`; NaN for too few, or a constant."""
    names = ("mcse", "ess_bulk", "ess_tail", "r_hat")
    if draws.shape[1] < LEAST or np.ptp(draws) == 0 or not np.isfinite(draws).all():
        return dict.fromkeys(names, np.nan)
    found = (
        ESTIMATES.mcse(draws, **AXES),
        ESTIMATES.ess(draws, **AXES, method="bulk"),
        ESTIMATES.ess(draws, **AXES, method="tail", prob=(0.05, 0.95)),
        ESTIMATES.rhat(draws, **AXES),
    )
    return dict(zip(names, map(float, found), strict=True))


def worst(series: Mapping[str, np.ndarray]) -> dict[str, Any]:
    """The largest R-hat, the smallest effective sample sizes, divergent transitions of all."""
    found = [diagnosed(draws) for _, draws in quantities(series)]
    told: dict[str, Any] = {}
    if found:
        told |= {
            "r_hat": _of(np.max, [one["r_hat"] for one in found]),
            "ess_bulk": _of(np.min, [one["ess_bulk"] for one in found]),
            "ess_tail": _of(np.min, [one["ess_tail"] for one in found]),
        }
    if "divergent" in series:
        told["divergent"] = int(series["divergent"].sum())
    if "energy" in series and series["energy"].shape[1] >= LEAST:
        told["e_bfmi"] = float(np.min(missing_information(series["energy"])))
    return told


def missing_information(energies: np.ndarray) -> np.ndarray:
    """E-BFMI of every chain: mean squared change of the energy over its variance; ≥ 0.3 is good."""
    energies = np.asarray(energies, float)
    return np.mean(np.diff(energies, axis=1) ** 2, axis=1) / np.var(energies, axis=1)


def _of(function: Any, values: list[float]) -> float:
    known = [value for value in values if not np.isnan(value)]
    return float(function(known)) if known else np.nan
