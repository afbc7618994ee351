"""A population is saved, loaded, resumed, observed and placed as a single run is."""

import json

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import plugax as px
from plugax.cli import main

OVER = {"optimizer.learning_rate": [0.02, 0.05, 0.1], "seed": range(2)}
SGD = {"name": "sgd", "learning_rate": 0.01, "momentum": 0.9}


def sweep(steps, **options):
    return px.sweep(
        "regression", "gradient", optimizer=SGD, tolerance=None, over=OVER, steps=steps, **options
    )


def assert_equal(one, other):
    for name in ("unknowns", "state", "series", "evaluation_series"):
        assert jax.tree.all(
            jax.tree.map(
                lambda a, b: np.array_equal(a, b, equal_nan=True),
                getattr(one, name),
                getattr(other, name),
            )
        ), name
    np.testing.assert_array_equal(one.steps, other.steps)
    assert [str(s) for s in one.status.flat] == [str(s) for s in other.status.flat]


def test_what_is_saved_is_what_is_loaded(tmp_path):
    population = sweep(6, out=tmp_path, evaluate_every=3)
    again = px.load(tmp_path)
    assert isinstance(again, px.Population)
    assert_equal(again, population)
    assert again.metrics.keys() == population.metrics.keys()
    for name, value in population.metrics.items():
        np.testing.assert_array_equal(again.metrics[name], value)
    assert list(again.coordinates) == list(OVER)
    assert again.history.equals(population.history)
    assert again.best().coordinates == population.best().coordinates
    with pytest.raises(px.PlugaxError, match="another run"):
        sweep(6, out=tmp_path)


@pytest.mark.parametrize("chunk", [1, 4])
def test_a_population_goes_on_as_if_it_had_never_ended(tmp_path, chunk):
    whole = sweep(9, evaluate_every=2)
    sweep(5, out=tmp_path, evaluate_every=2)
    longer = px.resume(tmp_path, steps=9, chunk=chunk)
    assert_equal(longer, whole)
    assert_equal(px.load(tmp_path), whole)
    with pytest.raises(px.PlugaxError, match="more than the 9 steps"):
        px.resume(tmp_path)


def test_members_that_ended_stay_as_they_are(tmp_path, cliff, descent):
    rates = jnp.asarray([0.25, 0.02, 1e-3, 0.5])
    solver = descent(jnp.asarray(0.1), tolerance=5e-3)
    told = {"over": {"learning_rate": rates}, "chunk": 3}
    whole = px.sweep(cliff(), solver, steps=20, **told)
    names = ["non-finite", "not-converged", "converged", "non-finite"]
    assert whole.names.tolist() == names
    assert px.sweep(cliff(), solver, steps=8, out=tmp_path, **told).names.tolist() == names
    assert_equal(px.resume(tmp_path, steps=20, problem=cliff(), solver=solver), whole)


def test_where_no_member_can_go_on_that_is_said(tmp_path, cliff, descent):
    px.sweep(cliff(), descent(0.5), over={"seed": range(2)}, steps=8, out=tmp_path)
    with pytest.raises(px.PlugaxError, match="every member has converged, stalled or failed"):
        px.resume(tmp_path, steps=20, problem=cliff(), solver=descent(0.5))


def test_starts_and_leaves_of_the_problem_are_saved_too(tmp_path, bowl, descent):
    over = {
        "start": jnp.asarray([[1.0, 2.0], [3.0, 4.0], [0.0, 1.0]]),
        "problem.curvature": [[1.0, 2.0], [2.0, 3.0]],
    }
    whole = px.sweep(bowl, descent(), over=over, steps=6)
    px.sweep(bowl, descent(), over=over, steps=4, out=tmp_path)
    longer = px.resume(tmp_path, steps=6, problem=bowl, solver=descent())
    assert_equal(longer, whole)
    np.testing.assert_array_equal(
        longer.member(start=2, problem__curvature=0).coordinates["start"], 2
    )


