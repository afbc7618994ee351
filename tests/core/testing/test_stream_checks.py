"""Every check of streams catches what is made wrong in just that way."""

import jax
import numpy as np

import plugax as px
from plugax import testing
from plugax.data import AbstractReader, AbstractStream, Stream


class Counted(AbstractStream):
    """Step i sees the numbers 2 i and 2 i + 1, modulo twelve."""

    memory: int = 2**20

    @property
    def batch(self):
        return jax.ShapeDtypeStruct((2,), "float32")

    @property
    def uses_key(self):
        return False

    @property
    def steps_per_epoch(self):
        return 6

    def open(self, key, step, place):
        return Counter(step)


class Counter(AbstractReader):
    def __init__(self, step):
        self.step = step

    def read(self, into, count):
        for place in range(count):
            into[place] = self.numbers()
            self.step += 1
        return count

    def numbers(self):
        return 2 * self.step % 12, (2 * self.step + 1) % 12


class BeginsAnew(Counted):
    def open(self, key, step, place):
        return Counter(0)


class CountsBlocks(Counted):
    def open(self, key, step, place):
        class Blocks(Counter):
            def read(self, into, count):
                into[:count] = self.step
                self.step += 1
                return count

        return Blocks(step)


class NeverTheSame(Counted):
    def open(self, key, step, place):
        class Later(Counter):
            def numbers(self):
                return self.step, self.step

        return Later(step)


class Raises(Counted):
    def open(self, key, step, place):
        raise RuntimeError("no disk")


class OtherShapes(Counted):
    def first(self, key=None):
        return super().first(key) if isinstance(key, jax.core.Tracer) else np.zeros(3, "float32")


class ForgetsWhenOpened(Counted):
    """Reads the same in one run, but not if it is opened further on."""

    def open(self, key, step, place):
        return Counter(step + (step > 0))


TABLE = [
    (testing.check_stream_blocks, Counted, CountsBlocks, "however many are read"),
    (testing.check_stream_blocks, lambda: Stream(np.arange(7.0), 2), BeginsAnew, "begins anew"),
    (testing.check_stream_epoch, Counted, NeverTheSame, "every example once"),
    (testing.check_stream_runs, Counted, Raises, "a run reads it.*no disk"),
    (testing.check_stream_runs, Counted, ForgetsWhenOpened, "resumed run equals"),
    (testing.check_batches, Counted, OtherShapes, "the stream says"),
]


def test_a_check_catches_what_is_wrong_and_nothing_else(catches, check, good, broken, message):
    catches(check, good, broken, message)


def test_the_kit_checks_streams_by_themselves():
    names = [check.id for check in testing.collect_checks(data={"counted": Counted})]
    assert "data-counted-stream_epoch" in names
    assert px.data.AbstractStream is AbstractStream
