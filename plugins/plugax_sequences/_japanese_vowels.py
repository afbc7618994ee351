"""Japanese Vowels: who speaks."""

import os
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import PyTree

from plugax.losses import AbstractLoss, CrossEntropy
from plugax_supervised import Examples, Metric, PerExample, Scales, metrics_of

from ._abstract_sequences import RECIPES, AbstractSequences
from ._buckets import Buckets
from ._inputs import Inputs
from ._models import ModelName, NetworkShape, check_network
from ._padded import padded
from ._readout import Readout
from ._sequence_scaling import scaling_of
from ._vowels_files import Utterances, load


class JapaneseVowels(AbstractSequences):
    """Tell nine men apart who say two vowels, /ae/.

    Each step of an utterance is a piece of the sound, described by twelve coefficients of its
    spectrum (LPC cepstrum). 270 utterances are learned from; the 370 of the authors' test part are
    what `validation_` metrics are of.

    Arguments:
        model: lstm, gru, convolution or transformer.
        width: the units or channels of each layer.
        layers: how many there are.
        bidirectional: whether the layers of a recurrent network also run backwards.
        readout: what the last layer sees of the states: last, mean or max.
        dropout: the probability with which an output of a layer is left out in a step of training.
        batch_size: utterances in a step.
        buckets: how many groups of similar length the batches are drawn from.
        data: the archive of UCI, or its numbers as arrays in a file of NumPy; by default they are
            searched for, and downloaded if they are not found.

    Errors: `PlugaxError` for sizes that do not exist, and for data that are missing or damaged.

    Source: Kudo, Toyama and Shimbo 1999, doi 10.1016/S0167-8655(99)00077-X; the data doi
    10.24432/C5NS47.
    """

    recipes: ClassVar[Mapping[str, Mapping[str, Any]]] = RECIPES

    measure: AbstractLoss
    train: Buckets
    validation: Examples | None
    given: PyTree
    factory: Callable[..., Any] | None = eqx.field(static=True)
    metrics: tuple[Metric, ...] = eqx.field(static=True)
    classes: tuple[Any, ...] | None = eqx.field(static=True)
    scaling: Scales | None = eqx.field(static=True)
    per_example: PerExample | None = eqx.field(static=True)

    def __init__(
        self,
        model: ModelName = "lstm",
        width: int = 64,
        layers: int = 1,
        bidirectional: bool = False,
        readout: Readout = "last",
        dropout: float = 0.3,
        batch_size: int = 32,
        buckets: int = 4,
        data: str | os.PathLike | None = None,
    ):
        check_network(model, width, layers, bidirectional, readout, dropout)
        train, test = load(data)
        self.scaling = scaling_of([np.asarray(train.frames, float)])
        self.train = Buckets(self._part(train), batch_size, buckets)
        self.validation = self._part(test)
        self.classes = tuple(range(1, 10))
        self.factory = NetworkShape(
            model, Inputs(12), 9, width, layers, bidirectional, readout, dropout
        )
        self.measure, self.given, self.per_example = CrossEntropy(), None, None
        self.metrics = metrics_of(("accuracy",), "classes")

    def _part(self, part: Utterances) -> Examples:
        each = np.split(part.frames, np.cumsum(part.lengths)[:-1])
        assert self.scaling is not None
        inputs = self.scaling.scaled(jax.tree.map(jnp.asarray, padded(each)))
        return inputs, jnp.asarray(part.speakers), None
