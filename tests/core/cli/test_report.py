"""report and runs."""

import re

import numpy as np
import pytest

import plugax as px


@pytest.fixture(autouse=True)
def elsewhere(monkeypatch, tmp_path):
    """What is written to the current directory is written to one of its own."""
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    return tmp_path / "here"


def test_a_run_becomes_one_file(call, elsewhere):
    call("run", "bowl", "--tilted", "--centre", "0,1.5", "--out", "runs/a")
    result = call("report", "runs/a")
    assert (result.status, result.out, result.err) == (0, "report.html\n", "")
    page = (elsewhere / "report.html").read_text()
    pictures = re.findall(r'<img src="data:image/([a-z+]+);base64,[^"]+" alt="(\w+)">', page)
    assert pictures == [("svg+xml", "loss"), ("gif", "descent")]
    assert "The bowl leans, since step" in page
    assert "plugax run --config config.toml" in page
    assert "centre = [\n    0.0,\n    1.5,\n]" in page


def test_the_configuration_in_the_report_repeats_the_run(call, elsewhere):
    call("run", "bowl", "--optimizer", "signed", "--steps", 5, "--tolerance", "none", "--out", "a")
    call("report", "a", "--no-figures")
    page = (elsewhere / "report.html").read_text()
    assert "<img" not in page
    config = re.search("config.toml</summary><pre>(.*?)</pre>", page, re.DOTALL).group(1)
    (elsewhere / "config.toml").write_text(config.replace("&quot;", '"'))
    assert call("run", "--config", "config.toml", "--out", "b").status == 0
    np.testing.assert_array_equal(px.load("a").unknowns, px.load("b").unknowns)


def test_the_configuration_of_another_run_is_not_shown(call, elsewhere):
    call("run", "bowl", "--seed", 1, "--out", "a")
    px.solve("bowl", "descent", seed=2, steps=2, out="a", force=True)
    call("report", "a", "--no-figures")
    page = (elsewhere / "report.html").read_text()
    assert "config.toml" not in page
    assert "seed=2" in page


def test_double_precision_is_read_as_it_was_saved(call, elsewhere):
    call("run", "deep", "--solver", "descent", "--steps", 2, "--out", "a")
    assert call("report", "a", "--title", "Deep & wide").status == 0
    page = (elsewhere / "report.html").read_text()
    assert "<title>Deep &amp; wide</title>" in page
    assert "could not be made" not in page
    assert "jax_enable_x64" in page


def test_a_plugin_that_is_gone_is_named(call, manager, elsewhere):
    call("run", "bowl", "--out", "a")
    manager.unregister("stranger")
    assert call("report", "a").status == 0
    page = (elsewhere / "report.html").read_text()
    assert "The problem &#x27;bowl&#x27; is not installed here." in page
    assert "the plugin stranger" in page
    assert "<img" not in page


def test_a_report_that_is_there_is_kept(call, elsewhere):
    call("run", "bowl", "--out", "a")
    (elsewhere / "report.html").write_text("mine")
    refused = call("report", "a")
    assert (refused.status, refused.out) == (2, "")
    assert "--force" in refused.err
    assert (elsewhere / "report.html").read_text() == "mine"
    assert call("report", "a", "--out", "other.html", "--no-figures").out == "other.html\n"
    assert call("report", "a", "--force", "--no-figures").status == 0


@pytest.mark.parametrize(
    ("argv", "told"),
    [
        ((), "DIR|FILE.json"),
        (("nowhere",), "nowhere does not exist"),
        (("here",), "no saved run in or below here"),
        (("a", "--out", "report.pdf"), "ends in .html"),
        (("a", "--outt", "x"), "there is no option --outt. Did you mean '--out'?"),
        (("damaged",), "damaged/solution.json is damaged"),
    ],
)
def test_a_wrong_call_is_one_line(call, save_damaged, elsewhere, argv, told):
    (elsewhere / "here").mkdir()
    result = call("report", *argv)
    assert (result.status, result.out) == (2, "")
    assert told in result.err
    assert "Traceback" not in result.err
    assert not list(elsewhere.glob("*.html"))


@pytest.fixture
def save_damaged(elsewhere):
    """A run whose summary was cut off."""
    (elsewhere / "damaged").mkdir()
    (elsewhere / "damaged" / "solution.json").write_text('{"status": ')


def test_runs_are_listed_with_their_scores(call, monkeypatch):
    monkeypatch.setenv("COLUMNS", "120")
    call("run", "bowl", "--out", "runs/b", "--steps", 1)
    call("run", "bowl", "--out", "runs/a", "--steps", 9, "--tolerance", "none")
    result = call("runs", "runs")
    assert (result.status, result.err) == (0, "")
    heading, first, second = result.out.splitlines()
    names = ["directory", "problem", "solver", "status", "score", "steps", "saved"]
    assert heading.split() == names
    assert first.split()[:5] == ["runs/a", "bowl", "descent", "completed", "loss"]
    assert second.split()[:4] == ["runs/b", "bowl", "descent", "not-converged"]
    told = call("runs", "--json").json
    assert [run["directory"] for run in told] == ["runs/a", "runs/b"]
    assert [run["steps"] for run in told] == [9, 1]
    sorted_ = call("runs", "runs", "--sort", "steps", "--json").json
    assert [run["steps"] for run in sorted_] == [1, 9]


def test_damaged_runs_are_listed_last_if_sorted_and_their_damage_below(call, save_damaged):
    call("run", "bowl", "--out", "z")
    result = call("runs", "--sort", "score")
    assert result.status == 0
    lines = result.out.splitlines()
    assert [line.split()[0] for line in lines[1:3]] == ["z", "damaged"]
    assert "damaged/solution.json is damaged" in " ".join(lines[4:])


def test_where_there_are_no_runs_that_is_said(call):
    result = call("runs")
    assert (result.status, result.out) == (0, "no saved runs in or below .\n")
    assert call("runs", "--json").json == []
    nowhere = call("runs", "nowhere")
    assert (nowhere.status, nowhere.out) == (2, "")
    assert "does not exist" in nowhere.err
