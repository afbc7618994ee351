"""`Slurm` beside a stand-in for sbatch that runs the array at once, one task after the other."""

import importlib
import os
import stat

import pytest

import plugax as px
from plugax.cluster import Slurm
from plugax.cluster._complete import Task, complete

SBATCH = """#!/bin/bash
cp "$1" {here}/script.sh
last=$(sed -n 's/#SBATCH --array=0-\\([0-9]*\\).*/\\1/p' "$1")
for task in $(seq 0 ${{last:-0}}); do
  export SLURM_JOB_ID=7 SLURM_NTASKS=1 SLURM_JOB_NUM_NODES=1 SLURM_NODEID=0
  export SLURM_PROCID=0 SLURM_LOCALID=0
  if [ -n "$last" ]; then export SLURM_ARRAY_JOB_ID=7 SLURM_ARRAY_TASK_ID=$task; fi
  bash "$1" > /dev/null 2>&1 &
done
echo "Submitted batch job 7"
"""
SRUN = """#!/bin/bash
while [[ "$1" == --* ]]; do
  if [[ "$1" == --output || "$1" == --error ]]; then shift; fi; shift
done
exec "$@"
"""
SACCT = """#!/bin/bash
echo "JobID|State|NodeList"
"""


@pytest.fixture
def slurm(tmp_path, monkeypatch):
    folder = tmp_path / "bin"
    folder.mkdir()
    for name, text in {"sbatch": SBATCH, "srun": SRUN, "sacct": SACCT}.items():
        (folder / name).write_text(text.format(here=tmp_path) if name == "sbatch" else text)
        (folder / name).chmod(stat.S_IRWXU)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setattr("plugax.cluster._complete.REMOTE_SECONDS", 0.02)
    monkeypatch.syspath_prepend(os.path.dirname(__file__))
    return tmp_path


@pytest.mark.slow
def test_an_array_of_tasks_with_the_parameters_of_sbatch(slurm):
    write = importlib.import_module("slurm_work").write
    cluster = Slurm(
        partition="gpu",
        time="2:00:00",
        cpus=4,
        gpus=1,
        memory="16G",
        at_once=2,
        sbatch={"account": "physics", "requeue": True},
        setup=["export PYTHONPATH=" + os.path.dirname(__file__) + ":$PYTHONPATH"],
    )
    tasks = [Task(slurm / name, (name,), name) for name in "abc"]
    complete(cluster, write, tasks, slurm)
    assert [(slurm / name / "text").read_text() for name in "abc"] == ["a", "b", "c"]
    script = (slurm / "script.sh").read_text()
    for line in (
        "--array=0-2%2",
        "--partition=gpu",
        "--time=120",
        "--cpus-per-task=4",
        "--gpus-per-node=1",
        "--mem=16G",
        "--account=physics",
        "--requeue",
        "--job-name=plugax",
    ):
        assert f"#SBATCH {line}\n" in script


def test_what_sbatch_refuses_is_told(slurm):
    refusing = '#!/bin/bash\necho "sbatch: error: invalid partition specified: moon" >&2; exit 1\n'
    (slurm / "bin" / "sbatch").write_text(refusing)
    with pytest.raises(px.PlugaxError, match=r"could not be submitted.*invalid partition"):
        complete(Slurm(partition="moon"), print, [Task(slurm / "a", ("a",), "a")], slurm)
