"""`list_runs` finds every run and says of each what matters."""

import subprocess
import sys

import numpy as np
import pytest

import plugax as px
from plugax.report import list_runs
from plugax.solution import sealed, unsealed


def test_a_run_is_told_with_its_score(save, tmp_path):
    save(tmp_path / "runs" / "a", metrics={"bias": 1.0, "error": 0.5}, scores=("error",), seed=3)
    (entry,) = list_runs(tmp_path)
    assert entry == {
        "directory": str(tmp_path / "runs" / "a"),
        "problem": "valley",
        "solver": "walk",
        "status": "converged",
        "message": "The solver converged after 3 steps.",
        "members": None,
        "score": 0.5,
        "score_name": "error",
        "steps": 3,
        "seed": 3,
        "saved": "2026-11-30T09:00:00+00:00",
    }


def test_without_scores_the_last_loss_counts_and_else_the_first_metric(save, tmp_path):
    save(tmp_path / "a")
    save(tmp_path / "b", {})
    save(tmp_path / "c", {}, metrics={"names": ["x"]})
    save(tmp_path / "d", metrics={"error": None}, scores=("error",))
    told = [(run["score_name"], run["score"]) for run in list_runs(tmp_path)]
    assert told == [("loss", 1.0), ("error", 0.25), (None, None), ("error", None)]


def test_a_population_is_one_line_with_its_median(save_population, tmp_path):
    save_population(tmp_path / "sweep", 5)
    (entry,) = list_runs(tmp_path)
    assert (entry["members"], entry["status"]) == (5, "non-finite")
    assert entry["message"].startswith("Of 5 members: 4 completed, 1 non-finite.")
    last = np.linspace(0.1, 1.0, 5) * np.exp(-39)
    assert entry["score"] == pytest.approx(np.median(last))


@pytest.mark.parametrize("content", [b"{", b"[]", b'{"files": {}}', b"\xff", b"{}", b"null"])
def test_what_cannot_be_read_is_listed_as_damaged(save, tmp_path, content):
    save(tmp_path / "good")
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "solution.json").write_bytes(content)
    bad, good = list_runs(tmp_path)
    assert (bad["status"], good["status"]) == ("damaged", "converged")
    assert str(tmp_path / "bad") in bad["message"]


def test_a_missing_file_is_damage(save, tmp_path):
    (save(tmp_path / "a") / "history-1.rows").unlink()
    (entry,) = list_runs(tmp_path)
    assert entry["status"] == "damaged"
    assert "history-1.rows is missing" in entry["message"]


def test_files_that_a_killed_writer_had_not_moved_yet_are_there(save, tmp_path):
    arrays = {"steps": np.full(2, 3), "metrics.error": np.asarray([0.5, 0.7])}
    status = {"name": "converged", "message": "It converged.", "remarks": []}
    told = {"status": [status] * 2, "metrics": {}, "members": arrays, "scores": ["error"]}
    run = save(tmp_path / "a", {"loss": np.ones((2, 3))}, over={"x": 2}, swept={}, **told)
    new = run / f".new-{unsealed((run / 'solution.json').read_bytes())['id']}"
    new.mkdir()
    (run / "members.npz").rename(new / "members.npz")
    (entry,) = list_runs(tmp_path)
    assert (entry["status"], entry["score"]) == ("converged", 0.6)


def test_a_run_that_does_not_say_when_it_was_saved_has_the_time_of_its_file(save, tmp_path):
    summary = save(tmp_path / "a") / "solution.json"
    content = unsealed(summary.read_bytes())
    del content["saved"]
    summary.write_bytes(sealed(content))
    (entry,) = list_runs(tmp_path)
    assert entry["saved"].endswith("+00:00")


def test_a_real_run_says_when_it_was_saved_and_what_its_scores_are(tmp_path):
    px.solve("regression", "least-squares", out=tmp_path)
    (entry,) = list_runs(tmp_path)
    assert (entry["status"], entry["score_name"]) == ("converged", "loss")
    assert entry["saved"].startswith("20")


def test_hidden_directories_are_left_out(save, tmp_path):
    save(tmp_path / ".cache" / "a")
    assert list_runs(tmp_path) == []


def test_where_there_is_no_directory_that_is_said(tmp_path):
    with pytest.raises(px.PlugaxError, match="does not exist"):
        list_runs(tmp_path / "nowhere")
    (tmp_path / "file").touch()
    with pytest.raises(px.PlugaxError, match="is no directory"):
        list_runs(tmp_path / "file")


def test_neither_a_list_nor_a_report_without_the_plugin_needs_jax(save, save_population, tmp_path):
    save(tmp_path / "a")
    save(tmp_path / "b", {"loss": np.asarray([1.0, 0.5], "float32")})
    save_population(tmp_path / "c", 20)
    code = f"""
import sys
from plugax.report import list_runs, write_report
assert len(list_runs({str(tmp_path)!r})) == 3
write_report({str(tmp_path)!r}, {str(tmp_path / "report.html")!r})
found = {{"jax", "equinox", "xarray", "matplotlib"}} & set(sys.modules)
assert not found, found
"""
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True)