def test_a_member_is_a_solution_of_its_own_problem(tmp_path):
    alone = px.solve("regression", "gradient", optimizer=SGD, tolerance=None, steps=6, seed=1)
    population = sweep(6)
    member = population.member(optimizer__learning_rate=1, seed=1)
    assert isinstance(member, px.Solution)
    assert member.coordinates == {"optimizer.learning_rate": 0.05, "seed": 1}
    assert member.solver.optimizer.learning_rate == jnp.asarray(0.05)
    assert member.metrics.keys() == alone.metrics.keys()
    assert member.figures().keys() == alone.figures().keys()
    assert member.series["loss"].shape == (6,)
    # Its learning rate is no option of a name, so the solver has to be given.
    member.save(tmp_path)
    with pytest.raises(px.PlugaxError, match="was made by hand"):
        px.load(tmp_path)
    longer = px.resume(tmp_path, steps=8, solver=member.solver)
    whole = px.solve("regression", member.solver, steps=8, seed=1)
    np.testing.assert_allclose(longer.unknowns, whole.unknowns, rtol=1e-6)


def test_a_member_of_a_sweep_over_seeds_is_the_run_of_that_seed(tmp_path):
    population = px.sweep("regression", "gradient", over={"seed": [3, 7]}, steps=4)
    population.member(seed=1).save(tmp_path)
    longer = px.resume(tmp_path, steps=6)
    assert longer.provenance["run"]["seed"] == 7
    whole = px.solve("regression", "gradient", steps=6, seed=7)
    np.testing.assert_allclose(longer.unknowns, whole.unknowns, rtol=1e-6)


class Watch(px.AbstractObserver):
    """Ends the run once the best loss is small; notes what it is told."""

    def __init__(self):
        self.told, self.ended = [], None

    def on_start(self, steps):
        self.told.append(steps)

    def on_progress(self, progress):
        self.told.append((progress.step, progress.metrics["loss"].shape, progress.running.shape))
        assert progress.unknowns().shape[:2] == (3, 2)
        return progress.step >= 4

    def on_end(self, population):
        self.ended = population


def test_observers_follow_and_end_a_population(tmp_path):
    watch = Watch()
    population = sweep(9, chunk=2, observers=[watch], out=tmp_path)
    assert watch.told == [9, (2, (3, 2, 2), (3, 2)), (4, (3, 2, 2), (3, 2))]
    assert watch.ended is not None
    assert set(population.names.flat) == {"stopped"}
    assert_equal(px.resume(tmp_path), sweep(9))


def test_a_failed_member_is_an_exception_if_asked(cliff, descent):
    over = {"learning_rate": jnp.asarray([0.25, 1e-3])}
    with pytest.raises(px.RunFailedError, match=r"1 of 2 members .* non-finite") as caught:
        px.sweep(cliff(), descent(jnp.asarray(0.1)), over=over, steps=8, throw=True)
    assert caught.value.solution.success.tolist() == [False, True]


def test_a_population_saved_in_a_directory_is_drawn(tmp_path):
    from plugax.runner import figures_of

    sweep(4, out=tmp_path)
    (axes, *_) = figures_of(tmp_path)["history"].axes
    assert len(axes.lines) == 6
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("step", "loss")


def test_the_command_line_goes_on_with_it_and_shows_a_row_for_every_member(tmp_path, capsys):
    sweep(4, out=tmp_path)
    assert main(["resume", str(tmp_path), "--steps", "6", "--chunk", "2"]) == 0
    answer = capsys.readouterr().out
    assert "Of 6 members: 6 completed." in answer
    assert [row.split()[:3] for row in answer.splitlines()[3:9]] == [
        [rate, seed, "completed"] for rate in ("0.02", "0.05", "0.1") for seed in "01"
    ]
    assert_equal(px.load(tmp_path), sweep(6))
    assert main(["resume", str(tmp_path), "--steps", "7", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["steps"] == [[7, 7]] * 3
    assert main(["plot", str(tmp_path)]) == 0
    assert (tmp_path / "figures" / "history.png").exists()
