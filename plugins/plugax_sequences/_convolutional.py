"""Convolutions along a sequence, each beside what it is given: a temporal convolutional network.

    x⁰ = W v + b,   xˡ⁺¹ₜ = xˡₜ + σ(Σⱼ Kˡⱼ xˡ(t + j d) + bˡ),   σ(t) = max(t, 0),   d = 2ˡ or 1

The sum is over the offsets j of an odd kernel, centred; beyond both ends of a sequence x is zero. A
convolution is the product of the shifted copies, side by side, with a matrix: within a compiled
loop on a CPU, XLA's own takes many times as long.

Sources: Bai, Kolter and Koltun 2018, doi 10.48550/arXiv.1803.01271, here not causal; for the sum
with the input He and others 2016, doi 10.1109/CVPR.2016.90.
"""

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
from jaxtyping import Array, Float, PRNGKeyArray

from plugax import PlugaxError

from ._inputs import Inputs, Lift
from ._padded import Padded, valid_steps
from ._readout import Readout, check_readout, read_out


class ConvolutionalNetwork(eqx.Module):
    """Layers of convolutions, and a linear layer of what is read out.

    Arguments:
        inputs: what the values of a sequence are.
        outputs: how many there are, such as one logit for each class.
        key: draws the weights.
        width: the channels of every layer.
        layers: how many there are.
        kernel: steps in a kernel, an odd number.
        dilated: whether the steps of the kernel of layer l lie 2ˡ apart, so that the last layer
            sees some `kernel` 2^`layers` steps.
        readout: `last`, `mean` or `max`, over the valid steps.
        dropout: the probability with which an output of a layer is left out in a step of training.

    Law: padding has no effect.
    """

    lift: Lift
    convolutions: tuple[eqx.nn.Linear, ...]
    dropout: eqx.nn.Dropout
    last: eqx.nn.Linear
    kernel: int = eqx.field(static=True)
    dilated: bool = eqx.field(static=True)
    readout: Readout = eqx.field(static=True)

    def __init__(
        self,
        inputs: Inputs,
        outputs: int,
        key: PRNGKeyArray,
        *,
        width: int = 64,
        layers: int = 3,
        kernel: int = 3,
        dilated: bool = True,
        readout: Readout = "max",
        dropout: float = 0.0,
    ):
        check_readout(readout)
        if kernel < 1 or kernel % 2 == 0:
            raise PlugaxError(f"kernel is an odd number of steps, such as 3 or 5; got {kernel}.")
        first, final, *keys = jr.split(key, 2 + layers)
        self.lift = Lift(inputs, width, first)
        self.convolutions = tuple(eqx.nn.Linear(kernel * width, width, key=own) for own in keys)
        self.dropout = eqx.nn.Dropout(dropout)
        self.last = eqx.nn.Linear(width, outputs, key=final)
        self.kernel, self.dilated, self.readout = kernel, dilated, readout

    def __call__(
        self, sequence: Padded, key: PRNGKeyArray | None = None
    ) -> Float[Array, " outputs"]:
        """The outputs for one sequence.

        Arguments:
            sequence: values and length.
            key: draws what is dropped; not needed in inference mode.
        """
        values, length = sequence
        layers = len(self.convolutions)
        keys = [None] * layers if key is None else jr.split(key, layers)
        valid = valid_steps(len(values), length)[:, None]
        x = self.lift(values)
        for level, (layer, own) in enumerate(zip(self.convolutions, keys, strict=True)):
            # What stands on padding is made zero, as it is beyond the ends.
            x = jnp.where(valid, x, 0)
            copies = _shifted(x, self.kernel, 2**level if self.dilated else 1)
            x = x + self.dropout(jax.nn.relu(jax.vmap(layer)(copies)), key=own)
        return self.last(read_out(self.readout, x, length))


def _shifted(
    x: Float[Array, "steps width"], kernel: int, dilation: int
) -> Float[Array, "steps copies"]:
    """The neighbours of every step side by side, zeros beyond the ends."""
    reach = kernel // 2 * dilation
    wide = jnp.pad(x, ((reach, reach), (0, 0)))
    starts = range(0, 2 * reach + 1, dilation)
    return jnp.concatenate([wide[start : start + len(x)] for start in starts], axis=1)
