"""plot and resume."""

import tomllib

import numpy as np
import pytest

import plugax as px


def test_plot_writes_figures_and_animations(call, tmp_path):
    call("run", "bowl", "--out", tmp_path)
    result = call("plot", tmp_path)
    assert result.status == 0
    paths = [tmp_path / "figures" / "loss.png", tmp_path / "figures" / "descent.gif"]
    assert result.out.split() == [str(path) for path in paths]
    assert paths[0].read_bytes().startswith(b"\x89PNG")
    assert paths[1].read_bytes().startswith(b"GIF8")
    assert sorted(path.name for path in paths[0].parent.iterdir()) == [
        ".drawn",
        "descent.gif",
        "loss.png",
    ]


def test_a_problem_without_figures_of_its_own_has_its_history_drawn(call, tmp_path):
    call("run", "deep", "--solver", "descent", "--steps", 2, "--out", tmp_path)
    result = call("plot", tmp_path)  # saved in float64, and read so
    assert (result.status, result.err) == (0, "a plugin that prints\n")
    assert result.out.splitlines()[-1] == str(tmp_path / "figures" / "history.png")


def test_a_run_that_was_made_by_hand_has_its_history_drawn(call, components, tmp_path):
    solution = px.solve(components.Orbit(), components.Descent(), steps=3, out=tmp_path)
    result = call("plot", tmp_path)
    assert (result.status, result.err) == (0, "")
    assert result.out.splitlines()[-1] == str(tmp_path / "figures" / "history.png")
    (axes,) = solution.figures()["history"].axes
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("step", "loss")
    np.testing.assert_array_equal(axes.lines[0].get_ydata(), solution.series["loss"])


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


def test_another_run_is_not_written_over_unless_forced(call, tmp_path):
    assert call("run", "bowl", "--out", tmp_path).status == 0
    assert call("plot", tmp_path).status == 0
    (tmp_path / "notes.txt").write_text("mine")
    (tmp_path / "figures" / "mine.png").write_text("mine, too")
    before = (tmp_path / "solution.json").read_bytes()
    refused = call("run", "bowl", "--seed", 1, "--out", tmp_path)
    assert refused.status == 2
    assert "--force" in refused.err
    assert (tmp_path / "solution.json").read_bytes() == before
    with pytest.raises(px.PlugaxError, match="force=True"):
        px.solve("bowl", out=tmp_path)
    # A new run that comes to nothing leaves the old one, its figures included.
    assert call("run", "crooked", "--out", tmp_path, "--force").status == 1
    assert (tmp_path / "solution.json").read_bytes() == before
    assert (tmp_path / "figures" / "loss.png").exists()
    assert call("run", "bowl", "--seed", 1, "--out", tmp_path, "--force").status == 0
    assert px.load(tmp_path).provenance["run"]["seed"] == 1
    assert [path.name for path in (tmp_path / "figures").iterdir()] == ["mine.png"]
    assert (tmp_path / "notes.txt").read_text() == "mine"


def test_an_empty_name_is_no_directory(call):
    result = call("run", "bowl", "--out", "")
    assert result.status == 2
    assert "empty name" in result.err


def test_the_results_of_a_run_that_cannot_be_saved_are_printed(call, tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    result = call("run", "bowl", "--out", tmp_path, "--json")
    assert result.status == 1
    assert result.json["status"] == "converged"
    assert result.err.count("\n") == 1
    assert "could not be saved" in result.err


def test_predict_prints_or_writes_what_the_problem_makes_of_a_table(call, tmp_path):
    call("run", "bowl", "--out", tmp_path / "run")
    printed = call("predict", tmp_path / "run", "--data", "rows.csv")
    assert printed.status == 0
    first, second = px.load(tmp_path / "run").unknowns.tolist()
    expected = f'from,unknown\nrows.csv,{first}\n"a, b",{second}\n'
    assert printed.out == expected
    to = tmp_path / "found.csv"
    written = call("predict", tmp_path / "run", "--data", "rows.csv", "--out", to)
    assert (written.status, written.out) == (0, f"{to}\n")
    assert to.read_text() == expected
    refused = call("predict", tmp_path / "run", "--data", "rows.csv", "--out", to)
    assert (refused.status, refused.out) == (2, "")
    assert "--force overwrites it" in refused.err
    assert call("predict", tmp_path / "run", "--data", "x", "--out", to, "--force").status == 0


def test_predict_says_what_it_cannot_do(call, tmp_path):
    call("run", "deep", "--solver", "descent", "--steps", 2, "--out", tmp_path / "run")
    none = call("predict", tmp_path / "run", "--data", "rows.csv")
    assert none.status == 2
    assert "predicts nothing from a table" in none.err
    nowhere = call("predict", tmp_path / "run", "--data", "x", "--out", tmp_path / "no" / "out")
    assert nowhere.status == 2
    assert f"There is no directory {tmp_path / 'no'}" in nowhere.err
    px.sweep("bowl", over={"seed": [0, 1]}, steps=2, out=tmp_path / "both")
    population = call("predict", tmp_path / "both", "--data", "x")
    assert population.status == 2
    assert "best().predict_table(data)" in population.err
