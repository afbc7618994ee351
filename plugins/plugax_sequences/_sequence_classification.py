"""Classes of sequences, or of texts, in a file of the user's own."""

import os
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import PyTree

from plugax import PlugaxError
from plugax.losses import AbstractLoss, CrossEntropy
from plugax_regression import Table, table_of, unknown_column
from plugax_supervised import Examples, Metric, PerExample, Scales, labels_of, metrics_of, split

from ._abstract_sequences import RECIPES, AbstractSequences
from ._alphabet import Alphabet, alphabet_of
from ._buckets import Buckets
from ._inputs import Inputs
from ._models import ModelName, NetworkShape, check_network
from ._own_sequences import one_row_each, steps_of, texts_of
from ._padded import padded
from ._readout import Readout
from ._sequence_scaling import scaling_of

if TYPE_CHECKING:
    from plugax import Solution


class SequenceClassification(AbstractSequences):
    """Tell the classes of sequences apart.

    A network gives the logits z of the K classes; the loss is their cross-entropy,
    −(1/n) Σᵢ log softmax(z(xᵢ))[yᵢ]. Either the table has a row for each step, with the name of the
    sequence that it belongs to and features, which are scaled to mean 0 and standard deviation 1
    over the training part. Or it has a row for each example, with a text, whose characters are the
    steps; those that occur in one text of the training part alone, or in none, are all one token.

    Arguments:
        data: a file of columns with a header, or arrays by name.
        response: the column of the classes, numbers or text; one class in all rows of a sequence.
        sequence: the column that names the sequence of a row; its rows are its steps, in order.
        text: the column of texts, instead of a sequence.
        columns: the columns of features, for sequences; by default all others.
        model: lstm, gru, convolution or transformer.
        width: the units or channels of each layer.
        layers: how many there are.
        bidirectional: whether the layers of a recurrent network also run backwards.
        readout: what the last layer sees of the states: last, mean or max.
        dropout: the probability with which an output of a layer is left out in a step of training.
        validation: the share of the sequences, of each class, that is kept back to judge by.
        split_seed: draws which sequences these are.
        batch_size: sequences in a step; all of them if there are fewer.
        buckets: how many groups of similar length the batches are drawn from.
        metrics: figures of merit: accuracy, top_k (such as top_3), f1, roc_auc, perplexity,
            confusion.

    Errors: `PlugaxError` that names file, line and column, or the option.
    """

    recipes: ClassVar[Mapping[str, Mapping[str, Any]]] = RECIPES

    example: ClassVar[Mapping[str, Any]] = {"problem": {"text": "x", "validation": 0.5}}

    measure: AbstractLoss
    train: Buckets
    validation: Examples | None
    given: PyTree
    factory: Callable[..., Any] | None = eqx.field(static=True)
    metrics: tuple[Metric, ...] = eqx.field(static=True)
    classes: tuple[Any, ...] | None = eqx.field(static=True)
    scaling: Scales | None = eqx.field(static=True)
    per_example: PerExample | None = eqx.field(static=True)
    response_name: str = eqx.field(static=True)
    sequence_name: str | None = eqx.field(static=True)
    columns: tuple[str, ...] = eqx.field(static=True)
    alphabet: Alphabet | None = eqx.field(static=True)

    def __init__(
        self,
        data: str | os.PathLike | Mapping[str, Any],
        response: str,
        sequence: str | None = None,
        text: str | None = None,
        columns: tuple[str, ...] | None = None,
        model: ModelName = "lstm",
        width: int = 64,
        layers: int = 1,
        bidirectional: bool = False,
        readout: Readout = "last",
        dropout: float = 0.0,
        validation: float = 0.2,
        split_seed: int = 0,
        batch_size: int = 32,
        buckets: int = 4,
        metrics: tuple[str, ...] = ("accuracy",),
    ):
        check_network(model, width, layers, bidirectional, readout, dropout)
        self.metrics = metrics_of(metrics, "classes")
        table = table_of(data)
        if (sequence is None) == (text is None):
            raise PlugaxError(
                "Name either the column that says to which sequence a row belongs (sequence=, on "
                "the command line --sequence), or the column of texts (text=, --text). The columns "
                f"are {', '.join(map(repr, table.cells))}."
            )
        self.response_name, self.sequence_name = response, sequence
        self.columns = _columns(table, response, sequence, text, columns)
        steps = None if sequence is None else steps_of(table, sequence, self.columns)
        texts = [] if text is None else texts_of(table, text)
        own = table if steps is None else one_row_each(table, steps, response)
        labels, self.classes = labels_of(own, response)
        training, kept = split(len(labels), validation, split_seed, labels)
        if steps is None:
            self.alphabet = alphabet_of(texts[place] for place in training)
            found, self.scaling = self.alphabet.tokens(texts), None
            inputs = Inputs(self.alphabet.size, tokens=True)
        else:
            found, self.alphabet = steps.values, None
            self.scaling = scaling_of([found[place] for place in training])
            inputs = Inputs(len(self.columns))
        parts = [self._part(found, labels, which) for which in (training, kept)]
        self.measure = CrossEntropy()
        self.train = Buckets(parts[0], batch_size, buckets)
        self.validation = jax.tree.map(jnp.asarray, parts[1]) if len(kept) else None
        self.given, self.per_example = None, None
        self.factory = NetworkShape(
            model, inputs, len(self.classes), width, layers, bidirectional, readout, dropout
        )

    def _part(self, found: list[np.ndarray], labels: np.ndarray, which: np.ndarray) -> Any:
        """Inputs, targets and no weights; None for no examples."""
        if not len(which):
            return None
        inputs = padded([found[place] for place in which])
        if self.scaling is not None:
            inputs = self.scaling.scaled(jax.tree.map(jnp.asarray, inputs))
        return inputs, labels[which], None

    def rows(self, data: Any) -> Any:
        """The sequences of a table as `forward` takes them: values, not scaled, and lengths.

        Arguments:
            data: a file, or columns by name.

        Errors: `PlugaxError` for a column that lacks or a cell that cannot be used.
        """
        return self._named_rows(data)[1]

    def predict(  # pyright: ignore[reportIncompatibleMethodOverride]
        self, solution: "Solution", inputs: Any, *, probabilities: bool = False
    ) -> np.ndarray:
        """The class of every sequence of a table, in the order of their first rows.

        Arguments:
            solution: a solution of this problem, or of a variant.
            inputs: a file, or columns by name; columns that the model does not use are ignored.
            probabilities: those of the classes, shape (sequences, classes), instead of the classes.

        Errors: `PlugaxError` for a column that lacks or a cell that cannot be used.
        """
        return self.answers(solution.unknowns, self.rows(inputs), probable=probabilities)

    def predict_table(self, solution: "Solution", data: Any) -> dict[str, np.ndarray]:
        """A row for each sequence: its name or text, its class, the probability of each class."""
        names, rows = self._named_rows(data)
        each = self.answers(solution.unknowns, rows, probable=True)
        assert self.classes is not None
        found = {
            self.sequence_name or self.columns[0]: np.asarray(names),
            self.response_name: np.asarray(self.classes)[each.argmax(axis=1)],
        }
        return found | {f"probability {name}": each[:, k] for k, name in enumerate(self.classes)}

    def _named_rows(self, data: Any) -> tuple[list[str], Any]:
        table = table_of(data)
        if self.sequence_name is not None:
            steps = steps_of(table, self.sequence_name, self.columns)
            return list(steps.names), padded(steps.values)
        assert self.alphabet is not None
        texts = texts_of(table, self.columns[0])
        return texts, padded(self.alphabet.tokens(texts))


def _columns(
    table: Table,
    response: str,
    sequence: str | None,
    text: str | None,
    columns: tuple[str, ...] | None,
) -> tuple[str, ...]:
    """The columns that are learned from."""
    for name, option in ((response, "response"), (sequence, "sequence"), (text, "text")):
        if name is not None and name not in table.cells:
            raise unknown_column(name, table.cells, option)
    if text is not None:
        if columns is not None:
            raise PlugaxError("columns are those of a sequence's features; a text has none.")
        columns = (text,)
    if columns is None:
        columns = tuple(name for name in table.cells if name not in (response, sequence))
    if response in columns:
        raise PlugaxError(
            f"The response {response!r} is among the columns to learn from, which would tell it; "
            "leave it out."
        )
    if not columns:
        raise PlugaxError(
            f"{table.source} has no column besides {response!r} and {sequence!r} to learn from."
        )
    return columns
