"""Recurrent networks: a state that is carried from step to step."""

from typing import NamedTuple

import equinox as eqx
import jax
import jax.lax as lax
import jax.numpy as jnp
import jax.random as jr
from jaxtyping import Array, Float, Int, PRNGKeyArray

from ._cells import CELLS, AbstractCell, CellName
from ._inputs import Embedding, Inputs
from ._padded import Padded, valid_steps
from ._readout import Readout, check_readout, read_out


class RecurrentNetwork(eqx.Module):
    """Layers of LSTM or GRU over a sequence, and a linear layer of what is read out.

    On padding the old state is kept. So the state after the last step is that of the last valid
    one, and a layer that runs backwards starts at the last valid step.

    Arguments:
        inputs: what the values of a sequence are.
        outputs: how many there are, such as one logit for each class.
        key: draws the weights.
        cell: `lstm` or `gru`.
        width: the units of each layer and direction, and the size of the vectors of tokens.
        layers: how many there are, each reading the outputs of the one before.
        bidirectional: whether each layer also runs backwards.
        readout: `last`, the state of the last valid step (backwards of the first one); `mean` or
            `max`, over the valid steps.
        dropout: the probability with which an output of a layer is left out in a step of training.

    Laws: padding has no effect, and the last state is the same, bit for bit, as without padding;
    the order of the features does not matter to a new network's distribution.
    """

    embedding: Embedding | None
    layers: tuple[tuple[AbstractCell, ...], ...]
    dropout: eqx.nn.Dropout
    last: eqx.nn.Linear
    readout: Readout = eqx.field(static=True)

    def __init__(
        self,
        inputs: Inputs,
        outputs: int,
        key: PRNGKeyArray,
        *,
        cell: CellName = "lstm",
        width: int = 64,
        layers: int = 1,
        bidirectional: bool = False,
        readout: Readout = "last",
        dropout: float = 0.0,
    ):
        check_readout(readout)
        first, final, *keys = jr.split(key, 2 + layers)
        directions = 2 if bidirectional else 1
        self.embedding = Embedding(inputs.size, width, first) if inputs.tokens else None
        sizes = [width if inputs.tokens else inputs.size] + [directions * width] * (layers - 1)
        self.layers = tuple(
            tuple(CELLS[cell](size, width, key=own) for own in jr.split(key, directions))
            for size, key in zip(sizes, keys, strict=True)
        )
        self.dropout = eqx.nn.Dropout(dropout)
        self.last = eqx.nn.Linear(directions * width, outputs, key=final)
        self.readout = readout

    def __call__(
        self, sequence: Padded, key: PRNGKeyArray | None = None
    ) -> Float[Array, " outputs"]:
        """The outputs for one sequence.

        Arguments:
            sequence: values and length.
            key: draws what is dropped; not needed in inference mode.
        """
        return self.last(self.state(sequence, key))

    def state(self, sequence: Padded, key: PRNGKeyArray | None = None) -> Float[Array, " units"]:
        """What is read out, before the last layer; the arguments are those of a call."""
        values, length = sequence
        steps = values if self.embedding is None else self.embedding(values)
        keys = [None] * len(self.layers) if key is None else jr.split(key, len(self.layers))
        for layer, own in zip(self.layers[:-1], keys[:-1], strict=True):
            both = [_run(cell, steps, length, reverse=d == 1) for d, cell in enumerate(layer)]
            steps = self.dropout(jnp.concatenate([run.outputs for run in both], axis=1), key=own)
        both = [_run(cell, steps, length, reverse=d == 1) for d, cell in enumerate(self.layers[-1])]
        if self.readout == "last":
            found = jnp.concatenate([run.final for run in both])
        else:
            outputs = jnp.concatenate([run.outputs for run in both], axis=1)
            found = read_out(self.readout, outputs, length)
        return self.dropout(found, key=keys[-1])


class _Run(NamedTuple):
    """A layer's outputs at all steps, and after the last one."""

    outputs: Float[Array, "steps units"]
    final: Float[Array, " units"]


def _run(
    cell: AbstractCell,
    steps: Float[Array, "steps inputs"],
    length: Int[Array, ""],
    *,
    reverse: bool,
) -> _Run:
    """One layer in one direction."""

    def step(state, at):
        x, valid = at
        new = jax.tree.map(lambda a, b: jnp.where(valid, a, b), cell(state, x), state)
        return new, new[0]

    valid = valid_steps(len(steps), length)
    state, outputs = lax.scan(step, cell.start(), (steps, valid), reverse=reverse)
    return _Run(outputs, state[0])
