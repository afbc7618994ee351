"""Networks for sequences by name."""

from typing import Any, Literal, NamedTuple, get_args

from jaxtyping import PRNGKeyArray

from plugax import PlugaxError

from ._convolutional import ConvolutionalNetwork
from ._inputs import Inputs
from ._readout import Readout, check_readout
from ._recurrent import RecurrentNetwork
from ._transformer import Transformer

ModelName = Literal["lstm", "gru", "convolution", "transformer"]


class NetworkShape(NamedTuple):
    """The sizes of a network, which makes it from a key.

    Attributes:
        name: the kind of network.
        inputs: what the values of a sequence are.
        outputs: how many there are.
        width: units, channels, or the size of the vector of a step.
        layers: how many there are.
        bidirectional: whether each layer of a recurrent network also runs backwards.
        readout: what the last layer sees.
        dropout: the probability with which an output of a layer is left out.
    """

    name: ModelName
    inputs: Inputs
    outputs: int
    width: int
    layers: int
    bidirectional: bool
    readout: Readout
    dropout: float

    def __call__(self, key: PRNGKeyArray) -> RecurrentNetwork | ConvolutionalNetwork | Transformer:
        """A network with the weights that a key draws."""
        sizes: dict[str, Any] = {
            "width": self.width,
            "layers": self.layers,
            "readout": self.readout,
            "dropout": self.dropout,
        }
        if self.name == "convolution":
            return ConvolutionalNetwork(self.inputs, self.outputs, key, **sizes)
        if self.name == "transformer":
            return Transformer(self.inputs, self.outputs, key, **sizes)
        both = self.bidirectional
        return RecurrentNetwork(
            self.inputs, self.outputs, key, cell=self.name, bidirectional=both, **sizes
        )


def check_network(
    name: str, width: int, layers: int, bidirectional: bool, readout: str, dropout: float
) -> None:
    """Raise for a name or for sizes that no network has."""
    if name not in get_args(ModelName):
        raise PlugaxError(f"model is one of {', '.join(get_args(ModelName))}; got {name!r}.")
    for option, number in (("width", width), ("layers", layers)):
        if number < 1:
            raise PlugaxError(f"{option} is a number of 1 or more; got {number}.")
    if name in ("convolution", "transformer") and bidirectional:
        raise PlugaxError(
            f"Only recurrent networks (lstm, gru) have a direction; a {name} looks both ways."
        )
    check_readout(readout)
    if not 0 <= dropout < 1:
        raise PlugaxError(f"dropout is a probability from 0 to below 1; got {dropout}.")
