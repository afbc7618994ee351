import math

import jax.numpy as jnp
import numpy as np
import pytest
import xarray as xr

import plugax as px
from plugax.runner import Length
from plugax.runner.loop import _program


@pytest.fixture
def epochs(bowl):
    """The bowl with seven examples in batches of two: seven steps see them twice."""

    class Epochs(type(bowl)):
        recipes = {"gradient": {"epochs": 3, "evaluate_every": "epoch"}}  # noqa: RUF012

        @property
        def data(self):
            return px.Shuffled(jnp.arange(7.0), batch_size=2)

    return Epochs(bowl.curvature)


def test_an_evaluation_is_of_the_unknowns_after_that_many_steps(bowl, descent):
    solution = px.solve(bowl, descent(0.1), steps=10, evaluate_every=4, seed=3)
    assert solution.evaluations.step.values.tolist() == [4, 8]
    start = px.solve(bowl, descent(0.0), steps=1, seed=3).unknowns
    for step in (4, 8):
        # Descent on ½ c u² multiplies u by 1 − 0.1 c at every step.
        expected = np.linalg.norm(start * (1 - 0.1 * bowl.curvature) ** step)
        found = solution.evaluations.norm.sel(step=step).item()
        np.testing.assert_allclose(found, expected, rtol=1e-5)


@pytest.mark.parametrize("chunk", [1, 3, 4, 100])
def test_evaluations_change_nothing_and_do_not_depend_on_chunks(bowl, descent, chunk):
    solver = descent(0.05, noise=0.1)
    plain = px.solve(bowl, solver, steps=20)
    solution = px.solve(bowl, solver, steps=20, evaluate_every=5, chunk=chunk)
    np.testing.assert_array_equal(solution.unknowns, plain.unknowns)
    xr.testing.assert_identical(solution.history, plain.history)
    alone = [px.solve(bowl, solver, steps=step).metrics["norm"] for step in (5, 10, 15, 20)]
    np.testing.assert_array_equal(solution.evaluations.norm, np.float32(alone))


def test_evaluating_often_compiles_once(bowl, descent):
    px.solve(bowl, descent(0.1), steps=8)
    _program.traces.clear()
    px.solve(bowl, descent(0.1), steps=8, evaluate_every=1)
    assert not _program.traces


@pytest.mark.parametrize("cut", [1, 6, 9, 12])
def test_a_resumed_run_has_all_evaluations(bowl, descent, tmp_path, cut):
    solver = descent(0.05, noise=0.1)
    whole = px.solve(bowl, solver, steps=15, evaluate_every=3)
    px.solve(bowl, solver, steps=cut, evaluate_every=3, out=tmp_path)
    resumed = px.resume(tmp_path, steps=15, problem=bowl, solver=solver)
    xr.testing.assert_identical(resumed.evaluations, whole.evaluations)
    loaded = px.load(tmp_path, problem=bowl, solver=solver)
    xr.testing.assert_identical(loaded.evaluations, whole.evaluations)


def test_members_are_evaluated_until_they_stop(bowl, descent):
    solver = descent(jnp.asarray(0.1), tolerance=1e-3)
    rates = jnp.asarray([0.05, 0.2])
    population = px.sweep(bowl, solver, over={"learning_rate": rates}, steps=500, evaluate_every=10)
    norms = population.evaluations.norm
    assert norms.dims == ("learning_rate", "step")
    for member, taken in enumerate(population.steps):
        alone = px.solve(bowl, descent(rates[member], tolerance=1e-3), steps=500, evaluate_every=10)
        assert alone.steps == taken
        last = taken // 10
        # The same operations in another order of a vectorised program: rounding only.
        np.testing.assert_allclose(norms[member, :last], alone.evaluations.norm, rtol=1e-5)
        assert np.isnan(norms[member, last:]).all()


def test_a_failed_run_is_not_evaluated_at_its_failure(cliff, descent):
    class Judged(cliff):
        def evaluate(self, unknowns):
            return {"here": unknowns[0]}

    solution = px.solve(Judged(), descent(0.25), steps=50, evaluate_every=2)
    # From 1 in steps of 0.25: beyond the edge at 2 after the fifth.
    assert solution.evaluations.here.values.tolist() == [1.5, 2.0]
    assert solution.metrics["here"] == 2.0


