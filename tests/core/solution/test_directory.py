"""A run directory is one transaction."""

import contextlib
import pathlib

import jax.numpy as jnp
import numpy as np
import pytest

import plugax as px
from plugax.solution._directory import read_run, write_run
from plugax.solution._history import history_of, netcdf
from plugax.solution._series import dtypes_of, series_bytes, series_from


class Killed(BaseException):
    pass


def test_who_is_killed_leaves_the_old_run_or_the_new_one(tmp_path, monkeypatch):
    old, new = ({name: who for name in ("a", "b")} for who in (b"old", b"new"))
    replace, seen = pathlib.Path.replace, set()
    for moves in range(5):
        directory = tmp_path / str(moves)
        write_run(directory, {"run": "old"}, old)
        left = iter(range(moves))

        def dying(self, target, left=left):
            if next(left, None) is None:
                raise Killed
            return replace(self, target)

        with monkeypatch.context() as patch:
            patch.setattr(pathlib.Path, "replace", dying)
            patch.setattr("shutil.rmtree", lambda *a, **k: None)
            with contextlib.suppress(Killed):
                write_run(directory, {"run": "new"}, new)
        summary, files = read_run(directory)
        assert files == {"old": old, "new": new}[summary["run"]]
        seen.add(summary["run"])
        write_run(directory, {"run": "next"}, old)
        assert read_run(directory)[1] == old
        assert not (directory / ".new").exists()
    assert seen == {"old", "new"}


def test_damaged_missing_and_foreign_files_are_named(tmp_path):
    write_run(tmp_path, {}, {"a": b"1"})
    (tmp_path / "a").write_bytes(b"2")
    with pytest.raises(px.PlugaxError, match="a is damaged or of another run"):
        read_run(tmp_path)
    (tmp_path / "a").unlink()
    with pytest.raises(px.PlugaxError, match="a is missing"):
        read_run(tmp_path)
    for text, said in (("{", "is damaged"), ("[]", "another program"), ("{}", "older version")):
        (tmp_path / "solution.json").write_text(text)
        with pytest.raises(px.PlugaxError, match=said):
            read_run(tmp_path)


def test_every_dtype_and_name_of_a_metric_survives(tmp_path):
    series = {
        "loss": np.asarray(jnp.ones(3, jnp.bfloat16)),
        "half": np.ones(3, np.float16),
        "z": np.full(3, 1 + 2j, np.complex64),
        "count": np.full(3, 2**32 - 1, np.uint32),
        "step": np.arange(3.0),
        "file": np.array([True, False, True]),
        "pair": np.ones((3, 2), np.float32),
    }
    back = series_from(series_bytes(series), dtypes_of(series))
    assert list(back) == list(series)
    for name, values in series.items():
        assert back[name].dtype == values.dtype
        np.testing.assert_array_equal(back[name], values)
    exported = netcdf(history_of(series), {"run": {"seed": 1}, "problem": {"name": "bowl"}})
    assert exported.startswith(b"CDF")
