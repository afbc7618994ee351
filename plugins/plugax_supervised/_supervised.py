"""Your own model, loss and arrays as a problem."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray, PyTree

from plugax import AbstractData, AbstractStatefulProblem, FullBatch, PlugaxError, Stateful
from plugax.data import AbstractStream
from plugax.losses import AbstractLoss, SquaredError
from plugax_augmentation import Augmentation, Mixup, read_augmentations

from ._abstract_supervised import AbstractSupervised, Batch, Examples
from ._answers import USUAL
from ._check import check_changes, check_fit, check_loss
from ._least_squares import LeastSquaresSupervised
from ._metrics import Metric, metrics_of
from ._model import as_unknowns, is_ready, make_unknowns
from ._parts import parts_of_arrays, parts_of_stream
from ._per_example import PerExample, per_example_of
from ._scaling import Scales


class Supervised(AbstractSupervised):
    """A model without a state; made by `supervised`."""

    given: PyTree
    measure: AbstractLoss
    train: AbstractData
    validation: Examples | None
    factory: Callable[..., Any] | None = eqx.field(static=True)
    metrics: tuple[Metric, ...] = eqx.field(static=True)
    classes: tuple[Any, ...] | None = eqx.field(static=True)
    scaling: Scales | None = eqx.field(static=True, default=None)
    per_example: PerExample | None = eqx.field(static=True, default=None)
    augmentations: tuple[Augmentation, ...] = ()
    mixup: Mixup | None = None

    def loss(
        self, unknowns: PyTree, batch: Batch, key: PRNGKeyArray
    ) -> tuple[Float[Array, ""], dict[str, Array]]:
        """The loss of a batch; metrics of the gradients of its examples, if asked for."""
        return self.measured(unknowns, batch, key, self.augmentations, self.mixup)[:2]


class StatefulSupervised(AbstractSupervised, AbstractStatefulProblem):  # pyright: ignore[reportIncompatibleMethodOverride]
    """A model with an `eqx.nn.State`, such as that of batch normalisation; made by `supervised`."""

    given: PyTree
    measure: AbstractLoss
    train: AbstractData
    validation: Examples | None
    factory: Callable[..., Any] | None = eqx.field(static=True)
    metrics: tuple[Metric, ...] = eqx.field(static=True)
    classes: tuple[Any, ...] | None = eqx.field(static=True)
    scaling: Scales | None = eqx.field(static=True, default=None)
    per_example: PerExample | None = eqx.field(static=True, default=None)
    augmentations: tuple[Augmentation, ...] = ()
    mixup: Mixup | None = None

    def stateful_loss(
        self, unknowns: Stateful, batch: Batch, key: PRNGKeyArray
    ) -> tuple[Float[Array, ""], dict[str, Array], PyTree]:
        """The loss of a batch, and the state after it."""
        return self.measured(unknowns, batch, key, self.augmentations, self.mixup)


def supervised(
    model: Any,
    loss: Any,
    inputs: PyTree,
    targets: Any = None,
    *,
    validation: float | int | tuple[PyTree, Any] | None = None,
    seed: int = 0,
    batch_size: int | None = 32,
    metrics: Sequence[str] | None = None,
    weights: Any = None,
    class_weights: str | Sequence[float | int] | Mapping[int, float | int] | None = None,
    classes: Sequence[Any] | None = None,
    augment: str | Augmentation | Sequence[str | Augmentation] = (),
    mixup: float | int | None = None,
    gradient_statistics: bool = False,
    clip_per_example: float | int | None = None,
    block: int = 32,
) -> Supervised | StatefulSupervised | LeastSquaresSupervised:
    """The problem of fitting a model to examples.

    Arguments:
        model: a model, called with one example; or a function or class that makes one from a random
            key, such as `lambda key: eqx.nn.MLP(4, 3, 64, 2, key=key)`. With a state it is a pair,
            as `eqx.nn.make_with_state` makes it.
        loss: one of `plugax.losses`.
        inputs: an array, or a pytree of arrays, examples along axis 0; or a stream of
            `plugax.data` whose batches are pairs of inputs and targets, or triples with weights.
        targets: an array, examples along axis 0; integers if they are classes. None for a stream.
        validation: the share of the examples that is kept back, drawn by class where there are
            classes; 0 for none; or a pair of inputs and targets of your own, in arrays. By default
            0.2 of arrays, and none of a stream.
        seed: draws which examples are kept back.
        batch_size: examples in a step; all of them if there are fewer. With None every step sees
            all, in one order, for solvers that need that, such as `lbfgs`; and with squared errors
            those of least squares, such as `levenberg-marquardt`. Not for a stream, which has its
            own.
        metrics: the names of figures of merit, see `METRICS`; by default `accuracy` for classes,
            `rmse` and `r2` for numbers.
        weights: how much each example counts, in the loss and in metrics; by default all the same.
        class_weights: how much each class counts in training: numbers by class, or `"balanced"` for
            n / (K nₖ), by which all K classes count the same. The weights do not change the
            evaluation.
        classes: the names of the classes, in their order; then they are what is predicted.
        augment: how inputs are changed at random in training: functions `(picture, key) -> picture`
            such as `plugax_augmentation.Shift(2)`, or their names, such as `"shift=2"`.
        mixup: α, if the examples of a batch are mixed in pairs in training, with shares from the
            distribution Beta(α, α).
        gradient_statistics: whether each step records mean and largest norm, variance and signal to
            noise of the gradients of its examples.
        clip_per_example: the length to which the gradient of every example is clipped, over all
            weights, those that are held included; records the same metrics.
        block: how many of these gradients are in memory at once.

    Errors: `PlugaxError` if model, loss and arrays do not fit, or a value is not finite;
        `UnknownNameError` for a metric that does not exist or does not fit the loss.
    """
    check_loss(loss)
    of_arrays = {"weights": weights, "class_weights": class_weights}
    if isinstance(inputs, AbstractStream):
        parts = parts_of_stream(loss, inputs, validation=validation, targets=targets, **of_arrays)
    else:
        told = {"validation": validation, "seed": seed, "batch_size": batch_size}
        parts = parts_of_arrays(loss, inputs, targets, **told, **of_arrays)
    ready = is_ready(model)
    given, factory = (as_unknowns(model), None) if ready else (None, _factory(model))
    init = (lambda _: given) if factory is None else (lambda key: make_unknowns(factory, key))
    augmentations = read_augmentations(augment)
    names = None if classes is None else tuple(np.asarray(classes).tolist())
    for part in (parts.some, parts.held):
        if part is not None:
            some_inputs, some_targets, _ = jax.tree.map(jnp.asarray, part)
            check_fit(init, loss, some_inputs, some_targets, names)
    if names is not None and parts.kind != "classes":
        raise PlugaxError(f"classes= are names of classes, which {type(loss).__name__} has not.")
    stateful = isinstance(eqx.filter_eval_shape(init, jr.key(0)), Stateful)
    check_changes(augmentations, mixup, parts.some[0])
    per_example = per_example_of(clip_per_example, gradient_statistics, block)
    if mixup is not None and per_example is not None:
        raise PlugaxError(
            "With mixup every example is part of two, so none has a gradient of its own: leave out "
            "mixup, or gradient_statistics and clip_per_example."
        )
    if stateful and per_example is not None:
        raise PlugaxError(
            "Layers with a state look at the whole batch, so no example has a gradient of its own: "
            "leave out gradient_statistics and clip_per_example, or take GroupNorm or LayerNorm."
        )
    told: dict[str, Any] = {
        "given": given,
        "factory": factory,
        "measure": loss,
        "train": parts.train,
        "validation": jax.tree.map(jnp.asarray, parts.held),
        "metrics": metrics_of(USUAL[parts.kind] if metrics is None else metrics, parts.kind),
        "classes": names,
        "per_example": per_example,
    }
    squares = isinstance(parts.train, FullBatch) and isinstance(loss, SquaredError)
    if squares and not (stateful or per_example or augmentations or mixup):
        return LeastSquaresSupervised(**told)
    changes = {"augmentations": augmentations, "mixup": None if mixup is None else Mixup(mixup)}
    return (StatefulSupervised if stateful else Supervised)(**told, **changes)


def _factory(model: Any) -> Callable[..., Any]:
    if not callable(model):
        raise PlugaxError(
            "model must be a model (an eqx.Module), a pair of a model and its eqx.nn.State, or a "
            f"function that makes one from a random key; got {model!r}."
        )
    return model
