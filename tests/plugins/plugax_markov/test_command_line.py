"""`plugax run hidden-markov-model`."""

import json

import numpy as np
import pytest

from plugax.cli import main

COUNTS = [2, 1, 3, 0, 2, 1, 9, 11, 8, 12, 10, 9, 7, 1, 2, 0, 1, 3, 2, 10, 8, 11, 12, 9, 1, 1, 2]


@pytest.fixture
def counts(tmp_path):
    path = tmp_path / "counts.csv"
    path.write_text("year,number\n" + "".join(f"{1900 + k},{n}\n" for k, n in enumerate(COUNTS)))
    return path


def test_a_table_of_the_states_is_shown(counts, tmp_path, capsys):
    line = ["run", "hidden-markov-model", "--data", str(counts), "--columns", "number"]
    line += ["--emission", "poisson", "--states", "2", "--out", str(tmp_path / "run")]
    assert main(line) == 0
    shown = capsys.readouterr().out
    for text in ("rate of number", "stationary", "mean duration", "Transition", "to 2"):
        assert text in shown
    new = tmp_path / "new.csv"
    new.write_text("number,note\n1,a\n12,b\n,c\n")
    states = tmp_path / "states.csv"
    assert main(["predict", str(tmp_path / "run"), "--data", str(new), "--out", str(states)]) == 0
    rows = np.genfromtxt(states, delimiter=",", names=True)
    assert rows["state"][:2].tolist() == [1, 2]


def test_the_metrics_are_there_for_programs(counts, capsys):
    line = ["run", "hidden-markov-model", "--data", str(counts), "--columns", "number", "--json"]
    line += ["--emission", "poisson", "--states", "2", "--solver", "baum-welch"]
    assert main(line) == 0
    found = json.loads(capsys.readouterr().out)
    assert np.shape(found["metrics"]["transition"]) == (2, 2)


def test_a_wrong_cell_is_named_with_its_line(counts, capsys):
    counts.write_text(counts.read_text().replace("1903,0", "1903,-1"))
    line = ["run", "hidden-markov-model", "--data", str(counts), "--columns", "number"]
    assert main([*line, "--emission", "poisson", "--states", "2"]) != 0
    assert "line 5: number must be a count" in capsys.readouterr().err
