"""A table as training and validation part, scaled by the training part alone."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float, Int, Shaped

from plugax import PlugaxError
from plugax_regression import Table, unknown_column

from ._columns import Column, Missing, columns_of, inputs_of, text_of
from ._scaling import Scaling, moments
from ._split import split
from ._weighting import class_weights_of, weights_of

Part = tuple[np.ndarray, np.ndarray, np.ndarray | None]
"""Inputs, targets and weights."""
MOST_CLASSES = 100


class Prepared(NamedTuple):
    """What a network learns from.

    Attributes:
        train: the training part.
        validation: the part that is kept back; None for none.
        columns: how columns become inputs.
        scaling: how inputs and targets were scaled.
    """

    train: Part
    validation: Part | None
    columns: tuple[Column, ...]
    scaling: Scaling


def labels_of(table: Table, response: str) -> tuple[Int[np.ndarray, " rows"], tuple[Any, ...]]:
    """The class of every row, numbered, and the names of the classes in increasing order.

    Errors: `PlugaxError` if the column does not exist, lacks a value, or holds one class, or more
    than `MOST_CLASSES`.
    """
    _check_response(table, response)
    texts = [text_of(cell) for cell in table.cells[response]]
    names, labels = np.unique(np.asarray(texts), return_inverse=True)
    try:  # numbers in the order of numbers: 2 before 10
        order = np.argsort([float(name) for name in names], kind="stable")
        names, labels = names[order], np.argsort(order)[labels]
    except ValueError:
        pass
    if len(names) < 2:
        only = str(names[0])
        raise PlugaxError(
            f"{table.source}, column {response!r}, the response, holds one class, {only!r}; there "
            "is nothing to tell apart."
        )
    if len(names) > MOST_CLASSES:
        raise PlugaxError(
            f"{table.source}, column {response!r}, the response, holds {len(names)} different "
            f"values; at most {MOST_CLASSES} classes are told apart. For numbers there is the "
            "problem regression-network."
        )
    return labels.astype(np.int32), tuple(names.tolist())


def numbers_of(table: Table, response: str) -> Float[np.ndarray, " rows"]:
    """The number to be predicted of every row.

    Errors: `PlugaxError` if the column does not exist, or for a cell that holds no finite number.
    """
    _check_response(table, response)
    return table.column(response)


def prepare(
    table: Table,
    response: str,
    targets: Shaped[np.ndarray, " rows"],
    *,
    labels: Int[np.ndarray, " rows"] | None,
    columns: Sequence[str] | None,
    categories: Sequence[str],
    missing: Missing,
    weights: str | None,
    balanced: bool,
    validation: float,
    seed: int,
) -> Prepared:
    """The parts of a table.

    Arguments:
        table: the table.
        response: the column that is predicted.
        targets: its values.
        labels: the class of every row; None for numbers.
        columns: the columns to learn from; None for all others.
        categories: those of them that hold categories although they are numbers.
        missing: what is done about missing cells.
        weights: the column of weights; None for none.
        balanced: whether all classes count the same in training.
        validation: the share that is kept back.
        seed: draws it.

    Errors: `PlugaxError` for a column or a cell that cannot be used.
    """
    if weights is not None and weights not in table.cells:
        raise unknown_column(weights, table.cells, "weights")
    if columns is None:
        columns = [name for name in table.cells if name not in (response, weights)]
    if response in columns:
        raise PlugaxError(
            f"The response {response!r} is among the columns to learn from, which would tell it; "
            "leave it out."
        )
    if not columns:
        raise PlugaxError(f"{table.source} has no column besides {response!r} to learn from.")
    given = None if weights is None else weights_of(table.column(weights), table.rows)
    training, kept = split(table.rows, validation, seed, labels)
    found = columns_of(table, columns, categories, missing, training)
    inputs = inputs_of(found, table)
    means, deviations = moments(inputs[training])
    inputs = (inputs - means) / deviations
    scaling = Scaling(means, deviations)
    if labels is None:
        offset, factor = float(targets[training].mean()), float(targets[training].std())
        if not factor:
            raise PlugaxError(
                f"{table.source}, column {response!r}, the response, is {offset:g} in every row of "
                "the training part; there is nothing to learn."
            )
        scaling = Scaling(means, deviations, offset, factor)
        targets = (targets - offset) / factor
    shares = class_weights_of("balanced", targets[training]) if balanced else None
    own = None if given is None else given[training]
    both = own if shares is None else shares if own is None else shares * own
    held = inputs[kept], targets[kept], None if given is None else given[kept]
    return Prepared(
        train=(inputs[training], targets[training], both),
        validation=held if len(kept) else None,
        columns=found,
        scaling=scaling,
    )


def _check_response(table: Table, response: str) -> None:
    if response not in table.cells:
        raise unknown_column(response, table.cells, "response")
    gaps = table.missing(response)
    if gaps.any():
        raise PlugaxError(
            f"{table.source}, {table.place(int(np.argmax(gaps)))}, column {response!r}: the value "
            f"of the response is missing, the first of {int(gaps.sum())}. Leave these rows out."
        )
