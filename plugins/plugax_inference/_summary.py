"""The table of a posterior."""

from collections.abc import Mapping
from typing import Any

import numpy as np

import plugax as px

from ._diagnostics import diagnosed, quantities, worst
from ._sampler import after_warm_up, chains_of

QUANTILES = {"5 %": 0.05, "50 %": 0.5, "95 %": 0.95}
# As Vehtari et al. 2021 recommend, of all chains together.
MOST_R_HAT, LEAST_ESS, LEAST_BFMI = 1.01, 400, 0.3


def summary(chains: Any) -> px.Table:
    """Mean, standard deviation, quantiles and diagnostics of every quantity that was drawn.

    MCSE is the standard error of the mean by Monte Carlo; ESS the number of independent draws that
    are worth as much, for means (bulk) and for quantiles of 5 and 95 % (tail). Vehtari et al. 2021,
    doi 10.1214/20-BA1221.

    Arguments:
        chains: a solution of a sampler, or a population of chains.

    Errors: `PlugaxError` if there are no draws.
    """
    found = table_of(series_of(chains))
    if not found:
        raise px.PlugaxError("There are no draws: all steps were warm-up. Run more steps.")
    return found[0]


def series_of(chains: Any) -> dict[str, np.ndarray]:
    """The series of a solution or of a population, `(chains, steps, …)`."""
    if isinstance(chains, px.Solution):
        return {name: x[None] for name, x in chains.series.items()}
    return chains_of(chains)


def table_of(series: Mapping[str, np.ndarray]) -> tuple[px.Table, ...]:
    """The table of recorded series, if they hold draws."""
    if "warm_up" not in series:
        return ()
    drawn = after_warm_up(series)
    rows = [
        {
            "quantity": name,
            "mean": float(draws.mean()),
            "sd": float(draws.std(ddof=1)) if draws.size > 1 else np.nan,
            **{text: float(np.quantile(draws, q)) for text, q in QUANTILES.items()},
            **diagnosed(draws),
        }
        for name, draws in quantities(drawn)
        if draws.size
    ]
    if not rows:
        return ()
    columns = {name: [row[name] for row in rows] for name in rows[0]}
    chains, count = drawn["warm_up"].shape
    title = f"{chains} {'chain' if chains == 1 else 'chains'} of {count} draws"
    return (px.Table(columns, title=". ".join([title, *complaints(drawn)])),)


def complaints(drawn: Mapping[str, np.ndarray]) -> list[str]:
    """What is wrong with the draws, and what helps."""
    found, told = worst(drawn), []
    if found.get("r_hat", 1.0) > MOST_R_HAT:
        told.append(
            f"R-hat is up to {found['r_hat']:.3g}, above {MOST_R_HAT}: the chains do not agree "
            "yet; run more steps"
        )
    if found.get("ess_bulk", LEAST_ESS) < LEAST_ESS:
        told.append(
            f"The effective sample size is only {found['ess_bulk']:.0f}: run more steps, or more "
            "chains"
        )
    if found.get("divergent"):
        told.append(f"{found['divergent']} transitions diverged")
    if found.get("e_bfmi", 1.0) < LEAST_BFMI:
        told.append(
            f"E-BFMI is {found['e_bfmi']:.2g}, below {LEAST_BFMI}: the energies are explored "
            "slowly; write the model in other parameters, without heavy tails or funnels"
        )
    return told
