"""A transformer's encoder: every step looks at all others.

    x ← x + attention(norm(x)),   x ← x + W₂ gelu(W₁ norm(x) + b₁) + b₂

The place t of a step is told by sines and cosines of t at many wavelengths, added to its vector.
No step looks at padding.

Sources: Vaswani and others 2017, doi 10.48550/arXiv.1706.03762; norms before each part as Xiong and
others 2020, doi 10.48550/arXiv.2002.04745.
"""

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
from jaxtyping import Array, Bool, Float, PRNGKeyArray

from plugax import PlugaxError

from ._inputs import Inputs, Lift
from ._padded import Padded, valid_steps
from ._readout import Readout, check_readout, read_out


class _Block(eqx.Module):
    """Attention and a perceptron of every step, each added to its input."""

    first_norm: eqx.nn.LayerNorm
    attention: eqx.nn.MultiheadAttention
    second_norm: eqx.nn.LayerNorm
    up: eqx.nn.Linear
    down: eqx.nn.Linear
    dropout: eqx.nn.Dropout

    def __init__(self, width: int, heads: int, dropout: float, key: PRNGKeyArray):
        attention, up, down = jr.split(key, 3)
        self.first_norm = eqx.nn.LayerNorm(width)
        self.attention = eqx.nn.MultiheadAttention(heads, width, key=attention)
        self.second_norm = eqx.nn.LayerNorm(width)
        self.up = eqx.nn.Linear(width, 4 * width, key=up)
        self.down = eqx.nn.Linear(4 * width, width, key=down)
        self.dropout = eqx.nn.Dropout(dropout)

    def __call__(
        self, x: Float[Array, "steps width"], valid: Bool[Array, " steps"], key: PRNGKeyArray | None
    ) -> Float[Array, "steps width"]:
        first, second = (None, None) if key is None else jr.split(key)
        seen = jnp.broadcast_to(valid[None], (len(valid), len(valid)))
        normed = jax.vmap(self.first_norm)(x)
        x = x + self.dropout(self.attention(normed, normed, normed, mask=seen), key=first)
        units = jax.nn.gelu(jax.vmap(self.up)(jax.vmap(self.second_norm)(x)))
        return x + self.dropout(jax.vmap(self.down)(units), key=second)


class Transformer(eqx.Module):
    """A small encoder, and a linear layer of what is read out.

    Arguments:
        inputs: what the values of a sequence are.
        outputs: how many there are, such as one logit for each class.
        key: draws the weights.
        width: the size of the vector of a step; an even number, and a multiple of `heads`.
        layers: how many blocks there are.
        heads: in how many ways a step looks at the others.
        readout: `last`, `mean` or `max`, over the valid steps.
        dropout: the probability with which an output of a layer is left out in a step of training.

    Law: padding has no effect.
    """

    lift: Lift
    blocks: tuple[_Block, ...]
    norm: eqx.nn.LayerNorm
    last: eqx.nn.Linear
    readout: Readout = eqx.field(static=True)

    def __init__(
        self,
        inputs: Inputs,
        outputs: int,
        key: PRNGKeyArray,
        *,
        width: int = 64,
        layers: int = 2,
        heads: int = 4,
        readout: Readout = "mean",
        dropout: float = 0.0,
    ):
        check_readout(readout)
        if heads < 1 or width % heads or width % 2:
            raise PlugaxError(
                "width is an even number, and a multiple of the number of heads; got a width of "
                f"{width} and {heads} heads."
            )
        first, final, *keys = jr.split(key, 2 + layers)
        self.lift = Lift(inputs, width, first)
        self.blocks = tuple(_Block(width, heads, dropout, own) for own in keys)
        self.norm = eqx.nn.LayerNorm(width)
        self.last = eqx.nn.Linear(width, outputs, key=final)
        self.readout = readout

    def __call__(
        self, sequence: Padded, key: PRNGKeyArray | None = None
    ) -> Float[Array, " outputs"]:
        """The outputs for one sequence.

        Arguments:
            sequence: values and length.
            key: draws what is dropped; not needed in inference mode.
        """
        values, length = sequence
        keys = [None] * len(self.blocks) if key is None else jr.split(key, len(self.blocks))
        valid = valid_steps(len(values), length)
        x = self.lift(values)
        # Padding has no weight in the attention, but no weight times infinity is not a number.
        x = jnp.where(valid[:, None], x + _places(len(x), x.shape[1], x.dtype), 0)
        for block, own in zip(self.blocks, keys, strict=True):
            x = block(x, valid, own)
        return self.last(read_out(self.readout, jax.vmap(self.norm)(x), length))


def _places(steps: int, width: int, dtype: jnp.dtype) -> Float[Array, "steps width"]:
    """sin and cos of t / 10000^(2 k / width), k = 0 … width/2 − 1."""
    k = jnp.arange(width // 2, dtype=dtype)
    angles = jnp.arange(steps, dtype=dtype)[:, None] * jnp.exp(-jnp.log(1e4) * 2 * k / width)[None]
    return jnp.concatenate([jnp.sin(angles), jnp.cos(angles)], axis=1)
