"""A run directory is one transaction."""

import contextlib
import pathlib
import shutil

import numpy as np
import pytest

import plugax as px
from plugax.solution import read_summary, sealed, unsealed
from plugax.solution._directory import FORMAT, SavedArrays, write_run


class Killed(BaseException):
    pass


def written(directory):
    return {
        name: float(of["x"]) for name, of in SavedArrays(directory, read_summary(directory)).items()
    }


def arrays_of(value):
    return {name: {"x": np.asarray(value)} for name in ("a", "b")}


def test_who_is_killed_leaves_the_old_run_or_the_new_one(tmp_path, monkeypatch):
    replace, seen = pathlib.Path.replace, set()
    for moves in range(5):
        directory = tmp_path / str(moves)
        write_run(directory, {"run": "old"}, arrays_of(1.0), {})
        left = iter(range(moves))

        def dying(self, target, left=left):
            if next(left, None) is None:
                raise Killed
            return replace(self, target)

        with monkeypatch.context() as patch:
            patch.setattr(pathlib.Path, "replace", dying)
            patch.setattr("shutil.rmtree", lambda *a, **k: None)
            with contextlib.suppress(Killed):
                write_run(directory, {"run": "new"}, arrays_of(2.0), {})
        run = read_summary(directory)["run"]
        assert written(directory) == dict.fromkeys("ab", {"old": 1.0, "new": 2.0}[run])
        seen.add(run)
        write_run(directory, {"run": "next"}, arrays_of(3.0), {})
        assert written(directory) == dict.fromkeys("ab", 3.0)
        assert not list(directory.glob(".*"))
    assert seen == {"old", "new"}


def test_damaged_missing_and_foreign_files_are_named(tmp_path):
    write_run(tmp_path / "other", {}, arrays_of(2.0), {"a.nc": b"CDF"})
    write_run(tmp_path, {}, arrays_of(1.0), {"a.nc": b"CDF"})

    def check():
        SavedArrays(tmp_path, read_summary(tmp_path)).check()

    check()
    shutil.copy(tmp_path / "other" / "a.npz", tmp_path / "a.npz")
    with pytest.raises(
        px.PlugaxError, match=r"a\.npz is damaged or of another run: the SHA-256 of x"
    ):
        check()
    (tmp_path / "a.npz").unlink()
    with pytest.raises(px.PlugaxError, match=r"a\.npz is missing"):
        check()
    shutil.copy(tmp_path / "b.npz", tmp_path / "a.npz")
    (tmp_path / "a.nc").write_bytes(b"CDE")
    with pytest.raises(px.PlugaxError, match=r"a\.nc is damaged"):
        check()


def test_a_summary_is_its_own_witness(tmp_path):
    write_run(tmp_path, {"steps": 12}, {}, {})
    path = tmp_path / "solution.json"
    path.write_bytes(path.read_bytes().replace(b'"steps": 12', b'"steps": 13'))
    with pytest.raises(px.PlugaxError, match="is damaged: its content is not that of its SHA-256"):
        read_summary(tmp_path)
    for text, said in (("{", "is damaged"), ("[]", "is damaged"), ("{}", "another program")):
        path.write_text(text)
        with pytest.raises(px.PlugaxError, match=said):
            read_summary(tmp_path)


def test_a_newer_format_is_refused_with_what_to_do(tmp_path):
    write_run(tmp_path, {}, {}, {})
    path = tmp_path / "solution.json"
    path.write_bytes(sealed(unsealed(path.read_bytes()) | {"format": FORMAT + 1}))
    with pytest.raises(px.PlugaxError, match=r"newer version of Plugax, in format 3.*Update"):
        read_summary(tmp_path)
