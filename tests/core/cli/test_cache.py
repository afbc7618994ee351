"""The compilation cache of the command line: its bound, and what a damaged file costs."""

import os
import pathlib
import subprocess
import sys
import threading
import zlib

import pytest

from plugax.cli import _cache
from plugax.cli._cache_upkeep import Upkeep
from plugax.errors import PlugaxError

SCRIPT = pathlib.Path(__file__).with_name("process.py")
LONG_AGO = 10**9  # s


@pytest.fixture
def ours(monkeypatch, tmp_path):
    """Plugax's own cache, in a directory of this test."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    where = _cache.default_cache()
    where.mkdir(parents=True)
    monkeypatch.setenv("JAX_COMPILATION_CACHE_DIR", str(where))
    for name in (_cache.SIZE, "JAX_COMPILATION_CACHE_MAX_SIZE", "JAX_ENABLE_COMPILATION_CACHE"):
        monkeypatch.delenv(name, raising=False)
    return where


def program(where, name, content, *, used):
    """A file as JAX writes it, last used after so many seconds."""
    file = where / f"{name}-cache"
    file.write_bytes(content)
    os.utime(file, (LONG_AGO + used, LONG_AGO + used))
    return file


@pytest.mark.parametrize(
    ("given", "size"),
    [
        ("500MB", 5 * 10**8),
        ("1.5 gib", 3 * 2**29),
        ("1000", 1000),
        ("none", None),
        ("", 2**31),
        (None, 2**31),
    ],
)
def test_the_bound_is_a_size(ours, monkeypatch, given, size):
    if given is not None:
        monkeypatch.setenv(_cache.SIZE, given)
    assert _cache.bound() == size


@pytest.mark.parametrize("given", ["2 XB", "-1", "much", "1e3MB"])
def test_what_is_no_size_is_a_wrong_call(ours, monkeypatch, call, given):
    monkeypatch.setenv(_cache.SIZE, given)
    with pytest.raises(PlugaxError, match="must be a size such as 500MB or 2GB"):
        _cache.bound()
    result = call("run", "bowl")
    assert result.status == 2
    assert _cache.SIZE in result.err


def test_a_directory_of_the_users_has_a_bound_only_if_asked(ours, monkeypatch, tmp_path):
    monkeypatch.setenv("JAX_COMPILATION_CACHE_DIR", str(tmp_path / "mine"))
    assert _cache.bound() is None
    monkeypatch.setenv(_cache.SIZE, "1KB")
    assert _cache.bound() == 1000


def test_a_bound_of_jax_itself_is_left_to_it(ours, monkeypatch):
    monkeypatch.setenv("JAX_COMPILATION_CACHE_MAX_SIZE", "1000")
    assert _cache.bound() is None


def test_those_not_used_for_longest_are_removed_and_nothing_else(ours):
    for number, used in enumerate((30, 10, 40, 20)):
        program(ours, f"jit_{number}", bytes(100), used=used)
    (ours / "mine.txt").write_text("mine")
    _cache.trim(ours, 400)
    assert len(_cache.programs(ours)) == 4
    _cache.trim(ours, 300)
    left = {file.name for _, _, file in _cache.programs(ours)}
    assert left == {"jit_0-cache", "jit_2-cache"}  # 200 bytes, at most 9/10 of 300
    assert (ours / "mine.txt").exists()


def test_the_upkeep_of_many_commands_at_once_is_undisturbed(ours):
    failed = []

    def work(number):
        try:
            for one in range(60):
                (ours / f"jit_{number}_{one}-cache").write_bytes(bytes(100))
                _cache.trim(ours, 500)
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed
    _cache.trim(ours, 500)
    assert sum(size for _, size, _ in _cache.programs(ours)) <= 500


def test_a_damaged_program_is_one_line_and_is_removed(ours):
    damaged = program(ours, "jit_a-1", zlib.compress(bytes(1000))[:-5], used=0)
    sound = program(ours, "jit_a-2", zlib.compress(b"sound"), used=0)
    upkeep = Upkeep()
    said = upkeep.takes(
        "Error reading persistent compilation cache entry for 'jit_a': error: Error -5"
    )
    assert said.startswith("A program that was kept cannot be used, so it is compiled anew: ")
    # One line a command, and none for a program that another command has just removed.
    again = "Error reading persistent compilation cache entry for 'jit_b': FileNotFoundError: [2]"
    assert upkeep.takes(again) == ""
    assert upkeep.takes(again.replace("FileNotFoundError", "OSError")) == ""
    assert upkeep.takes("something else") is None
    upkeep.end()
    assert not damaged.exists()
    assert sound.exists()


def test_what_a_full_disk_cut_short_is_removed_and_older_programs_stay(ours):
    upkeep = Upkeep()
    old = program(ours, "jit_a-1", b"unreadable", used=0)
    new = ours / "jit_a-2-cache"
    new.write_bytes(b"cut short")
    told = "Error writing persistent compilation cache entry for 'jit_a': OSError: No space left"
    assert upkeep.takes(told).startswith("Programs cannot be kept")
    upkeep.end()
    assert old.exists()
    assert not new.exists()


def test_a_directory_of_the_users_is_left_as_it_is(ours, monkeypatch, tmp_path):
    mine = tmp_path / "mine"
    mine.mkdir()
    file = program(mine, "jit_a-1", b"unreadable", used=0)
    monkeypatch.setenv("JAX_COMPILATION_CACHE_DIR", str(mine))
    upkeep = Upkeep()
    upkeep.takes("Error reading persistent compilation cache entry for 'jit_a': error: Error -3")
    upkeep.end()
    assert file.exists()


def test_doctor_shows_the_cache_and_clears_it(ours, call):
    program(ours, "jit_a-1", bytes(1024), used=0)
    (ours / "jit_a-1-atime").write_bytes(bytes(8))
    (ours / "mine.txt").write_text("mine")
    cache = call("doctor", "--json").json["cache"]
    assert cache == {"directory": str(ours), "programs": 1, "bytes": 1024, "bound": 2**31}
    assert "1 programs, 1 KiB; at most 2 GiB" in call("doctor").out
    assert call("doctor", "--clear-cache").out == f"{ours}: 1 programs removed, 1 KiB\n"
    assert [file.name for file in ours.iterdir()] == ["mine.txt"]


@pytest.mark.slow
def test_commands_at_once_with_a_tiny_bound_and_a_damaged_program(tmp_path):
    environment = dict(os.environ) | {"XDG_CACHE_HOME": str(tmp_path), _cache.SIZE: "50KB"}
    environment["PLUGAX_BLOCK"] = "progress"
    environment.pop("JAX_COMPILATION_CACHE_DIR", None)
    environment["PYTHONPATH"] = os.pathsep.join(sys.path)
    where = tmp_path / "plugax" / "jax"

    def started(*argv):
        command = [sys.executable, str(SCRIPT), "run", "bowl", "--json", *argv]
        told = {"env": environment, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        return subprocess.Popen(command, **told, text=True)

    for _ in range(2):
        both = [started("--dim", dim) for dim in "23"]
        for one in both:
            out, err = one.communicate()
            assert one.returncode == 0, err
            assert "Traceback" not in err
            assert '"converged"' in out
        assert sum(size for _, size, _ in _cache.programs(where)) <= 50_000
    environment[_cache.SIZE] = "none"
    started().communicate()
    damaged = [file for _, _, file in _cache.programs(where) if "jit_advance" in file.name]
    assert damaged
    for file in damaged:
        file.write_bytes(file.read_bytes()[:100])
    for lines in (1, 0):  # once a line, then it is compiled and kept
        one = started()
        out, err = one.communicate()
        assert one.returncode == 0, err
        assert '"converged"' in out
        assert err.replace("running\n", "").count("\n") == lines, err
