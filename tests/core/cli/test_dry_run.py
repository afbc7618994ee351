"""`--dry-run` of `plugax run` and `plugax sweep`."""

import pytest

import plugax as px
from plugax import _memory, hookimpl


@pytest.fixture
def little_memory(monkeypatch):
    """A machine with 1 MiB of memory left."""
    monkeypatch.setattr(_memory, "_of_system", lambda: 2**20)
    monkeypatch.setattr(_memory, "_of_group", lambda: None)


def test_a_run_is_told_and_not_done(call, tmp_path, monkeypatch):
    # Wide enough for any temporary directory's path.
    monkeypatch.setenv("COLUMNS", "1000")
    result = call("run", "bowl", "--tolerance", "none", "--out", tmp_path / "a", "--dry-run")
    assert result.status == 0
    lines = result.out.splitlines()
    assert lines[:2] == ["bowl · descent", "It fits."]
    assert [line.split()[0] for line in lines[2:]] == [
        *("steps", "memory", "compilation", "run", "disk")
    ]
    assert result.err == ""
    assert list(tmp_path.iterdir()) == []


def test_a_sweep_is_told_as_json(call, tmp_path):
    over = ("--over", "rate=0.1:0.3:4", "--over", "optimizer=fixed,signed")
    told = call("sweep", "bowl", *over[:2], "--dry-run", "--json", "--out", tmp_path / "a").json
    assert told["fits"]
    assert (told["problem"], told["members"], told["programs"]) == ("bowl", 4, 1)
    assert told["memory"] == sum(told["memory_parts"].values()) < told["memory_free"]
    assert told["most_members"] > 1000
    assert told["disk"] > 0
    assert told["seconds"] > 0
    told = call("sweep", "bowl", *over[2:], "--dry-run").out
    assert "1 in each of 2 programs, 1 side by side; at most" in told
    assert list(tmp_path.iterdir()) == []


def test_what_does_not_fit_exits_with_one(call, little_memory):
    over = ("--over", "seed=0:100000")
    result = call("sweep", "bowl", *over, "--dry-run", "--json")
    assert result.status == 1
    assert not result.json["fits"]
    assert result.json["seconds"] is None
    text = call("sweep", "bowl", *over, "--dry-run")
    assert text.status == 1
    assert "members fit" in text.out or "not even one fits" in text.out.lower()


class Indignant(px.AbstractObserver):
    """Wants to be told nothing."""

    def on_start(self, steps):
        raise RuntimeError("a run has begun")


class Plugin:
    @hookimpl
    def register_observers(self, register):
        register("indignant", Indignant)

    @hookimpl
    def before_compile(self, problem, solver):
        raise RuntimeError("a run is compiled")


def test_neither_observers_nor_plugins_are_told(call, manager):
    manager.register(Plugin(), "indignant")
    told = ("bowl", "--observer", "indignant")
    assert call("run", *told).status == 1
    assert call("run", *told, "--dry-run").status == 0
    assert call("sweep", *told, "--over", "seed=0:2", "--dry-run").status == 0


@pytest.mark.parametrize(
    "argv",
    [
        ("run", "bowk"),
        ("run", "bowl", "--steps", 0),
        ("run", "bowl", "--seed", -1),
        ("run", "bowl", "--dim", "many"),
        ("run", "bowl", "--dim", 0),
        ("run", "bowl", "--device", "tpu:9"),
        ("run", "bowl", "--keep-best", "distance"),
        ("run", "bowl", "--record", "lost"),
        ("run", "bowl", "--out", "/dev/null/a"),
        ("run", "bowl", "--observer", "nobody"),
        ("sweep", "bowl"),
        ("sweep", "bowl", "--over", "rat=1,2"),
        ("sweep", "bowl", "--over", "rate=0.1:0.3:4", "--block", 0),
        ("sweep", "bowl", "--over", "rate=0.1:0.3:4", "--eta", 2),
    ],
)
def test_a_wrong_call_is_answered_as_without(call, argv):
    real, dry = call(*argv), call(*argv, "--dry-run")
    assert real.status == dry.status == 2
    assert dry.out == ""
    assert dry.err == real.err
