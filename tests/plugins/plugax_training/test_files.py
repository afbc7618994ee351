"""The logs in files hold every number of the history, whatever chunks and interruptions."""

import csv
import json

import jax.numpy as jnp
import numpy as np
import pytest

import plugax as px
from plugax_training._csv import Csv
from plugax_training._json_lines import JsonLines

TOLD = {"steps": 9, "evaluate_every": 4}


def table(path):
    """The columns of a CSV file."""
    with path.open() as file:
        rows = list(csv.DictReader(file))
    return {name: [row[name] for row in rows] for name in rows[0]}


def numbers(column):
    return np.array([float(text) for text in column if text])


def test_a_table_has_the_whole_history(bumpy, by_one, tmp_path):
    path = tmp_path / "logs" / "run.csv"
    solution = px.solve(bumpy, by_one, **TOLD, chunk=3, observers=[Csv(path)])
    columns = table(path)
    assert list(columns) == ["step", "loss", "twice", "evaluation/distance"]
    np.testing.assert_array_equal(numbers(columns["loss"]), solution.series["loss"])
    found = numbers(columns["evaluation/distance"])
    np.testing.assert_array_equal(found, solution.evaluation_series["distance"])
    made = [s for s, x in zip(columns["step"], columns["evaluation/distance"], strict=True) if x]
    assert made == ["4", "8"]


def test_single_precision_is_written_with_its_own_digits(by_one, bumpy, tmp_path):
    start = px.starting_at(bumpy, jnp.asarray(0.1, "float32"))
    px.solve(start, by_one, steps=1, observers=[Csv(tmp_path / "a.csv")])
    assert table(tmp_path / "a.csv")["loss"] == ["0.1"]


def test_lines_have_the_whole_history(bumpy, by_one, tmp_path):
    path = tmp_path / "run.jsonl"
    solution = px.solve(bumpy, by_one, **TOLD, chunk=3, observers=[JsonLines(path)])
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    losses = [line["loss"] for line in lines if "loss" in line]
    np.testing.assert_array_equal(losses, solution.series["loss"])
    made = [(x["step"], x["evaluation/distance"]) for x in lines if "evaluation/distance" in x]
    assert made == [(4, 3.0), (8, 1.0)]


@pytest.mark.parametrize("logger", [Csv, JsonLines])
@pytest.mark.parametrize("every", [1, 3])
def test_the_log_of_a_resumed_run_is_that_of_the_whole_run(bumpy, by_one, tmp_path, logger, every):
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    told = TOLD | {"record_every": every}
    px.solve(bumpy, by_one, **told, observers=[logger(whole)])
    # The first part logs further than it is saved, as a process does that is killed.
    px.solve(bumpy, by_one, **told | {"steps": 4}, out=tmp_path / "run")
    px.solve(bumpy, by_one, **told | {"steps": 6}, observers=[logger(parts)])
    own = {"problem": bumpy, "solver": by_one}
    px.resume(tmp_path / "run", steps=9, **own, observers=[logger(parts)])
    assert parts.read_text() == whole.read_text()


@pytest.mark.parametrize("logger", [Csv, JsonLines])
def test_a_new_run_begins_the_log_anew(bumpy, by_one, tmp_path, logger):
    path = tmp_path / "log"
    px.solve(bumpy, by_one, **TOLD, observers=[logger(path)])
    first = path.read_text()
    px.solve(bumpy, by_one, **TOLD, observers=[logger(path)])
    assert path.read_text() == first


def test_members_have_columns_of_their_own(bumpy, by_one, tmp_path):
    over = {"seed": range(2), "optimizer.learning_rate": jnp.asarray([1.0, 2.0])}
    path = tmp_path / "sweep.csv"
    population = px.sweep(bumpy, by_one, over=over, **TOLD, observers=[Csv(path)])
    columns = table(path)
    assert "evaluation/distance/0,1" in columns
    found = numbers(columns["loss/1,1"])
    np.testing.assert_array_equal(found, population.series["loss"][1, 1])


def test_what_is_not_finite_is_null_in_json(by_one, tmp_path):
    class Edge(px.AbstractProblem):
        def init(self, key):
            return jnp.asarray(1.0)

        def loss(self, unknowns, batch, key):
            return jnp.where(unknowns < 0, jnp.nan, unknowns), {}

    path = tmp_path / "run.jsonl"
    solution = px.solve(Edge(), by_one, steps=5, observers=[JsonLines(path)])
    assert solution.status.name == "non-finite"
    assert json.loads(path.read_text().splitlines()[0]) == {"step": 0, "loss": 1.0}


def test_a_file_that_is_no_log_is_not_gone_on_with(bumpy, by_one, tmp_path):
    path = tmp_path / "notes.csv"
    path.write_text("a,b\n1,2\n")
    px.solve(bumpy, by_one, **TOLD | {"steps": 4}, out=tmp_path / "run")
    told = {"problem": bumpy, "solver": by_one, "observers": [Csv(path)]}
    with pytest.raises(px.PlugaxError, match="is not the log of a run"):
        px.resume(tmp_path / "run", steps=9, **told)
    assert path.read_text() == "a,b\n1,2\n"
