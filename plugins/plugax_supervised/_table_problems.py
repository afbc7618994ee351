"""Networks for tables: a file or columns by name go in, classes or numbers come out."""

import os
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray, PyTree

from plugax import Shuffled
from plugax.losses import AbstractLoss, CrossEntropy, Huber, SquaredError
from plugax_augmentation import Augmentation, Mixup
from plugax_regression import table_of

from ._abstract_supervised import AbstractSupervised, Examples
from ._columns import Column, Missing, inputs_of
from ._metrics import Metric, metrics_of
from ._per_example import PerExample, per_example_of
from ._perceptron import Activation, PerceptronShape, check_shape
from ._prepared import Prepared, labels_of, numbers_of, prepare
from ._scaling import Scaling

if TYPE_CHECKING:
    from plugax import Solution

BLOCK = 32
"""How many gradients of single rows are in memory at once."""


class AbstractTableNetwork(AbstractSupervised):
    """A perceptron for the columns of a table, which it scales by its training part.

    - `columns`: how each column becomes inputs.
    - `response_name`: the column that is predicted.
    """

    recipes: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "gradient": {
            "optimizer": {"name": "adam", "learning_rate": 3e-3, "schedule": "cosine"},
            "epochs": 100,
            "evaluate_every": "epoch",
        }
    }

    columns: eqx.AbstractVar[tuple[Column, ...]]
    response_name: eqx.AbstractVar[str]

    def loss(
        self, unknowns: PyTree, batch: Examples, key: PRNGKeyArray
    ) -> tuple[Float[Array, ""], dict[str, Array]]:
        """The loss of a batch; that of a regression is of responses with standard deviation 1."""
        return self.measured(unknowns, batch, key)[:2]

    def rows(self, data: Any) -> Float[np.ndarray, "rows inputs"]:
        """The inputs of a table as `forward` takes them: numbers and categories, not scaled.

        Arguments:
            data: a file, or columns by name.

        Errors: `PlugaxError` for a column that lacks or a cell that cannot be used.
        """
        return inputs_of(self.columns, table_of(data))

    def predict(  # pyright: ignore[reportIncompatibleMethodOverride]
        self, solution: "Solution", inputs: Any, *, probabilities: bool = False
    ) -> np.ndarray:
        """The response of every row of a table.

        Arguments:
            solution: a solution of this problem, or of a variant.
            inputs: a file, or columns by name; columns that the model does not use are ignored.
            probabilities: those of the classes, shape (rows, classes), instead of the classes.

        Errors: `PlugaxError` for a column that lacks or a cell that cannot be used.
        """
        return self.answers(solution.unknowns, self.rows(inputs), probable=probabilities)

    def predict_table(self, solution: "Solution", data: Any) -> dict[str, np.ndarray]:
        """The response of every row, and for classes the probability of each."""
        rows = self.rows(data)
        found = {self.response_name: self.answers(solution.unknowns, rows, probable=False)}
        if self.classes is not None:
            each = self.answers(solution.unknowns, rows, probable=True)
            found |= {f"probability {name}": each[:, k] for k, name in enumerate(self.classes)}
        return found


class Classification(AbstractTableNetwork):
    """Tell the classes in a column of a table by its other columns.

    A perceptron gives the logits z of the K classes; the loss is their cross-entropy,
    −(1/n) Σᵢ log softmax(z(xᵢ))[yᵢ]. Columns of numbers are scaled to mean 0 and standard deviation
    1 over the training part; a column of text becomes an input for each category.

    Arguments:
        data: a file of columns with a header, or arrays by name.
        response: the column of the classes, numbers or text.
        columns: the columns to learn from; by default all others.
        categories: columns of numbers that stand for categories; columns of text always do.
        missing: what is done about missing cells: refuse; median, of the training part; or
            indicator, which also tells the model.
        weights: a column with how much each row counts; by default all the same.
        balanced: whether all classes count the same in training, however many rows they have.
        hidden: the units of each hidden layer; empty for logistic regression.
        activation: of the hidden layers: relu, gelu, silu or tanh.
        dropout: the probability with which a hidden unit is left out in a step of training.
        label_smoothing: the part of a label that is spread over all classes.
        validation: the share of the rows, of each class, that is kept back to judge by.
        split_seed: draws which rows these are.
        batch_size: rows in a step; all of them if there are fewer.
        metrics: figures of merit: accuracy, top_k (such as top_3), f1, roc_auc, perplexity,
            confusion.
        gradient_statistics: whether each step records mean and largest norm, variance and signal to
            noise of the gradients of its rows.
        clip_per_example: the length to which the gradient of every row is clipped.

    Errors: `PlugaxError` that names file, line and column, or the option.
    """

    measure: AbstractLoss
    train: Shuffled
    validation: Examples | None
    given: PyTree
    factory: Callable[..., Any] | None = eqx.field(static=True)
    metrics: tuple[Metric, ...] = eqx.field(static=True)
    classes: tuple[Any, ...] | None = eqx.field(static=True)
    scaling: Scaling | None = eqx.field(static=True)
    per_example: PerExample | None = eqx.field(static=True)
    columns: tuple[Column, ...] = eqx.field(static=True)
    response_name: str = eqx.field(static=True)
    augmentations: tuple[Augmentation, ...] = ()
    mixup: Mixup | None = None

    def __init__(
        self,
        data: str | os.PathLike | Mapping[str, Any],
        response: str,
        columns: tuple[str, ...] | None = None,
        categories: tuple[str, ...] = (),
        missing: Missing = "refuse",
        weights: str | None = None,
        balanced: bool = False,
        hidden: tuple[int, ...] = (64, 64),
        activation: Activation = "relu",
        dropout: float = 0.0,
        label_smoothing: float = 0.0,
        validation: float = 0.2,
        split_seed: int = 0,
        batch_size: int = 32,
        metrics: tuple[str, ...] = ("accuracy",),
        gradient_statistics: bool = False,
        clip_per_example: float | None = None,
    ):
        check_shape(hidden, activation, dropout)
        self.per_example = per_example_of(clip_per_example, gradient_statistics, BLOCK)
        table = table_of(data)
        labels, classes = labels_of(table, response)
        self.classes = classes
        self.metrics = metrics_of(metrics, "classes")
        own = prepare(
            table,
            response,
            labels,
            labels=labels,
            columns=columns,
            categories=categories,
            missing=missing,
            weights=weights,
            balanced=balanced,
            validation=validation,
            seed=split_seed,
        )
        self.measure = CrossEntropy(label_smoothing=label_smoothing)
        self.train, self.validation = _parts(own, batch_size)
        self.columns, self.scaling = own.columns, own.scaling
        self.response_name, self.given = response, None
        inputs = len(own.scaling.means)
        self.factory = PerceptronShape(inputs, len(classes), hidden, activation, dropout)


