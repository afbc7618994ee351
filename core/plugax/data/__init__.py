"""Data give the batch of every step."""

from ._data import AbstractData as AbstractData
from ._full_batch import FullBatch as FullBatch
from ._sequence import Sequence as Sequence
from ._shuffled import Shuffled as Shuffled
from ._windows import Windows as Windows
