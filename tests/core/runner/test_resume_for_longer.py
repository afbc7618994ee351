"""What a saved run is rebuilt from, and what going on with it may change."""

import equinox as eqx
import jax.random as jr
import numpy as np
import pytest

import plugax as px
from plugax.runner.loop import _program
from plugax.solution import sealed, unsealed

COSINE = {"name": "sgd", "learning_rate": 0.01, "schedule": "cosine"}


def test_more_steps_of_a_decaying_rate_stay_at_its_end_and_that_is_said(tmp_path):
    problem = px.problem("regression", points=20)
    first = px.solve(problem, "gradient", optimizer=COSINE, tolerance=None, steps=4, out=tmp_path)
    with pytest.warns(px.errors.ResumeWarning, match="had prepared for 4 steps.*prepare_anew=True"):
        longer = px.resume(tmp_path, steps=8)
    np.testing.assert_array_equal(longer.unknowns, first.unknowns)  # the rate is zero there
    # However often it is resumed, it is the run that was prepared for four steps.
    assert longer.provenance["run"]["prepared_for"] == 4
    with pytest.warns(px.errors.ResumeWarning, match="for 4 steps"):
        px.resume(tmp_path, steps=10)


def test_asked_to_a_decaying_rate_is_prepared_anew(tmp_path):
    problem = px.problem("regression", points=20)
    first = px.solve(problem, "gradient", optimizer=COSINE, tolerance=None, steps=4, out=tmp_path)
    with pytest.warns(px.errors.ResumeWarning, match="From step 4 on.*no run of one length"):
        longer = px.resume(tmp_path, steps=8, prepare_anew=True)
    assert longer.provenance["run"]["prepared_for"] == 8
    assert not np.array_equal(longer.unknowns, first.unknowns)
    # Steps 4 to 8 at the rates of a run of eight: u ← u − η φ(t) ∇J(u).
    solver = px.solver("gradient", optimizer=COSINE | {"decay_steps": 8}, tolerance=None)
    state = eqx.tree_at(lambda s: s.unknowns, _state_after(problem, solver, 4), first.unknowns)
    for step in range(4, 8):
        state, _ = solver.step(problem, state, problem.data.first(), jr.key(step), None)
    np.testing.assert_allclose(longer.unknowns, state.unknowns, rtol=1e-5)


def _state_after(problem, solver, steps):
    """A state of this solver that has counted so many steps, from wherever."""
    state = solver.init(problem, problem.init(jr.key(0)), jr.key(0), None)
    for step in range(steps):
        state, _ = solver.step(problem, state, problem.data.first(), jr.key(step), None)
    return state


def test_one_program_serves_schedules_of_all_lengths():
    problem = px.problem("regression", points=20)
    px.solve(problem, "gradient", optimizer=COSINE, tolerance=None, steps=4)
    before = _program.traces["advance"]
    px.solve(problem, "gradient", optimizer=COSINE, tolerance=None, steps=5)
    assert _program.traces["advance"] == before


def test_a_constant_rate_goes_on_to_any_number_of_steps(tmp_path):
    problem = px.problem("regression", points=20)
    sgd = {"name": "sgd", "learning_rate": 0.01}
    px.solve(problem, "gradient", optimizer=sgd, steps=4, out=tmp_path)
    whole = px.solve(problem, "gradient", optimizer=sgd, steps=8)
    np.testing.assert_array_equal(px.resume(tmp_path, steps=8).unknowns, whole.unknowns)


def test_all_options_are_kept_and_one_that_is_gone_is_an_error(tmp_path):
    px.solve(px.problem("regression", points=20), "gradient", steps=2, out=tmp_path)
    path = tmp_path / "solution.json"
    summary = unsealed(path.read_bytes())
    origin = summary["provenance"]
    assert origin["problem"]["noise"] == px.load(tmp_path).problem.noise
    assert {"name", "learning_rate"} <= origin["solver"]["optimizer"].keys()
    origin["versions"]["plugax"] = "0.0.1"
    path.write_bytes(sealed(summary))
    with pytest.warns(px.errors.VersionWarning, match=r"plugax 0\.0\.1 \(now"):
        px.load(tmp_path)
    origin["versions"] = {}
    origin["problem"]["gone"] = 3
    path.write_bytes(sealed(summary))
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
