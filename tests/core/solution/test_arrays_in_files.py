"""Arrays come back as they were written, or not at all."""

import contextlib
import zipfile

import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import plugax as px
from plugax.solution import RowsFile, read_arrays, read_rows, write_arrays
from plugax.solution._history import history_of, netcdf
from plugax.solution._rows import check_rows

SERIES = {
    "loss": np.asarray(jnp.ones(3, jnp.bfloat16)),
    "half": np.ones(3, np.float16),
    "z": np.full(3, 1 + 2j, np.complex64),
    "count": np.full(3, 2**32 - 1, np.uint32),
    "step": np.arange(3.0),
    "file": np.array([True, False, True]),
    "pair": np.arange(6.0, dtype=np.float32).reshape(3, 2),
    "nothing": np.zeros((3, 0)),
}


def assert_same(found, wanted):
    assert found.keys() == wanted.keys()
    for name, values in wanted.items():
        assert found[name].dtype == values.dtype
        np.testing.assert_array_equal(found[name], values)


def test_every_dtype_and_name_survives(tmp_path):
    arrays = SERIES | {"scalar": np.asarray(1.5), "text": np.asarray(["a", "bc"])}
    arrays |= {"by columns": np.asfortranarray(np.arange(6.0).reshape(2, 3))}
    entries = write_arrays(tmp_path / "a.npz", arrays)
    assert_same(read_arrays(tmp_path / "a.npz", entries), arrays)
    with np.load(tmp_path / "a.npz", allow_pickle=False) as stored:  # any NumPy reads it
        np.testing.assert_array_equal(stored["pair"], SERIES["pair"])
    exported = netcdf(history_of(SERIES), {"run": {"seed": 1}, "problem": {"name": "bowl"}})
    assert exported.startswith(b"CDF")


def test_rows_are_appended_and_every_length_is_kept(tmp_path):
    path = tmp_path / "history-1.rows"
    file, entries = RowsFile(path), []
    for begin in range(3):
        file.append({name: values[begin : begin + 1] for name, values in SERIES.items()})
        entries.append(file.entry())
    for count, entry in enumerate(entries, 1):
        check_rows(path, entry)
        assert_same(read_rows(path, entry), {n: v[:count] for n, v in SERIES.items()})


def test_rows_after_those_of_a_saved_run_are_written_again(tmp_path):
    path = tmp_path / "history-1.rows"
    file = RowsFile(path)
    file.append({"loss": np.arange(3.0)})
    entry = file.entry()
    file.append({"loss": np.full(9, np.nan)})  # of a process that was killed
    again = RowsFile.reopen(path, entry)
    again.append({"loss": np.asarray([3.0])})
    check_rows(path, again.entry())
    np.testing.assert_array_equal(read_rows(path, again.entry())["loss"], np.arange(4.0))


def test_rows_that_cannot_be_written_leave_the_file_as_it_was(tmp_path, monkeypatch):
    import resource
    import signal

    path = tmp_path / "history-1.rows"
    file = RowsFile(path)
    file.append({"loss": np.arange(100.0)})
    entry = file.entry()
    monkeypatch.setattr(signal, "SIGXFSZ", signal.SIGXFSZ)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, before[1]))
    try:
        with pytest.raises(OSError, match="File too large"):
            file.append({"loss": np.arange(100.0)})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, ignored)
    assert path.stat().st_size == 800
    assert file.entry() == entry
    file.append({"loss": np.arange(100.0)})
    np.testing.assert_array_equal(
        read_rows(path, file.entry())["loss"], np.tile(np.arange(100.0), 2)
    )


def test_rows_of_other_metrics_are_refused(tmp_path):
    file = RowsFile(tmp_path / "history-1.rows")
    file.append({"loss": np.arange(3.0)})
    with pytest.raises(px.PlugaxError, match=r"are error <f8\[\].*are? ?.*loss <f8\[\]|Solve anew"):
        file.append({"error": np.arange(3.0)})


@settings(max_examples=300, deadline=None, derandomize=True)
@given(st.data())
def test_no_damage_to_a_file_is_believed(tmp_path_factory, data):
    directory = tmp_path_factory.mktemp("damage")
    path, rows = directory / "a.npz", directory / "history-1.rows"
    entries = write_arrays(path, SERIES)
    file = RowsFile(rows)
    file.append(SERIES)
    for target in (path, rows):
        content = bytearray(target.read_bytes())
        at = data.draw(st.integers(0, len(content) - 1))
        if data.draw(st.booleans()):
            content[at] ^= data.draw(st.integers(1, 255))
        else:
            del content[at:]
        target.write_bytes(content)
    found = None
    with contextlib.suppress(px.errors.DamagedRunError):
        found = read_arrays(path, entries)
    if found is not None:  # what was damaged is of no importance, such as a time
        assert_same(found, SERIES)
    with pytest.raises(px.errors.DamagedRunError, match=str(rows)):
        check_rows(rows, file.entry())


def test_no_header_decides_how_much_memory_is_taken(tmp_path):
    path = tmp_path / "a.npz"
    entries = write_arrays(path, {"x": np.arange(3.0)})
    huge = {"descr": "<f8", "fortran_order": False, "shape": (2**50,)}
    with zipfile.ZipFile(path, "w") as archive, archive.open("x.npy", "w") as member:
        np.lib.format.write_array_header_1_0(member, huge)
    with pytest.raises(px.PlugaxError, match=r"x is float64\[1125899906842624\]"):
        read_arrays(path, entries)
    entries["x"] = {**entries["x"], "shape": [2**50]}
    with pytest.raises(px.PlugaxError, match="ends too early"):
        read_arrays(path, entries)
