"""Data give the batch of every step: from the device's memory, or read on the host as streams."""

from ._data import AbstractData as AbstractData
from ._full_batch import FullBatch as FullBatch
from ._indexed import Stream as Stream
from ._iterated import Iterated as Iterated
from ._sequence import Sequence as Sequence
from ._shards import Shards as Shards
from ._shuffled import Shuffled as Shuffled
from ._stream import AbstractReader as AbstractReader
from ._stream import AbstractStream as AbstractStream
from ._windows import Windows as Windows
