# What `plugax_sequences` exports, each name imported on first use.

from ._adding_problem import AddingProblem as AddingProblem
from ._cells import GRU as GRU
from ._cells import LSTM as LSTM
from ._cells import AbstractCell as AbstractCell
from ._convolutional import ConvolutionalNetwork as ConvolutionalNetwork
from ._inputs import Inputs as Inputs
from ._padded import padded as padded
from ._recurrent import RecurrentNetwork as RecurrentNetwork
from ._transformer import Transformer as Transformer
