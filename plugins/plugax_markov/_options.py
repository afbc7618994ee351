"""Checks of the options of a hidden Markov model, and the emission that they ask for."""

import numpy as np

from plugax import PlugaxError

from ._categorical import Categorical
from ._emission import AbstractEmission
from ._gaussian import Gaussian
from ._poisson import Poisson
from ._sequences import Sequences
from ._switching_mean import SwitchingMean


def check_options(
    *,
    states: int,
    order: int,
    concentration: float,
    stickiness: float,
    prior_weight: float,
) -> None:
    """Raise unless the numbers make sense.

    Errors: `PlugaxError` with what was expected.
    """
    if states < 1:
        raise PlugaxError(f"states must be at least 1; got {states}.")
    if order < 1:
        raise PlugaxError(
            f"order must be at least 1; got {order}. For observations that do not depend on those "
            "before, use the emission gaussian."
        )
    if not concentration >= 1:
        raise PlugaxError(
            f"concentration must be at least 1; got {concentration:g}. Below 1 the density of the "
            "prior is infinite if a probability is 0, so there is no most probable model."
        )
    for name, value in (("stickiness", stickiness), ("prior_weight", prior_weight)):
        if not (value >= 0 and np.isfinite(value)):
            raise PlugaxError(f"{name} must be a finite number, at least 0; got {value:g}.")


def emission_of(
    sequences: Sequences,
    emission: str,
    *,
    states: int,
    order: int,
    covariance: str,
    prior_weight: float,
) -> AbstractEmission:
    """The emission with its data.

    Errors: `PlugaxError` for data that it cannot have.
    """
    values, columns = sequences.values, sequences.columns
    check_values(sequences, emission, order if emission in ORDERED else 0)
    if np.isfinite(values).any(axis=2).sum() <= states:
        raise PlugaxError(
            f"{np.isfinite(values).any(axis=2).sum()} rows are too few for {states} states."
        )
    if emission == "poisson":
        return Poisson(values, columns, states)
    if emission == "categorical":
        return Categorical(values, columns, sequences.categories, states)
    if emission == "switching-mean":
        return SwitchingMean(values, columns, states, order)
    order = order if emission == "autoregressive" else 0
    return Gaussian(values, columns, states, order, covariance, prior_weight)


ORDERED = ("autoregressive", "switching-mean")


def check_values(sequences: Sequences, emission: str, order: int) -> None:
    """Raise unless values are counts if they have to be, and sequences are longer than the order.

    Errors: `PlugaxError` with the place of the first fault.
    """
    table, values = sequences.table, sequences.values
    if emission == "poisson":
        good = np.isnan(values) | ((values >= 0) & (values == np.round(values)))
        if not good.all():
            n, t, d = np.argwhere(~good)[0]
            raise PlugaxError(
                f"{table.source}, {table.place(int(sequences.rows[n, t]))}: "
                f"{sequences.columns[d]} must be a count, 0 or more (emission poisson); got "
                f"{values[n, t, d]:g}. For any number, use the emission gaussian."
            )
    lengths = sequences.within.sum(axis=1)
    if lengths.min() <= order:
        which = int(lengths.argmin())
        name = f" {sequences.names[which]!r}" * bool(sequences.names[which])
        raise PlugaxError(
            f"{table.source}: the sequence{name} has {lengths[which]} rows, which are too few for "
            f"order {order}: the first {order} of each sequence are only explanatory."
        )
