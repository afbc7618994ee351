"""plot and resume."""

import tomllib

import numpy as np

import plugax as px


def test_plot_writes_figures_and_animations(call, tmp_path):
    call("run", "bowl", "--out", tmp_path)
    result = call("plot", tmp_path)
    assert result.status == 0
    paths = [tmp_path / "figures" / "loss.png", tmp_path / "figures" / "descent.gif"]
    assert result.out.split() == [str(path) for path in paths]
    assert paths[0].read_bytes().startswith(b"\x89PNG")
    assert paths[1].read_bytes().startswith(b"GIF8")
    assert sorted(path.name for path in paths[0].parent.iterdir()) == ["descent.gif", "loss.png"]


def test_plot_of_a_problem_without_figures_says_so(call, tmp_path):
    call("run", "deep", "--solver", "descent", "--steps", 2, "--out", tmp_path)
    result = call("plot", tmp_path)  # saved in float64, and read so
    assert result.status == 0
    assert result.err == "plugax: this problem draws no figures\n"


def test_resume_goes_on_to_the_very_same_result(call, tmp_path):
    steps = ("--tolerance", "none", "--optimizer", "signed")
    call("run", "bowl", *steps, "--steps", 5, "--out", tmp_path / "a")
    call("run", "bowl", *steps, "--steps", 9, "--out", tmp_path / "b")
    result = call("resume", tmp_path / "a", "--steps", 9, "--json")
    assert result.status == 0
    assert result.json["steps"] == 9
    assert result.json["options"]["solver"]["optimizer"]["name"] == "signed"
    np.testing.assert_array_equal(
        px.load(tmp_path / "a").unknowns, px.load(tmp_path / "b").unknowns
    )
    assert tomllib.loads((tmp_path / "a" / "config.toml").read_text())["run"]["steps"] == 9


def test_resume_of_a_finished_run_is_a_wrong_call(call, tmp_path):
    call("run", "bowl", "--out", tmp_path)
    result = call("resume", tmp_path)
    assert result.status == 2
    assert "Nothing is left to do" in result.err
