"""The rows of a table as points, standardised: x = m + A z.

m is the mean and A follows from the covariance of all rows, so that z has mean 0 and a spread of 1
and the mixture does not depend on units. The log-likelihood of x is that of z, less n log det A.
"""

import os
from typing import Any

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from plugax import PlugaxError
from plugax_regression import Table, table_of, unknown_column

from ._forms import FORMS

# Of the smallest part of a column that the others do not explain, relative to the column.
DEPENDENT = 1e-7


class Rows(eqx.Module):
    """Standardised rows.

    Attributes:
        z: the standardised data.
        centre: m, the mean of every column [the unit of the column].
        unit: A, lower triangular.
        columns: the names of the columns.
    """

    z: Float[Array, "axes rows"]
    centre: Float[Array, " axes"]
    unit: Float[Array, "axes axes"]
    columns: tuple[str, ...] = eqx.field(static=True)

    @property
    def log_volume(self) -> Float[Array, ""]:
        """log det A."""
        return jnp.sum(jnp.log(jnp.diagonal(self.unit)))

    @property
    def scaled(self) -> Float[Array, "axes rows"]:
        """Every column with mean 0, in units of its standard deviation."""
        deviations = jnp.linalg.norm(self.unit, axis=1, keepdims=True)
        return jnp.matmul(self.unit / deviations, self.z, precision="highest")

    def standardised(self, points: Float[np.ndarray, "points axes"]) -> Float[Array, "axes points"]:
        """Other points as z.

        Arguments:
            points: in the units of the data.
        """
        unit, centre = np.asarray(self.unit, float), np.asarray(self.centre, float)
        z = np.linalg.solve(unit, (points - centre).T)
        return jnp.asarray(z, self.z.dtype)


def rows_of(data: Any, columns: tuple[str, ...] | None, covariance: str, components: int) -> Rows:
    """The rows of a file, or of arrays, in JAX's precision.

    Arguments:
        data: a file's path, arrays by name, or one array with a row for each point.
        columns: the names of the columns; None for all.
        covariance: the form of the covariances.
        components: how many there are to be.

    Errors: `PlugaxError` for a column that lacks, a cell without a number (with its place), too few
    rows, and columns that are constant or that others determine.
    """
    table = _table(data, None)
    if isinstance(columns, str):
        raise PlugaxError(f"columns must be several texts, as in ('x', 'y'); got {columns!r}.")
    names = tuple(table.cells) if columns is None else tuple(columns)
    if not names:
        raise PlugaxError(f"columns names no column of {table.source}; name one or more.")
    for name in names:
        if names.count(name) > 1:
            raise PlugaxError(f"columns lists {name!r} {names.count(name)} times.")
    points = _points(table, names, "columns")
    needed = max(components, len(names)) + 1
    if len(points) < needed:
        raise PlugaxError(
            f"{table.source} has {len(points)} rows; {components} components of {len(names)} "
            f"columns need at least {needed}."
        )
    centre = points.mean(axis=0)
    deviations = points.std(axis=0)
    for name, deviation, values in zip(names, deviations, points.T, strict=True):
        if not deviation > 10 * np.finfo(float).eps * np.abs(values).max():
            raise PlugaxError(
                f"The column {name!r} is the same in every row, so it tells no groups apart; leave "
                "it out."
            )
    scaled = (points - centre) / deviations
    correlations = scaled.T @ scaled / len(points)
    if covariance in ("full", "tied") and np.linalg.eigvalsh(correlations)[0] < DEPENDENT**2:
        raise PlugaxError(
            f"Among the columns {', '.join(map(repr, names))} one is a combination of the others, "
            f"so {covariance} covariances have no inverse; leave it out, or take diagonal ones."
        )
    spread = correlations * deviations[:, None] * deviations
    unit = FORMS[covariance].unit(spread)
    z = np.linalg.solve(unit / deviations[:, None], scaled.T)
    _check_range(centre, unit)
    return Rows(jnp.asarray(z, float), jnp.asarray(centre, float), jnp.asarray(unit, float), names)


def points_at(inputs: Any, columns: tuple[str, ...]) -> Float[np.ndarray, "points axes"]:
    """The points of a table, in the units of the data.

    Arguments:
        inputs: a file's path, arrays by name, or one array with a row for each point.
        columns: the columns of the mixture.

    Errors: `PlugaxError` for a column that lacks, or a cell without a number (with its place).
    """
    return _points(_table(inputs, columns), columns, "the mixture")


def _table(data: Any, columns: tuple[str, ...] | None) -> Table:
    """The table that was given; an array has columns x1, x2, …, or those that are known."""
    if isinstance(data, str | os.PathLike) or hasattr(data, "keys"):
        return table_of(data)
    array = np.asarray(data)
    if array.ndim == 1 and columns is not None and len(columns) == 1:
        array = array[:, None]
    if array.ndim != 2 or not array.shape[1]:
        raise PlugaxError(
            "data must be a file's path, arrays by name such as {'x': x, 'y': y}, or one array of "
            f"two axes with a row for each point; got {type(data).__name__} of the shape "
            f"{array.shape}."
        )
    names = tuple(f"x{k}" for k in range(1, array.shape[1] + 1)) if columns is None else columns
    if len(names) != array.shape[1]:
        raise PlugaxError(
            f"A row has the {len(names)} columns {', '.join(map(repr, names))}; got an array of "
            f"the shape {array.shape}."
        )
    return table_of(dict(zip(names, array.T, strict=True)))


def _points(table: Table, names: tuple[str, ...], what: str) -> Float[np.ndarray, "points axes"]:
    for name in names:
        if name not in table.cells:
            raise unknown_column(name, table.cells, what)
    return np.stack([table.column(name) for name in names], axis=1)


def _check_range(centre: np.ndarray, unit: np.ndarray) -> None:
    """Raise if single precision is in use and cannot hold mean and covariance."""
    precision = jnp.finfo(jnp.result_type(float))
    largest = max(float(np.abs(centre).max()), float(np.abs(unit).max()) ** 2)
    smallest = float(np.diag(unit).min()) ** 2
    if largest > float(precision.max) or smallest < float(precision.tiny):
        raise PlugaxError(
            "Single precision cannot hold the means or variances of the columns. Switch float64 on "
            'with jax.config.update("jax_enable_x64", True), or rescale the data.'
        )
