"""Buckets of similar length for a problem of your own."""

from collections.abc import Callable
from typing import Any

import equinox as eqx
from jaxtyping import PyTree

from plugax import PlugaxError, Shuffled
from plugax.losses import AbstractLoss
from plugax_supervised import AbstractSupervised, Examples, Metric, PerExample, Scales, Supervised

from ._abstract_sequences import AbstractSequences
from ._buckets import Buckets


class BucketedSupervised(AbstractSequences):
    """A model without a state, and sequences in buckets; made by `bucketed`."""

    given: PyTree
    measure: AbstractLoss
    train: Buckets
    validation: Examples | None
    factory: Callable[..., Any] | None = eqx.field(static=True)
    metrics: tuple[Metric, ...] = eqx.field(static=True)
    classes: tuple[Any, ...] | None = eqx.field(static=True)
    scaling: Scales | None = eqx.field(static=True)
    per_example: PerExample | None = eqx.field(static=True)


def bucketed(problem: AbstractSupervised, number: int = 4) -> BucketedSupervised:
    """The same problem, whose batches have sequences of similar length.

    Arguments:
        problem: made by `supervised` with inputs of `padded`, for a model on which padding has no
            effect.
        number: how many buckets there are.

    Errors: `PlugaxError` if the inputs are no values with lengths, or the model has a state.
    """
    if not isinstance(problem, Supervised):
        raise PlugaxError(
            "bucketed takes a problem that supervised has made, of a model without a state; got "
            f"{type(problem).__name__}."
        )
    train = problem.train
    if not isinstance(train, Shuffled):
        raise PlugaxError(
            "Buckets are made of examples in arrays, with a batch_size; the problem has "
            f"{type(train).__name__} data."
        )
    inputs = train.arrays[0]
    if not (isinstance(inputs, tuple) and len(inputs) == 2 and inputs[1].ndim == 1):
        raise PlugaxError(
            "Buckets need inputs that are values and lengths, as plugax_sequences.padded makes "
            "them."
        )
    return BucketedSupervised(
        given=problem.given,
        measure=problem.measure,
        train=Buckets(train.arrays, train.batch_size, number),
        validation=problem.validation,
        factory=problem.factory,
        metrics=problem.metrics,
        classes=problem.classes,
        scaling=problem.scaling,
        per_example=problem.per_example,
    )
