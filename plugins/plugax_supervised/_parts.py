"""The parts of the examples: what is learned from, on the device or streamed; what is kept back."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import jax
import numpy as np
from jaxtyping import PyTree

from plugax import AbstractData, PlugaxError
from plugax.data import AbstractStream
from plugax.losses import AbstractLoss

from ._answers import kind_of
from ._batches import batches_of
from ._check import as_arrays, examples_of
from ._metrics import Kind
from ._split import split
from ._weighting import class_weights_of, weights_of

SHARE = 0.2
"""Of the examples in arrays, what is kept back by default."""

ClassWeights = str | Sequence[float | int] | Mapping[int, float | int] | None


class Parts(NamedTuple):
    """The examples of a problem; those at hand are inputs, targets and weights in NumPy arrays.

    Attributes:
        train: the training part, in batches.
        some: examples of it: all of them, or those of the first batch of a stream.
        held: the part that is kept back; None for none.
        kind: what the targets are.
    """

    train: AbstractData
    some: tuple[PyTree, Any, Any]
    held: tuple[PyTree, Any, Any] | None
    kind: Kind | None


def parts_of_arrays(
    measure: AbstractLoss,
    inputs: PyTree,
    targets: Any,
    *,
    validation: Any,
    seed: int,
    batch_size: int | None,
    weights: Any,
    class_weights: ClassWeights,
) -> Parts:
    """The parts of examples in memory; for the arguments, and errors, see `supervised`."""
    if targets is None:
        raise PlugaxError("Inputs need targets; only the batches of a stream hold both.")
    inputs, targets = as_arrays("inputs", inputs), as_arrays("targets", targets)
    examples = examples_of(inputs, targets)
    weights = weights_of(weights, examples)
    kind = kind_of(measure, targets)
    labels = targets if kind == "classes" and targets.ndim == 1 else None
    own = isinstance(validation, tuple)
    share = 0.0 if own else SHARE if validation is None else validation
    training, kept = split(examples, share, seed, labels)
    take = lambda where: jax.tree.map(lambda a: a[where], (inputs, targets, weights))  # noqa: E731
    held = _own(validation) if own else take(kept) if len(kept) else None
    learned = take(training)
    if class_weights is not None:
        if labels is None:
            raise PlugaxError("class_weights need one class for each example as its target.")
        by_class = class_weights_of(class_weights, learned[1])
        learned = (*learned[:2], by_class if learned[2] is None else by_class * learned[2])
    return Parts(batches_of(learned, batch_size), learned, held, kind)


def parts_of_stream(
    measure: AbstractLoss,
    stream: AbstractStream,
    *,
    validation: Any,
    **of_arrays: Any,
) -> Parts:
    """The parts of examples that are read on the host.

    Arguments:
        measure: the loss.
        stream: gives pairs of inputs and targets, or triples with weights.
        validation: inputs and targets of the user's own; 0 or None for none.
        of_arrays: arguments that only arrays can have, all of them None.

    Errors: `PlugaxError` for arguments that need all examples at once, and if the first batch is no
    such pair, or its parts do not fit to each other.
    """
    given = [name for name, value in of_arrays.items() if value is not None]
    if given:
        raise PlugaxError(
            f"{given[0]} is for arrays in memory; the batches of a stream hold inputs, targets "
            "and, if there are any, the weights of the examples."
        )
    own = isinstance(validation, tuple)
    if validation and not own:
        raise PlugaxError(
            "No share of a stream is kept back. Give examples of their own to judge by, "
            "validation=(inputs, targets), as arrays; or 0 for none."
        )
    batch = stream.first()
    if not isinstance(batch, tuple | list) or len(batch) not in (2, 3):
        names = f" with {sorted(batch)}" if isinstance(batch, dict) else ""
        raise PlugaxError(
            "The batches of the stream must be pairs (inputs, targets), or triples with the "
            f"weights of the examples; the first is a {type(batch).__name__}{names}."
        )
    inputs, targets, weights = with_weights(batch)
    inputs, targets = as_arrays("inputs", inputs), as_arrays("targets", targets)
    some = inputs, targets, weights_of(weights, examples_of(inputs, targets))
    return Parts(stream, some, _own(validation) if own else None, kind_of(measure, targets))


def with_weights(batch: Any) -> tuple[PyTree, Any, Any]:
    """Inputs, targets and weights of a batch; a stream may leave out the weights."""
    inputs, targets, *weights = batch
    return inputs, targets, weights[0] if weights else None


def _own(validation: tuple[PyTree, Any]) -> tuple[PyTree, np.ndarray, None]:
    """Examples that a user gives to judge by."""
    inputs = as_arrays("validation inputs", validation[0])
    targets = as_arrays("validation targets", validation[1])
    examples_of(inputs, targets)
    return inputs, targets, None
