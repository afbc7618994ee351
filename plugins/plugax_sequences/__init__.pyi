# What `plugax_sequences` exports, each name imported on first use.

from ._adding_problem import AddingProblem as AddingProblem
from ._bucketed import BucketedSupervised as BucketedSupervised
from ._bucketed import bucketed as bucketed
from ._buckets import Buckets as Buckets
from ._cells import GRU as GRU
from ._cells import LSTM as LSTM
from ._cells import AbstractCell as AbstractCell
from ._convolutional import ConvolutionalNetwork as ConvolutionalNetwork
from ._inputs import Inputs as Inputs
from ._japanese_vowels import JapaneseVowels as JapaneseVowels
from ._padded import padded as padded
from ._recurrent import RecurrentNetwork as RecurrentNetwork
from ._sequence_classification import SequenceClassification as SequenceClassification
from ._transformer import Transformer as Transformer