def test_observers_are_told(bowl, descent):
    seen = []

    class Watch(px.AbstractObserver):
        def on_progress(self, progress):
            seen.append((progress.step, dict(progress.evaluation)))

    solution = px.solve(bowl, descent(0.1), steps=5, evaluate_every=2, chunk=2, observers=[Watch()])
    assert [step for step, _ in seen] == [2, 4, 5]
    assert seen[1][1]["norm"] == solution.evaluations.norm[1]
    assert seen[2][1] == {}


def test_epochs_are_passes_over_the_data(epochs, descent):
    assert px.solve(epochs, descent(), epochs=2).steps == 7
    assert px.solve(epochs, descent(), epochs=0.5).steps == 2
    solution = px.solve(epochs, descent(), epochs=4, evaluate_every="epoch")
    # Each right after the batch that the last example of a pass is in.
    assert solution.evaluations.step.values.tolist() == [4, 7, 11, 14]


@pytest.mark.parametrize(("examples", "batch"), [(100, 99), (100, 51), (60, 60), (7, 1), (12, 5)])
@pytest.mark.parametrize("epochs", [0.1, 0.3, 1, 2.5, 10, 33])
def test_so_many_epochs_are_so_many_passes_to_within_one_batch(examples, batch, epochs):
    data = px.Shuffled(jnp.arange(examples), batch)
    plan = Length(epochs=epochs, evaluate_every="epoch").in_steps(data, 1)
    assert 0 <= plan.steps * batch - epochs * examples < batch + 1e-9
    ends, step = [], 0
    while step < plan.steps:
        step += plan.until_stop(step)
        ends += [step] if plan.evaluates(step) else []
    # In whole numbers: the steps after which a pass is complete.
    complete = [-(-e * examples // batch) for e in range(1, math.ceil(epochs) + 1)]
    assert ends == [step for step in complete if step <= plan.steps]


def test_a_run_over_epochs_is_resumed_with_evaluations_where_passes_end(epochs, tmp_path):
    whole = px.solve(epochs, "gradient", epochs=4)
    px.solve(epochs, "gradient", steps=5, evaluate_every="epoch", out=tmp_path)
    resumed = px.resume(tmp_path, problem=epochs, epochs=4)
    np.testing.assert_array_equal(resumed.evaluations.step, whole.evaluations.step)
    np.testing.assert_array_equal(resumed.evaluations.norm, whole.evaluations.norm)


def test_a_recipe_may_speak_of_epochs(epochs):
    solution = px.solve(epochs, "gradient")
    assert (solution.steps, solution.evaluations.sizes["step"]) == (11, 3)
    solution = px.solve(epochs, "gradient", steps=5)
    assert (solution.steps, solution.evaluations.sizes["step"]) == (5, 1)
    solution = px.solve(epochs, "gradient", epochs=1, evaluate_every="never")
    assert (solution.steps, solution.evaluations.sizes["step"]) == (4, 0)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"steps": 3, "epochs": 1}, "Either steps or epochs"),
        ({"epochs": 0}, "epochs must be a positive number; got 0"),
        ({"epochs": float("nan")}, "epochs must be a positive number"),
        ({"evaluate_every": 0}, "evaluate_every must be a whole number, at least 1; got 0"),
        ({"evaluate_every": "often"}, "'epoch' or 'never'; got 'often'"),
    ],
)
def test_a_length_that_is_none_is_an_error(epochs, descent, wrong, message):
    with pytest.raises(px.PlugaxError, match=message):
        px.solve(epochs, descent(), **wrong)


def test_data_without_epochs_say_so(bowl, descent):
    with pytest.raises(px.PlugaxError, match="FullBatch data have no epochs"):
        px.solve(bowl, descent(), epochs=1)
    with pytest.raises(px.PlugaxError, match='evaluate_every="epoch" was asked for'):
        px.solve(bowl, descent(), steps=3, evaluate_every="epoch")
