"""`--profile` says where the time went; `--keep-best` saves the best beside the run."""

import tomllib

import jax.numpy as jnp
import numpy as np
import pytest

import plugax as px
from plugax.runner import data_seconds

PARTS = ["setup", "compile", "loop", "data", "host"]


@pytest.fixture(scope="module")
def profile(tmp_path_factory):
    return tmp_path_factory.mktemp("profile")


def test_a_profile_is_a_trace_and_the_parts_of_the_time(call, profile):
    result = call("run", "bowl", "--steps", 40, "--profile", profile)
    assert result.status == 0
    lines = result.out.splitlines()
    first = lines.index("where the time went") + 1
    assert [line.split()[0] for line in lines[first : first + len(PARTS)]] == PARTS
    assert f"trace in {profile}" in result.out
    assert list(profile.rglob("*.trace.json.gz"))


def test_the_parts_are_in_the_json_and_add_up(call, profile):
    told = call("run", "bowl", "--steps", 40, "--profile", profile, "--json").json
    assert list(told["profile"]) == PARTS
    inside = told["profile"]["loop"] + told["profile"]["data"]
    np.testing.assert_allclose(inside, told["run_seconds"], rtol=1e-6)
    assert told["profile"]["compile"] == told["compile_seconds"]


def test_a_profile_that_cannot_be_written_is_refused_before_the_run(call, tmp_path):
    (tmp_path / "file").write_text("")
    result = call("run", "bowl", "--profile", tmp_path / "file" / "inside")
    assert result.status == 2
    assert "cannot be written" in result.err


def test_batches_take_time_in_proportion_to_their_number():
    class Fit(px.AbstractProblem):
        @property
        def data(self):
            return px.Shuffled((np.zeros((64, 2), "float32"),), batch_size=8)

        def init(self, key):
            return jnp.ones(2)

        def loss(self, unknowns, batch, key):
            return (unknowns**2).sum(), {}

    solution = px.solve(Fit(), "gradient", steps=20)
    assert data_seconds(solution) > 0


def test_the_best_is_saved_and_written_into_the_configuration(call, tmp_path):
    out = tmp_path / "run"
    told = ("--steps", 40, "--evaluate-every", 5, "--keep-best", "distance", "--out", out)
    assert call("run", "bowl", *told).status == 0
    best = px.load(out).best
    assert best.metrics["distance"] == px.load(out).evaluations["distance"].values.min()
    assert px.load(out / "best").steps == best.steps
    config = tomllib.loads((out / "config.toml").read_text())
    assert config["run"]["keep_best"] == "distance"
    again = tmp_path / "again"
    call("run", "--config", out / "config.toml", "--out", again)
    assert px.load(again).best.steps == best.steps


def test_a_wrong_name_is_told_with_those_there_are(call):
    told = ("--evaluate-every", 5, "--keep-best", "distanec")
    result = call("run", "bowl", "--steps", 10, *told)
    assert result.status == 2
    assert "Did you mean 'distance'?" in result.err
