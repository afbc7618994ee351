"""Tasks are done once each, again if they die, and their errors reach the user."""

import json

import pytest

import plugax as px
from plugax.cluster import Local, Slurm, cluster_of
from plugax.cluster._complete import Task, complete
from plugax.cluster._named import plain_cluster


def write(place, text):
    """Work of a test: a file."""
    (place / "text").write_text(text)


def refuse(place, text):
    raise px.PlugaxError(f"{text} cannot be written")


def stumble(place, text):
    raise ZeroDivisionError(text)


@pytest.fixture
def tasks(tmp_path):
    return [Task(tmp_path / name, (name,), f"Part {name}") for name in "abc"]


def test_what_is_done_is_not_done_again(inline, tasks, tmp_path):
    complete(inline(), write, tasks[:1], tmp_path)
    cluster = inline()
    complete(cluster, write, tasks, tmp_path)
    assert cluster.submitted == [str(tmp_path / "b"), str(tmp_path / "c")]
    assert [(tmp_path / name / "text").read_text() for name in "abc"] == ["a", "b", "c"]


def test_a_task_that_dies_is_submitted_again(inline, tasks, tmp_path):
    cluster = inline(deaths=(1, 3))
    complete(cluster, write, tasks, tmp_path)
    assert cluster.submitted[3:] == [str(tmp_path / "b")] * 2
    assert (tmp_path / "b" / "text").exists()


def test_a_task_that_dies_again_and_again_is_an_error_with_its_last_words(inline, tasks, tmp_path):
    with pytest.raises(px.PlugaxError, match=r"Part a failed: its program ended 2 times.*Killed"):
        complete(inline(deaths=(0, 1), attempts=2), write, tasks[:1], tmp_path)


@pytest.mark.parametrize(
    ("work", "message"),
    [(refuse, "Part a failed: a cannot be written"), (stumble, "failed: ZeroDivisionError: a")],
)
def test_the_error_of_a_worker_reaches_the_user(inline, tasks, tmp_path, work, message):
    with pytest.raises(px.PlugaxError, match=message) as caught:
        complete(inline(), work, tasks, tmp_path)
    assert "2 others failed too" in str(caught.value)
    assert work.__name__ in json.loads((tmp_path / "a" / "failed.json").read_text())["traceback"]
    complete(inline(), write, tasks, tmp_path)  # the same call again, once the cause is gone


def test_a_cluster_is_a_name_with_options_or_itself():
    assert cluster_of("local", {"workers": 3}) == Local(workers=3)
    slurm = Slurm(partition="gpu", sbatch={"account": "physics"})
    assert cluster_of(slurm) is slurm
    plain = json.loads(json.dumps(plain_cluster(slurm)))
    assert cluster_of(plain["kind"], plain["options"]) == slurm
    with pytest.raises(px.PlugaxError, match=r"got 'slurn'.*Did you mean 'slurm'"):
        cluster_of("slurn")
    with pytest.raises(px.PlugaxError, match="'local' has no option 'partition'"):
        cluster_of("local", {"partition": "gpu"})


@pytest.mark.parametrize(
    ("time", "minutes"),
    [(90, 90), ("90", 90), ("0:30", 1), ("1:30:00", 90), ("2-12", 3600), ("1-0:0:30", 1441)],
)
def test_a_time_limit_is_read_as_slurm_reads_it(time, minutes):
    from plugax.cluster._slurm import minutes as read

    assert read(time) == minutes


@pytest.mark.parametrize("time", [0, "soon", "1:2:3:4", True, "-1"])
def test_a_wrong_time_limit_is_refused(time):
    with pytest.raises(px.PlugaxError, match="A time limit is written as"):
        Slurm(time=time)


def test_without_sbatch_the_error_says_what_to_do(monkeypatch, tasks, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(px.PlugaxError, match=r"no command 'sbatch'.*login node.*--cluster local"):
        complete(Slurm(), write, tasks, tmp_path)
