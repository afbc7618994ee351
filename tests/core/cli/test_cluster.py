"""`plugax sweep` and `plugax compare` on a cluster; workers run in this process here."""

import numpy as np
import pytest

import plugax as px
from plugax.cli import _cluster
from plugax.cluster import Local, Slurm

SWEEP = ["sweep", "bowl", "--over", "rate=0.05,0.1,0.15,0.2,0.25,0.3"]
LENGTH = ["--steps", "6", "--block", "1", "--tolerance", "none"]


@pytest.fixture
def on(monkeypatch):
    """Puts a cluster in place of the one that is named."""

    def put(cluster):
        monkeypatch.setattr(_cluster, "cluster_of", lambda *_: cluster)
        monkeypatch.setattr("plugax.runner.slices._on_cluster.cluster_of", lambda *_: cluster)
        return cluster

    return put


def test_a_sweep_on_a_cluster_prints_and_saves_what_the_undivided_one_does(
    call, on, inline, tmp_path
):
    on(inline())
    told = [*SWEEP, *LENGTH, "--json"]
    one = call(*told, "--out", tmp_path / "one")
    cut = call(*told, "--cluster", "local", "--out", tmp_path / "cut")
    assert one.status == cut.status == 0
    mine, theirs = px.load(tmp_path / "cut"), px.load(tmp_path / "one")
    np.testing.assert_array_equal(mine.unknowns, theirs.unknowns)
    for name in ("config.toml", "swept.npz", "members.npz"):
        assert (tmp_path / "cut" / name).read_bytes() == (tmp_path / "one" / name).read_bytes()
    again = call(*told, "--cluster", "local", "--out", tmp_path / "cut")
    assert again.status == 0


def test_a_sweep_that_was_broken_off_goes_on_by_resume(call, on, inline, tmp_path):
    on(inline(deaths=(0,), attempts=1))
    broken = call(*SWEEP, *LENGTH, "--cluster", "slurm", "--out", tmp_path / "cut")
    assert broken.status == 2
    assert "Slice 1 of 3 failed" in broken.err
    refused = call(*SWEEP, *LENGTH, "--out", tmp_path / "cut")
    assert "of another run" in refused.err
    assert "`plugax resume` goes on with it" in refused.err
    cluster = on(inline())
    assert call("resume", tmp_path / "cut").status == 0
    assert len(cluster.submitted) == 1
    assert px.load(tmp_path / "cut").status.shape == (6,)


def test_the_options_of_a_cluster():
    flags = {"cluster": "local", "cluster.workers": 3, "cluster.slices": 5}
    assert _cluster.cluster_from(flags) == Local(workers=3, slices=5)
    pairs = [_cluster._pair("account=physics"), _cluster._pair("--requeue")]
    flags = {"cluster": "slurm", "cluster.at_once": 4, "cluster.sbatch": pairs}
    expected = Slurm(at_once=4, sbatch={"account": "physics", "requeue": True})
    assert _cluster.cluster_from(flags) == expected
    assert _cluster.cluster_from({"cluster": None}) is None


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["--cluster", "local"], "Give the directory"),
        (["--cluster", "pbs"], "--cluster: expected local|slurm; got 'pbs'"),
        (["--cluster.workers", "3"], "--cluster.workers belongs to a cluster"),
        (["--cluster", "local", "--cluster.partition", "gpu"], "has no option 'partition'"),
        (["--cluster", "slurm", "--cluster.time", "soon", "--out", "x"], "A time limit is written"),
        (["--cluster", "local", "--race", "halving", "--out", "x"], "A race compares"),
    ],
)
def test_what_is_wrong_is_told(call, argv, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    answered = call(*SWEEP, *LENGTH, *argv)
    assert answered.status == 2
    assert message in answered.err


def test_without_sbatch_the_message_says_what_to_do(call, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    answered = call(*SWEEP, *LENGTH, "--cluster", "slurm", "--out", tmp_path / "x")
    assert answered.status == 2
    assert "There is no command 'sbatch' on this machine" in answered.err


def test_a_comparison_in_a_directory_goes_on(call, on, inline, tmp_path):
    cluster = on(inline())
    told = ["compare", "bowl", "--solvers", "descent", "--seeds", "2"]
    told += ["--out", tmp_path / "rows"]
    assert call(*told).status == 0
    assert (tmp_path / "rows" / "comparison.json").exists()
    assert call(*told, "--cluster", "local").status == 0
    assert cluster.submitted == []
