"""The squared error of all examples at once, as residuals."""

from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray, PyTree

from plugax import AbstractData, AbstractLeastSquares
from plugax.losses import AbstractLoss

from ._abstract_supervised import AbstractSupervised, Examples
from ._metrics import Metric
from ._model import outputs_and_state
from ._per_example import PerExample
from ._scaling import Scales


class LeastSquaresSupervised(AbstractSupervised, AbstractLeastSquares):  # pyright: ignore[reportIncompatibleMethodOverride]
    """A model without a state that is fitted by squared errors; made by `supervised`.

    With the errors eᵢ of m outputs each and the weights wᵢ, the residuals are

        rᵢ = √(2 wᵢ / (m Σ w)) eᵢ,

    or √(2 wᵢ) eᵢ for a sum, so that the loss is ½‖r‖², as of every other model. So solvers of least
    squares can be used, such as `levenberg-marquardt`.
    """

    given: PyTree
    measure: AbstractLoss
    train: AbstractData
    validation: Examples | None
    factory: Callable[..., Any] | None = eqx.field(static=True)
    metrics: tuple[Metric, ...] = eqx.field(static=True)
    classes: tuple[Any, ...] | None = eqx.field(static=True)
    scaling: Scales | None = eqx.field(static=True, default=None)
    per_example: PerExample | None = eqx.field(static=True, default=None)

    def residuals(
        self, unknowns: PyTree, batch: Examples, key: PRNGKeyArray
    ) -> tuple[Float[Array, "examples ..."], dict[str, Array]]:
        """The errors of all examples, scaled so that half their squared norm is the loss."""
        inputs, targets, weights = batch
        outputs, _ = outputs_and_state(unknowns, inputs, key)
        errors = outputs - targets.astype(outputs.dtype)
        weight = jnp.ones(len(errors), errors.dtype) if weights is None else weights
        weight = 2 * weight.astype(errors.dtype)
        if self.measure.reduction == "mean":
            weight = weight * len(errors) / (jnp.sum(weight) / 2 * errors.size)
        return errors * jnp.sqrt(weight).reshape(-1, *(1,) * (errors.ndim - 1)), {}
