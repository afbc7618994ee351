"""Sweeps on this machine's own cluster: real processes, some of which are killed."""

import os
import pathlib
import signal
import subprocess
import sys

import numpy as np
import pytest

import plugax as px
from plugax.cluster import Local

MODULE = '''
import os, pathlib, signal

import jax
import jax.numpy as jnp

import plugax as px


class Deadly(px.AbstractProblem):
    """½ Σ c u²; the first worker that evaluates it is killed."""

    marker: str
    curvature: jax.Array

    def init(self, key):
        return jax.random.normal(key, (2,))

    def loss(self, unknowns, batch, key):
        return jnp.sum(self.curvature * unknowns**2) / 2, {}

    def evaluate(self, unknowns):
        if "SUBMITIT_EXECUTOR" in os.environ and not os.path.exists(self.marker):
            pathlib.Path(self.marker).touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return {"norm": jnp.linalg.norm(unknowns)}
'''


def deadly(tmp_path, monkeypatch):
    (tmp_path / "deadly_problem.py").write_text(MODULE)
    monkeypatch.syspath_prepend(tmp_path)
    import deadly_problem

    return deadly_problem.Deadly(str(tmp_path / "killed"), np.asarray([1.0, 4.0], "float32"))


def check_killed(seeds, slices, same, tmp_path, monkeypatch):
    problem = deadly(tmp_path, monkeypatch)
    solver = px.solver("gradient", tolerance=None)
    told = {"over": {"seed": range(seeds)}, "steps": 12, "evaluate_every": 5}
    whole = px.sweep(problem, solver, **told)
    cluster = Local(workers=2, slices=slices)
    found = px.sweep(problem, solver, cluster=cluster, out=tmp_path / "cut", **told)
    assert (tmp_path / "killed").exists()
    assert not (tmp_path / "cut" / "slices").exists()
    same(found, whole)
    same(px.load(tmp_path / "cut", problem=problem), whole)


@pytest.mark.slow
def test_a_worker_that_is_killed_is_started_again(same, tmp_path, monkeypatch):
    check_killed(4, 2, same, tmp_path, monkeypatch)


@pytest.mark.slow
def test_two_hundred_runs_in_slices_one_worker_of_which_is_killed(same, tmp_path, monkeypatch):
    check_killed(200, 4, same, tmp_path, monkeypatch)


SCRIPT = '''
import os, signal, sys

import plugax as px

out, names = sys.argv[1:]
told = 0


class Kill(px.AbstractObserver):
    """Kills this process after some chunks."""

    def on_progress(self, progress):
        global told
        told += 1
        if told == (3 if names == "sgd" else 6):
            os.kill(os.getpid(), signal.SIGKILL)


over = {"optimizer.learning_rate": [0.01, 0.03, 0.1], "seed": range(2)}
if "," in names:
    over["optimizer.name"] = names.split(",")
solver = px.solver("gradient", optimizer="sgd", tolerance=None)
told = {"steps": 20, "chunk": 5, "snapshot_every": 5, "observers": [Kill()]}
px.sweep("regression", solver, over=over, out=out, **told)
'''


@pytest.mark.slow
@pytest.mark.parametrize("names", ["sgd", "sgd,adam"])
def test_a_sweep_killed_in_the_middle_resumes_to_the_bits_of_the_undivided_one(
    names, same, tmp_path
):
    (tmp_path / "killed.py").write_text(SCRIPT)
    command = [sys.executable, tmp_path / "killed.py", tmp_path / "out", names]
    ended = subprocess.run(command, stdin=subprocess.DEVNULL, check=False, cwd=tmp_path)
    assert ended.returncode == -signal.SIGKILL
    found = px.resume(tmp_path / "out", chunk=5)
    over = {"optimizer.learning_rate": [0.01, 0.03, 0.1], "seed": range(2)}
    over |= {"optimizer.name": names.split(",")} if "," in names else {}
    solver = px.solver("gradient", optimizer="sgd", tolerance=None)
    whole = px.sweep("regression", solver, over=over, steps=20, chunk=5)
    several = "," in names
    for one, other in zip(*((found, whole) if several else ([found], [whole])), strict=True):
        same(one, other)


def test_who_comes_second_waits_for_the_lock_and_finds_the_slice_done(tmp_path):
    from plugax.cluster._worker import DONE, Worker

    (tmp_path / DONE).touch()
    Worker(lambda place: pathlib.Path(place / "again").touch())(str(tmp_path))
    assert not os.path.exists(tmp_path / "again")
