"""Any bytes in place of a file of MNIST, through the command line: a message, never a wrong run.

`nox -s faults` asks for as many examples as `PLUGAX_FAULTS` says.
"""

import os
import shutil

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, given, settings

from plugax.cli import main

EXAMPLES = int(os.environ.get("PLUGAX_FAULTS", "0") or 0)
FILES = ("train-images-idx3-ubyte", "t10k-labels-idx1-ubyte")


@pytest.fixture
def spoilt(tiny, tmp_path):
    """A copy of the data, of which a file can be written anew."""
    return shutil.copytree(tiny, tmp_path / "data")


# A byte of a header becomes another; the end is missing, or there is more; all is something else.
CHANGES = st.one_of(
    st.tuples(st.integers(0, 7), st.integers(1, 255)).map(
        lambda change: (
            lambda old: (
                old[: change[0]] + bytes([old[change[0]] ^ change[1]]) + old[change[0] + 1 :]
            )
        )
    ),
    st.integers(0, 40).map(lambda length: lambda old: old[:length]),
    st.binary(min_size=1, max_size=9).map(lambda more: lambda old: old + more),
    st.binary(max_size=40).map(lambda new: lambda old: new),
)


@settings(
    max_examples=EXAMPLES * 5 or 60,
    deadline=None,
    derandomize=not EXAMPLES,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(name=st.sampled_from(FILES), change=CHANGES)
def test_what_is_not_the_data_is_refused(spoilt, tiny, capsys, name, change):
    (spoilt / name).write_bytes(change((tiny / name).read_bytes()))
    words = ["--model", "linear", "--batch-size", "40", "--steps", "1", "--data", str(spoilt)]
    status = main(["run", "mnist", *words])
    told = capsys.readouterr().err
    (spoilt / name).write_bytes((tiny / name).read_bytes())
    assert status == 2, told
    assert str(spoilt / name) in told
