"""A model that learns from examples: its training part, its validation part, its predictions."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray, PyTree

from plugax import AbstractData, AbstractProblem, PlugaxError
from plugax.losses import AbstractLoss
from plugax_augmentation import Augmentation, Mixup, augment

from ._answers import answers, judged, probabilities
from ._clipped_loss import clipped_loss
from ._metrics import Metric
from ._model import in_pieces, inference, make_unknowns, outputs_and_state
from ._parts import with_weights
from ._per_example import PerExample
from ._scaling import Scales

if TYPE_CHECKING:
    from plugax import Solution

Examples = tuple[PyTree, Array, Float[Array, " examples"] | None]
"""Inputs, targets and weights."""
Batch = Examples | tuple[PyTree, Array] | list
"""Examples; those of a stream may lack weights, or come in a list."""


class AbstractSupervised(AbstractProblem):
    """Find the weights θ of a model f for which the loss of examples is least.

    The loss of a batch of examples (x, y) with weights w is that of `measure`, by default
    Σ w l(f(x; θ), y) / Σ w. In training every example has a random key of its own, in evaluation
    and prediction nothing is random, and layers use the statistics that they have gathered.

    - `factory`: makes the model from a key; None if a model was given.
    - `given`: the model to start from; None if one is made.
    - `measure`: the loss.
    - `train`: the training part, in batches of inputs, targets and weights, or all at every step;
      on the device, or a stream.
    - `validation`: the part that is kept back; None for none.
    - `metrics`: the figures of merit of an evaluation.
    - `classes`: the names of the classes; None for numbers.
    - `scaling`: between the user's units and those in which the model works; None for none.
    - `per_example`: what is done with the gradients of single examples; None for nothing.
    """

    # The rate falls along a cosine that ends with the run.
    recipes: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "gradient": {
            "optimizer": {"name": "adam", "learning_rate": 3e-3, "schedule": "cosine"},
            "epochs": 30,
            "evaluate_every": "epoch",
        }
    }
    scores: ClassVar[tuple[str, ...]] = ("validation_loss",)
    figures_from: ClassVar[str | None] = "plugax_supervised._figures:figures_of"

    factory: eqx.AbstractVar[Callable[..., Any] | None]
    given: eqx.AbstractVar[PyTree]
    measure: eqx.AbstractVar[AbstractLoss]
    train: eqx.AbstractVar[AbstractData]
    validation: eqx.AbstractVar[Examples | None]
    metrics: eqx.AbstractVar[tuple[Metric, ...]]
    classes: eqx.AbstractVar[tuple[Any, ...] | None]
    scaling: eqx.AbstractVar[Scales | None]
    per_example: eqx.AbstractVar[PerExample | None]

    @property
    def data(self) -> AbstractData:
        """The training part, in minibatches or as a whole."""
        return self.train

    def examples(self) -> Examples:
        """The training part as a whole; not for a stream."""
        whole = self.train.whole
        assert whole is not None
        return whole.first()

    def init(self, key: PRNGKeyArray) -> PyTree:
        """The model that was given, or one with the weights that the key draws."""
        if self.factory is not None:
            return make_unknowns(self.factory, key)
        return jax.tree.map(lambda leaf: leaf, self.given)  # a state of Equinox is used up once

    def measured(
        self,
        unknowns: PyTree,
        batch: Batch,
        key: PRNGKeyArray,
        augmentations: tuple[Augmentation, ...] = (),
        mixup: Mixup | None = None,
    ) -> tuple[Float[Array, ""], dict[str, Array], PyTree]:
        """The loss of a batch in training, its metrics, and the next state; None without one.

        Arguments:
            unknowns: the model, with its state if it has one.
            batch: inputs, targets and weights.
            key: for what is random in the model and in the changes of its inputs.
            augmentations: change every input at random.
            mixup: mixes the examples of the batch; None for nothing.
        """
        inputs, targets, weights = with_weights(batch)
        if augmentations:
            key, own = jr.split(key)
            inputs = augment(augmentations, inputs, own)
        if self.per_example is not None:
            examples = inputs, targets, weights
            loss, figures = clipped_loss(self.measure, unknowns, examples, key, self.per_example)
            return loss, figures, None
        mixed = lambda loss: loss((targets, weights))  # noqa: E731
        if mixup is not None:
            key, own = jr.split(key)
            inputs, mixed = mixup(inputs, (targets, weights), own)
        outputs, state = outputs_and_state(unknowns, inputs, key)
        return mixed(lambda of: self.measure(outputs, *of)), {}, state

    def evaluate(self, unknowns: PyTree) -> dict[str, Any]:
        """The loss and the metrics of the part that was kept back, or else of the training part.

        Their names begin with `validation_`, or else with `training_`. Metrics are in the units of
        the data. There is none for a stream alone, which would have to be read as a whole.
        """
        if self.validation is not None:
            prefix, part = "validation", self.validation
        elif self.train.whole is not None:
            prefix, part = "training", self.examples()
        else:
            return {}
        inputs, targets, weights = part
        outputs = in_pieces(inference(unknowns), inputs)
        figures = {f"{prefix}_loss": self.measure(outputs, targets, weights)}
        if self.scaling is not None:
            outputs, targets = self.scaling.in_units(outputs), self.scaling.in_units(targets)
        if self.metrics:
            dtype = figures[f"{prefix}_loss"].dtype
            weights = jnp.ones(len(targets), dtype) if weights is None else weights.astype(dtype)
            compared = judged(self.measure, outputs, targets, weights)
            figures |= {f"{prefix}_{one.name}": one(*compared) for one in self.metrics}
        return figures

    def forward(self, unknowns: PyTree) -> Callable[[PyTree], PyTree]:
        """The function from inputs of many examples to the outputs, in the units of the data."""
        plain = inference(unknowns)
        if self.scaling is None:
            return plain
        scaling = self.scaling
        return lambda inputs: scaling.in_units(plain(scaling.scaled(inputs)))

    def predict(  # pyright: ignore[reportIncompatibleMethodOverride]
        self, solution: "Solution", inputs: Any, *, probabilities: bool = False
    ) -> Any:
        """What the model says of other inputs, in NumPy arrays.

        Arguments:
            solution: a solution of this problem, or of a variant.
            inputs: as in training, examples along axis 0.
            probabilities: of the classes along the last axis, instead of the classes themselves.

        Returns:
            classes, by name if they have names, if the loss is a cross-entropy; else the outputs.

        Errors: `PlugaxError` for probabilities of a model that predicts no classes.
        """
        return self.answers(solution.unknowns, inputs, probable=probabilities)

    def answers(self, unknowns: PyTree, inputs: PyTree, *, probable: bool) -> Any:
        """Classes, their probabilities, or outputs; see `predict`."""
        run = eqx.filter_jit(lambda unknowns, x: in_pieces(self.forward(unknowns), x))
        outputs = run(unknowns, jax.tree.map(jnp.asarray, inputs))
        if probable:
            found = probabilities(self.measure, outputs)
            if found is None:
                raise PlugaxError(
                    f"With {type(self.measure).__name__} the model predicts no classes, so there "
                    "are no probabilities."
                )
            return np.asarray(found)
        found = jax.tree.map(np.asarray, answers(self.measure, outputs))
        return found if self.classes is None else np.asarray(self.classes)[found]
