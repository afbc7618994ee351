"""The data of a generalised linear model: design, response, trials and offset."""

import os
from collections.abc import Mapping
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from plugax import PlugaxError

from ._existence import check_existence
from ._families import FAMILIES
from ._own_data import own_data_of
from ._table import Table, table_of, unknown_column
from ._terms import Term


class GeneralisedData(NamedTuple):
    """The parts of a generalised linear model; `response` is a share if there are trials."""

    columns: Float[Array, "terms points"]
    response: Float[Array, " points"]
    trials: Float[Array, " points"]
    offset: Float[Array, " points"]
    terms: tuple[str, ...]
    response_name: str
    formulas: tuple[Term, ...]
    explanatory: Float[Array, " points"] | None


def generalised_data_of(
    data: str | os.PathLike | Mapping[str, Any],
    response: str,
    family: str,
    terms: tuple[str, ...] | None,
    *,
    intercept: bool,
    trials: str | None,
    offset: str | None,
    determined: bool = True,
) -> GeneralisedData:
    """The parts of the model from the arguments of `GeneralisedLinearModel`.

    Unless the data have to have `determined` the coefficients, any terms will do.

    Errors: `PlugaxError` for what cannot be fitted, with the place of the cell.
    """
    table = table_of(data)
    special = {name for name in (trials, offset) if name is not None}
    for name in special - set(table.cells):
        raise unknown_column(name, table.cells, "trials" if name == trials else "offset")
    if trials is not None and family != "binomial":
        raise PlugaxError(f"trials belong to the binomial family; got the family {family}.")
    own = own_data_of(
        data,
        response,
        terms,
        intercept=intercept,
        weights=None,
        apart=special,
        determined=determined,
    )
    y = np.asarray(own.response, float)
    count = np.ones_like(y) if trials is None else table.column(trials)
    if trials is not None:
        _check(table, trials, count, "a whole number, 1 or more", (count >= 1) & _whole(count))
        inside = (y >= 0) & (y <= count) & _whole(y)
        _check(table, response, y, f"a whole number from 0 to {trials}", inside)
        y = y / count
    words, test = FAMILIES[family].domain
    _check(table, response, y, f"{words} (family {family})", test(y))
    if determined:
        check_existence(np.asarray(own.columns, float).T, own.terms, _growing(y, family), family)
    shift = np.zeros_like(y) if offset is None else table.column(offset)
    return GeneralisedData(
        columns=own.columns,
        response=jnp.asarray(y, own.response.dtype),
        trials=jnp.asarray(count, own.response.dtype),
        offset=jnp.asarray(shift, own.response.dtype),
        terms=own.terms,
        response_name=own.response_name,
        formulas=own.formulas,
        explanatory=own.explanatory,
    )


def _whole(values: np.ndarray) -> np.ndarray:
    return values == np.round(values)


def _growing(y: np.ndarray, family: str) -> np.ndarray:
    """The sign of the predictor that a row prefers without end; 0 for none."""
    if family == "binomial":
        return np.where(y == 1, 1.0, np.where(y == 0, -1.0, 0.0))
    if family in ("poisson", "negative-binomial"):
        return np.where(y == 0, -1.0, 0.0)
    return np.zeros_like(y)


def _check(table: Table, name: str, values: np.ndarray, words: str, good: np.ndarray) -> None:
    if np.all(good):
        return
    row = int(np.argmin(good))
    raise PlugaxError(
        f"{table.source}, {table.place(row)}: {name} must be {words}; got {values[row]:g}."
    )
