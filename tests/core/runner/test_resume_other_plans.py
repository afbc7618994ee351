"""What a saved run is rebuilt from, and what going on with it may change."""

import json

import numpy as np
import pytest

import plugax as px

COSINE = {"name": "sgd", "learning_rate": 0.01, "schedule": "cosine"}


def test_more_steps_of_a_decaying_rate_are_refused_unless_asked_for(tmp_path):
    problem = px.problem("regression", points=20)
    px.solve(problem, "gradient", optimizer=COSINE, steps=4, out=tmp_path)
    with pytest.raises(px.PlugaxError, match="new_plan=True"):
        px.resume(tmp_path, steps=8)
    assert px.resume(tmp_path, steps=8, new_plan=True).steps == 8


def test_a_constant_rate_goes_on_to_any_number_of_steps(tmp_path):
    problem = px.problem("regression", points=20)
    sgd = {"name": "sgd", "learning_rate": 0.01}
    px.solve(problem, "gradient", optimizer=sgd, steps=4, out=tmp_path)
    whole = px.solve(problem, "gradient", optimizer=sgd, steps=8)
    np.testing.assert_array_equal(px.resume(tmp_path, steps=8).unknowns, whole.unknowns)


def test_all_options_are_kept_and_one_that_is_gone_is_an_error(tmp_path):
    px.solve(px.problem("regression", points=20), "gradient", steps=2, out=tmp_path)
    path = tmp_path / "solution.json"
    summary = json.loads(path.read_text())
    origin = summary["provenance"]
    assert origin["problem"]["noise"] == px.load(tmp_path).problem.noise
    assert {"name", "learning_rate"} <= origin["solver"]["optimizer"].keys()
    origin["versions"]["plugax"] = "0.0.1"
    path.write_text(json.dumps(summary))
    with pytest.warns(px.VersionWarning, match=r"plugax 0\.0\.1 \(now"):
        px.load(tmp_path)
    origin["versions"] = {}
    origin["problem"]["gone"] = 3
    path.write_text(json.dumps(summary))
    with pytest.raises(px.PlugaxError, match="no option 'gone'"):
        px.load(tmp_path)


def test_another_rate_is_refused(tmp_path):
    problem = px.problem("regression", points=20)
    sgd, faster = (
        px.solver("gradient", optimizer={"name": "sgd", "learning_rate": rate})
        for rate in (0.01, 0.1)
    )
    px.solve(problem, sgd, steps=2, out=tmp_path)
    with pytest.raises(px.PlugaxError, match=r"optimizer .*0\.01.*0\.1"):
        px.resume(tmp_path, steps=4, solver=faster)
    assert px.resume(tmp_path, steps=4, solver=sgd).steps == 4