class RegressionNetwork(AbstractTableNetwork):
    """Predict the number in a column of a table by its other columns.

    A perceptron gives f(x); the loss is the mean of l(f(xᵢ) − yᵢ). Columns of numbers, and the
    response, are scaled to mean 0 and standard deviation 1 over the training part; a column of text
    becomes an input for each category. Metrics and predictions are in the unit of the response.

    Arguments:
        data: a file of columns with a header, or arrays by name.
        response: the column to be predicted.
        columns: the columns to learn from; by default all others.
        categories: columns of numbers that stand for categories; columns of text always do.
        missing: what is done about missing cells: refuse; median, of the training part; or
            indicator, which also tells the model.
        weights: a column with how much each row counts; by default all the same.
        robust_scale: if given, Huber's loss is taken instead of the square: errors beyond so many
            standard deviations of the response count linearly.
        hidden: the units of each hidden layer; empty for a linear model.
        activation: of the hidden layers: relu, gelu, silu or tanh.
        dropout: the probability with which a hidden unit is left out in a step of training.
        validation: the share of the rows that is kept back to judge by.
        split_seed: draws which rows these are.
        batch_size: rows in a step; all of them if there are fewer.
        metrics: figures of merit: mae, rmse, r2.
        gradient_statistics: whether each step records mean and largest norm, variance and signal to
            noise of the gradients of its rows.
        clip_per_example: the length to which the gradient of every row is clipped.

    Errors: `PlugaxError` that names file, line and column, or the option.
    """

    measure: AbstractLoss
    train: Shuffled
    validation: Examples | None
    given: PyTree
    classes: tuple[Any, ...] | None = eqx.field(static=True)
    factory: Callable[..., Any] | None = eqx.field(static=True)
    metrics: tuple[Metric, ...] = eqx.field(static=True)
    scaling: Scaling | None = eqx.field(static=True)
    per_example: PerExample | None = eqx.field(static=True)
    columns: tuple[Column, ...] = eqx.field(static=True)
    response_name: str = eqx.field(static=True)
    augmentations: tuple[Augmentation, ...] = ()
    mixup: Mixup | None = None

    def __init__(
        self,
        data: str | os.PathLike | Mapping[str, Any],
        response: str,
        columns: tuple[str, ...] | None = None,
        categories: tuple[str, ...] = (),
        missing: Missing = "refuse",
        weights: str | None = None,
        robust_scale: float | None = None,
        hidden: tuple[int, ...] = (64, 64),
        activation: Activation = "relu",
        dropout: float = 0.0,
        validation: float = 0.2,
        split_seed: int = 0,
        batch_size: int = 32,
        metrics: tuple[str, ...] = ("rmse", "r2"),
        gradient_statistics: bool = False,
        clip_per_example: float | None = None,
    ):
        check_shape(hidden, activation, dropout)
        self.per_example = per_example_of(clip_per_example, gradient_statistics, BLOCK)
        table = table_of(data)
        self.metrics = metrics_of(metrics, "numbers")
        own = prepare(
            table,
            response,
            numbers_of(table, response),
            labels=None,
            columns=columns,
            categories=categories,
            missing=missing,
            weights=weights,
            balanced=False,
            validation=validation,
            seed=split_seed,
        )
        self.measure = SquaredError() if robust_scale is None else Huber(delta=robust_scale)
        self.train, self.validation = _parts(own, batch_size)
        self.columns, self.scaling = own.columns, own.scaling
        self.response_name, self.given, self.classes = response, None, None
        inputs = len(own.scaling.means)
        self.factory = PerceptronShape(inputs, "scalar", hidden, activation, dropout)


def _parts(own: Prepared, batch_size: int) -> tuple[Shuffled, Examples | None]:
    """The training part in batches, and the part that is kept back, in JAX's precision."""
    on_device = lambda a: None if a is None else jnp.asarray(a, _dtype(a))  # noqa: E731
    train = tuple(map(on_device, own.train))
    kept = None if own.validation is None else tuple(map(on_device, own.validation))
    return Shuffled(train, min(batch_size, len(own.train[1]))), kept  # pyright: ignore[reportReturnType]


def _dtype(array: np.ndarray) -> jnp.dtype:
    return jnp.dtype("int32") if array.dtype.kind == "i" else jnp.result_type(float)
