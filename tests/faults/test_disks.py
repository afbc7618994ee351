"""A file system that takes no more, and files that were damaged."""

import importlib.util
import os
import pathlib
import subprocess
import sys
import warnings

import jax
import numpy as np
import pytest

import plugax as px

DAMAGES = 1000
CACHE = ("JAX_COMPILATION_CACHE_DIR",)
CASES = pathlib.Path(__file__).with_name("cases.py")
# A limit on the size of a file does what a full disk does: a write comes to an error. It is lifted
# when half of the steps are done.
LIMITED = """
import resource, sys
sys.path.insert(0, sys.argv[1])
import cases
import plugax as px

most = resource.getrlimit(resource.RLIMIT_FSIZE)[1]

class Lift(px.AbstractObserver):
    def on_progress(self, progress):
        if progress.step >= 200:
            resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))

resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[3]), most))
found = cases.regression(out=sys.argv[2], observers=[Lift()], **cases.SAVED)
print(found.status.name, found.unsaved)
"""


def assert_same(found, wanted):
    for name in ("unknowns", "state", "series", "evaluation_series"):
        pair = (jax.tree.leaves(getattr(run, name)) for run in (found, wanted))
        for a, b in zip(*pair, strict=True):
            np.testing.assert_array_equal(a, b)


@pytest.fixture
def cases():
    spec = importlib.util.spec_from_file_location("plugax_fault_cases", CASES)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("limit", [0, 100, 500, 1000, 3000])
def test_a_run_goes_on_when_its_disk_is_full_and_is_saved_when_it_no_longer_is(
    limit, cases, tmp_path
):
    script, out = tmp_path / "limited.py", tmp_path / "out"
    script.write_text(LIMITED)
    given = map(str, (script, CASES.parent, out, limit))
    command = [sys.executable, "-W", "default", *given]
    # Entries of JAX's compilation cache would be cut off as well, and stay so.
    own = {name: value for name, value in os.environ.items() if name not in CACHE}
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=own)
    assert done.stdout == "completed None\n"
    assert "UnsavedWarning" in done.stderr
    assert "Traceback" not in done.stderr
    assert_same(px.load(out), cases.regression())


def test_no_damage_to_a_saved_run_is_believed(cases, tmp_path):
    whole = cases.population(out=tmp_path / "run", **cases.SAVED)
    rng, refused = np.random.default_rng(0), 0
    files = [path for path in (tmp_path / "run").rglob("*") if path.is_file()]
    for _ in range(DAMAGES):
        path = files[rng.integers(len(files))]
        content = path.read_bytes()
        damaged = bytearray(content)
        at = int(rng.integers(len(content)))
        kind = rng.integers(3)
        if kind == 0:
            del damaged[at:]
        elif kind == 1:
            damaged[at] ^= int(rng.integers(1, 256))
        else:
            size = int(rng.integers(1, 64))
            damaged[at : at + size] = rng.bytes(size)
        path.write_bytes(damaged)
        found = None
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                found = px.load(tmp_path / "run")
        except px.PlugaxError as error:
            refused += 1
            assert str(tmp_path) in str(error)  # noqa: PT017 - either may happen
        if found is not None:
            assert_same(found, whole)
            assert found.steps.tolist() == whole.steps.tolist()
        path.write_bytes(content)
    print(f"{refused} of {DAMAGES} were refused, the others changed nothing that is read")
    assert refused > DAMAGES / 4
