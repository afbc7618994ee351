"""A linear model of the user's own data: from columns and formulas to a design and a response."""

import os
from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from plugax import PlugaxError

from ._rank import check_rank
from ._table import Table, table_of, unknown_column
from ._terms import Term, parse_term
from ._whitening import factor_of, whiten


class OwnData(NamedTuple):
    """The parts of a linear model.

    Attributes:
        columns: Xᵀ, a row for every term, multiplied by L⁻¹.
        response: y, multiplied by L⁻¹.
        factor: L of the covariance L Lᵀ of the response, or its diagonal; None for 1.
        terms: the names of the columns, `"intercept"` first if there is one.
        response_name: the name of y.
        formulas: the terms besides the intercept.
        explanatory: the one column that all terms are functions of; None if there are several.
    """

    columns: Float[Array, "terms points"]
    response: Float[Array, " points"]
    factor: Float[Array, "..."] | None
    terms: tuple[str, ...]
    response_name: str
    formulas: tuple[Term, ...]
    explanatory: Float[Array, " points"] | None


def own_data_of(
    data: str | os.PathLike | Mapping[str, Any],
    response: str,
    terms: tuple[str, ...] | None,
    *,
    intercept: bool,
    weights: str | None,
    covariance: Float[Array | np.ndarray, "rows columns"] | None = None,
    apart: Collection[str] = (),
    determined: bool = True,
) -> OwnData:
    """The parts of a linear model from the arguments of `LinearRegression`, in JAX's precision.

    Columns that stand `apart` have a part of their own, and are no terms by default. Unless the
    data have to have `determined` the coefficients, there may be more terms than rows.
    """
    table = table_of(data)
    explained = parse_term(response, table.cells, "response")
    formulas = _formulas(table, explained, terms, {weights, *apart})
    names = ("intercept",) * intercept + tuple(term.name for term in formulas)
    _check_terms(names)
    y = explained.of(table)
    columns = [np.ones(table.rows)] * intercept + [term.of(table) for term in formulas]
    if determined and table.rows <= len(columns):
        raise PlugaxError(
            f"{table.source} has {table.rows} rows; {len(columns)} coefficients "
            f"({', '.join(names)}) and the spread about them need at least {len(columns) + 1}."
        )
    x = np.stack(columns, axis=1)
    if determined:
        check_rank(x, names)
    _check_range([y, *columns], (explained.name, *names))
    given = _factor(table, weights, covariance)
    factor = None if given is None else jnp.asarray(given, float)
    # With a single explanatory column the fit can be drawn as a curve.
    used = columns_of(formulas)
    return OwnData(
        columns=whiten(factor, jnp.asarray(x, float)).T,
        response=whiten(factor, jnp.asarray(y, float)),
        factor=factor,
        terms=names,
        response_name=explained.name,
        formulas=formulas,
        explanatory=jnp.asarray(table.column(used[0]), float) if len(used) == 1 else None,
    )


def columns_of(formulas: tuple[Term, ...]) -> list[str]:
    """The columns that terms are functions of."""
    return sorted({name for term in formulas for name in term.columns})


def rows_at(
    inputs: Any, formulas: tuple[Term, ...], *, intercept: bool
) -> Float[np.ndarray, "places terms"]:
    """The rows of the design at other places.

    Arguments:
        inputs: a file or arrays by name, or one array if one column explains the response.
        formulas: the terms besides the intercept.
        intercept: whether there is an intercept.
    """
    names = columns_of(formulas)
    if len(names) == 1 and not isinstance(inputs, str | os.PathLike):
        keyed = hasattr(inputs, "keys") and hasattr(inputs, "__getitem__")
        inputs = inputs if keyed else {names[0]: np.atleast_1d(inputs)}
    table = table_of(inputs)
    for name in names:
        if name not in table.cells:
            raise unknown_column(name, table.cells, "the model")
    ones = [np.ones(table.rows)] * intercept
    return np.stack(ones + [term.of(table) for term in formulas], axis=1)


def _formulas(
    table: Table,
    explained: Term,
    terms: Sequence[str] | None,
    apart: Collection[str | None] = (),
) -> tuple[Term, ...]:
    """The terms that were given, or all columns but those of the response and those apart."""
    if isinstance(terms, str):
        raise PlugaxError(f"terms must be several texts, as in ('x', 'x^2'); got {terms!r}.")
    if terms is None:
        terms = [name for name in table.cells if name not in {*explained.columns, *apart}]
    found = tuple(parse_term(term, table.cells) for term in terms)
    for term in found:
        if term.name == "intercept":
            raise PlugaxError(
                "A column called 'intercept' cannot be a term, since the constant term has that "
                "name; rename it, or leave it out if it is constant."
            )
        if term.factors == explained.factors:
            raise PlugaxError(
                f"The response {explained.name} is among the terms, which would explain it by "
                "itself; leave it out."
            )
    return found


def _factor(table: Table, weights: str | None, covariance: Any) -> np.ndarray | None:
    """L of the covariance L Lᵀ of the response."""
    if weights is not None and covariance is not None:
        raise PlugaxError("Give weights or a covariance, not both.")
    if weights is not None:
        values = parse_term(weights, table.cells, "weights").of(table)
        if not np.all(values > 0):
            row = int(np.argmin(values > 0))
            raise PlugaxError(
                f"{table.source}, {table.place(row)}: weights must be positive; got "
                f"{values[row]:g}. Leave out a row that should not count."
            )
        return 1 / np.sqrt(values)
    if covariance is None:
        return None
    matrix = np.asarray(covariance, float)
    if matrix.shape != (table.rows, table.rows) or not np.all(np.isfinite(matrix)):
        raise PlugaxError(
            f"covariance must be finite and have the shape {(table.rows, table.rows)}, a row and a "
            f"column for each row of the data; got the shape {matrix.shape}."
        )
    return factor_of(matrix, "covariance")


def _check_terms(terms: tuple[str, ...]) -> None:
    if not terms:
        raise PlugaxError("There is nothing to fit: no terms, and no intercept.")
    for term in terms:
        if terms.count(term) > 1:
            raise PlugaxError(f"The term {term!r} is listed {terms.count(term)} times.")


def _check_range(columns: list[np.ndarray], names: tuple[str, ...]) -> None:
    """Raise if single precision is in use and cannot hold a column."""
    largest = float(jnp.finfo(jnp.result_type(float)).max)
    for name, column in zip(names, columns, strict=True):
        if np.abs(column).max() > largest:
            raise PlugaxError(
                f"{name} reaches {np.abs(column).max():.3g}, more than single precision holds. "
                'Switch float64 on with jax.config.update("jax_enable_x64", True), or rescale it.'
            )
