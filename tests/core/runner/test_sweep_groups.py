"""A sweep over options that need a program each."""

import numpy as np
import pytest

import plugax as px

OVER = {
    "optimizer.name": ["sgd", "adam"],
    "optimizer.learning_rate": px.Range(1e-3, 1e-1, 3, log=True),
}
SOLVER = px.solver("gradient", tolerance=None)


@pytest.fixture(scope="module")
def swept(tmp_path_factory):
    out = tmp_path_factory.mktemp("sweep") / "a"
    return px.sweep("regression", SOLVER, over=OVER, steps=20, out=out)


def test_every_group_is_the_sweep_of_its_own_solver(swept):
    assert swept.options == ({"optimizer.name": "sgd"}, {"optimizer.name": "adam"})
    for name in ("sgd", "adam"):
        solver = px.solver("gradient", optimizer=name, tolerance=None)
        rates = {"optimizer.learning_rate": np.geomspace(1e-3, 1e-1, 3)}
        alone = px.sweep("regression", solver, over=rates, steps=20)
        group = swept.select(optimizer__name=name)
        np.testing.assert_allclose(group.unknowns, alone.unknowns, rtol=1e-6)


def test_the_best_is_that_of_all_groups_and_says_its_options(swept):
    best = swept.best()
    assert best.series["loss"][-1] == min(group.last_losses().min() for group in swept)
    assert set(best.coordinates) == {"optimizer.name", "optimizer.learning_rate"}


def test_a_sweep_is_loaded_with_all_its_groups(swept):
    again = px.load(swept.directory)
    assert again.options == swept.options
    for one, other in zip(again, swept, strict=True):
        np.testing.assert_array_equal(one.unknowns, other.unknowns)
    with pytest.raises(px.PlugaxError, match="Nothing is left"):
        px.resume(swept.directory)


class StopAt(px.AbstractObserver):
    """Interrupts at a step, as a user would."""

    def __init__(self, step):
        self.step = step

    def on_progress(self, progress):
        if progress.step >= self.step:
            raise KeyboardInterrupt


def test_groups_that_were_never_begun_are_run_by_resume(swept, tmp_path):
    out = tmp_path / "b"
    with pytest.raises(KeyboardInterrupt):
        px.sweep("regression", SOLVER, over=OVER, steps=20, out=out, observers=[StopAt(20)])
    again = px.resume(out)
    assert not again.missing
    for one, other in zip(again, swept, strict=True):
        np.testing.assert_array_equal(one.unknowns, other.unknowns)


def test_resume_makes_what_is_missing_though_the_rest_has_enough_steps(swept, tmp_path):
    out = tmp_path / "d"
    px.sweep("regression", SOLVER, over=OVER, steps=20, out=out)
    (out / "optimizer.name=adam" / "solution.json").unlink()
    assert px.load(out).missing == ({"optimizer.name": "adam"},)
    again = px.resume(out, steps=10)
    assert [group.steps.max() for group in again] == [20, 10]
    np.testing.assert_array_equal(again[0].unknowns, swept[0].unknowns)


def test_an_option_of_the_problem_may_change_its_shape():
    found = px.sweep("regression", SOLVER, over={"problem.points": [10, 20]}, steps=3)
    assert [group.problem.data.arrays[0].shape[0] for group in found] == [10, 20]


def test_figures_show_all_groups(swept):
    histories = {f"history optimizer.name={name}" for name in ("sgd", "adam")}
    assert set(swept.figures()) == {"sweep", *histories}


def test_what_was_made_by_hand_cannot_be_made_again(bowl, descent):
    with pytest.raises(px.PlugaxError, match=r"'optimizer\.name' cannot be swept"):
        px.sweep(bowl, descent(), over={"optimizer.name": ["sgd"]}, steps=2)


def test_a_wrong_value_is_found_before_anything_is_run(tmp_path):
    over = {"optimizer.name": ["sgd", "adamm"]}
    with pytest.raises(px.PlugaxError, match="adamm"):
        px.sweep("regression", SOLVER, over=over, out=tmp_path / "c")
    assert not (tmp_path / "c" / "sweep.json").exists()
