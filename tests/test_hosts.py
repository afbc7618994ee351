"""Runs of several processes, as on several hosts: here all on this one, two CPU devices each."""

import json
import os
import signal
import socket
import subprocess
import sys

import numpy as np
import pytest

import plugax as px
from plugax.solution import read_saved_run

# What the processes run. After every chunk the state is saved, which standard error tells.
MODULE = '''
"""A network on random examples that are read on the host."""

import sys

import jax.numpy as jnp
import jax.random as jr
import numpy as np

import plugax as px
from plugax.data import Stream
from plugax.runner.run import _run
from plugax.runner.request._snapshots import Snapshots


class Fit(px.AbstractProblem):
    """Mean squared error of a network with one hidden layer."""

    batches: Stream

    def __init__(self):
        x = np.random.default_rng(0).normal(size=(256, 5)).astype("float32")
        self.batches = Stream((x, np.sin(x).sum(1)), 32)

    @property
    def data(self):
        return self.batches

    def init(self, key):
        return jr.normal(key, (5, 16)) / 4, jr.normal(key, (16,)) / 4

    def loss(self, unknowns, batch, key):
        (inner, outer), (x, y) = unknowns, batch
        return jnp.mean((jnp.tanh(x @ inner) @ outer - y) ** 2), {}


def save(self, *arguments, saved=_run._Between._save, **told):
    found = saved(self, *arguments, **told)
    print("a snapshot", file=sys.stderr, flush=True)
    return found


_run._Between._save, Snapshots.seconds = save, property(lambda _: 0.0)
'''
FIT = ("models:Fit", "--solver", "gradient", "--optimizer", "sgd", "--tolerance", "none")


@pytest.fixture
def start(tmp_path, root):
    """Starts one command in several processes, which find each other; those left are ended."""
    (tmp_path / "models.py").write_text(MODULE)
    paths = [str(tmp_path), str(root / "core"), str(root / "plugins")]
    environment = os.environ | {"JAX_NUM_CPU_DEVICES": "2", "PYTHONPATH": os.pathsep.join(paths)}
    started = []

    def start(count, *arguments):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            address = f"127.0.0.1:{free.getsockname()[1]}"
        own = [
            ("--distributed", "--coordinator", address, "--processes", str(count), "--process", i)
            for i in map(str, range(count))
        ]
        for joined in own if count > 1 else [()]:
            process = subprocess.Popen(
                [sys.executable, "-m", "plugax", *arguments, *joined],
                cwd=tmp_path,
                env=environment,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
            started.append(process)
        return started[-count:]

    yield start
    for process in started:
        process.kill()
        process.communicate()


def end(processes):
    """Waits for processes that have to succeed; what each has printed."""
    told = [process.communicate() for process in processes]
    assert [process.returncode for process in processes] == [0] * len(processes), told
    return [out for out, _ in told]


@pytest.mark.slow
@pytest.mark.parametrize("count", [2, 4])
def test_a_population_of_several_processes_has_the_same_bits_as_of_one(start, tmp_path, count):
    sweep = ("sweep", "regression", "--solver", "gradient", "--steps", "20", "--tolerance", "none")
    sweep = (*sweep, "--over", "optimizer.learning_rate=0.001:0.1:9", "--json", "--chunk", "7")
    first, *others = end(start(count, *sweep, "--out", "several"))
    assert len(json.loads(first)["members"]["loss"]) == 9
    assert others == [""] * (count - 1)  # the first reports
    several = px.load(tmp_path / "several")
    alone = px.sweep(
        *("regression", "gradient"),
        over={"optimizer.learning_rate": np.linspace(0.001, 0.1, 9)},
        steps=20,
        tolerance=None,
        devices=1,
    )
    assert len(several.provenance["device"]["indices"]) == 2 * count
    np.testing.assert_array_equal(several.unknowns, alone.unknowns)
    np.testing.assert_array_equal(several.series["loss"], alone.series["loss"])


@pytest.mark.slow
@pytest.mark.parametrize("count", [2, 4])
def test_batches_divided_among_processes_give_the_same_up_to_rounding(start, tmp_path, count):
    end(start(1, "run", *FIT, "--steps", "20", "--out", "alone"))
    end(start(count, "run", *FIT, "--steps", "20", "--out", "several"))
    one, other = (_series(tmp_path / name)["loss"] for name in ("alone", "several"))
    # Means of 32 terms in another order, twenty times over.
    np.testing.assert_allclose(one, other, rtol=20 * 32 * np.finfo("float32").eps)


@pytest.mark.slow
def test_if_a_process_is_killed_the_others_say_so_and_the_run_goes_on_without_it(start, tmp_path):
    first, second = start(2, "run", *FIT, "--steps", "1000000", "--chunk", "5", "--out", "run")
    assert any("a snapshot" in line for line in first.stderr)
    second.send_signal(signal.SIGKILL)
    _, told = first.communicate(timeout=60)
    assert first.returncode == 1, told
    assert "Another of the 2 processes has ended" in told
    assert "Traceback" not in told
    done = json.loads((tmp_path / "run" / "solution.json").read_text())["steps"]
    assert done >= 5
    end(start(1, "resume", "run", "--steps", str(done + 7)))
    assert len(_series(tmp_path / "run")["loss"]) == done + 7


@pytest.mark.slow
def test_a_wrong_call_is_told_by_every_process(start):
    processes = start(2, "run", *FIT, "--devices", "3")
    for number, process in enumerate(processes):
        _, told = process.communicate()
        assert process.returncode == 2
        assert f"process {number}: A batch" in told


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (("--coordinator", "127.0.0.1:1"), "--processes, --process is missing"),
        (("--process", "one", "--processes", "2", "--coordinator", "a:1"), "got 'one'"),
        ((), "have not found each other"),
    ],
)
def test_what_is_missing_to_find_each_other_is_said(capfd, monkeypatch, flags, words):
    from plugax.cli import main

    for name in [name for name in os.environ if name.startswith(("SLURM", "OMPI", "KUBERNETES"))]:
        monkeypatch.delenv(name)
    assert main(["run", "regression", "--distributed", *flags]) == 2
    assert words in capfd.readouterr().err


def _series(directory):
    return read_saved_run(directory).series("history")
