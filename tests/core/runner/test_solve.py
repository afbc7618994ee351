import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
import pytest

import plugax as px
from plugax.runner import fitting
from plugax.runner.loop import _program


def test_gradient_descent_on_a_quadratic_contracts_by_the_factor_it_must(bowl, descent):
    solution = px.solve(bowl, descent(0.1), steps=50)
    start = px.solve(bowl, descent(0.1), steps=1).series["first"][0]
    expected = start * (1 - 0.1) ** np.arange(50)
    np.testing.assert_allclose(solution.series["first"], expected, rtol=1e-5)
    np.testing.assert_allclose(solution.unknowns[0], start * 0.9**50, rtol=1e-5)


def test_the_history_begins_with_the_loss_of_the_start(bowl, descent):
    solution = px.solve(bowl, descent(), steps=3, seed=4)
    again = px.solve(bowl, descent(0.0), steps=1, seed=4)
    assert solution.history.loss[0] == bowl.loss(again.unknowns, (), None)[0]
    assert list(solution.history.step) == [0, 1, 2]


@pytest.mark.parametrize("chunk", [1, 7, 64, 1000])
def test_chunks_change_nothing_not_a_bit(bowl, descent, chunk):
    solver = descent(0.05, noise=0.1)
    whole = px.solve(bowl, solver, steps=100, seed=3)
    cut = px.solve(bowl, solver, steps=100, seed=3, chunk=chunk)
    np.testing.assert_array_equal(whole.unknowns, cut.unknowns)
    np.testing.assert_array_equal(whole.series["loss"], cut.series["loss"])


def test_another_seed_is_another_run(bowl, descent):
    one, other = (px.solve(bowl, descent(), steps=5, seed=seed) for seed in (0, 1))
    assert not np.array_equal(one.unknowns, other.unknowns)


def test_it_stops_inside_the_chunk_at_the_step_that_converged(bowl, descent):
    solver = descent(0.1, tolerance=1e-3)
    solution = px.solve(bowl, solver, steps=1000)
    assert solution.status.name == "converged"
    assert solution.status.success
    assert solution.series["loss"].shape == (solution.steps,)
    before = px.solve(bowl, descent(0.1), steps=solution.steps - 1)
    assert np.abs(before.state[1]).max() >= 1e-3 > np.abs(solution.state[1]).max()


def test_too_few_steps_are_not_called_a_success(bowl, descent):
    solution = px.solve(bowl, descent(0.1, tolerance=1e-6), steps=3)
    assert solution.status.name == "not-converged"
    assert not solution.status.success
    with pytest.raises(px.RunFailedError, match="did not converge within 3 steps") as caught:
        px.solve(bowl, descent(0.1, tolerance=1e-6), steps=3, throw=True)
    assert caught.value.solution.steps == 3


@pytest.mark.parametrize("chunk", [None, 1, 2, 3, 5])
def test_a_nan_names_step_and_metric_and_gives_back_the_last_good_unknowns(cliff, descent, chunk):
    # u grows by 0.25 a step from 1: u = 2.25 > 2 after 5 steps, so the loss of step 5 is NaN.
    solution = px.solve(cliff(), descent(0.25), steps=100, chunk=chunk)
    assert solution.status.name == "non-finite"
    assert "'loss'" in solution.status.message
    assert "step 5" in solution.status.message
    np.testing.assert_array_equal(solution.unknowns, [2.0])
    assert solution.steps == 4
    np.testing.assert_array_equal(solution.series["loss"], [-1, -1.25, -1.5, -1.75, -2])


@pytest.mark.parametrize("allowed_by", ["problem", "solver", "variant"])
def test_a_metric_that_may_be_infinite_ends_no_run(bowl, descent, allowed_by):
    class Ratio(type(bowl)):
        may_be_infinite = () if allowed_by == "solver" else ("ratio",)

        def loss(self, unknowns, batch, key):
            loss, metrics = super().loss(unknowns, batch, key)
            return loss, metrics | {"ratio": loss / 0}

    class Allows(descent):
        may_be_infinite = ("ratio",) if allowed_by == "solver" else ()

    problem = Ratio(bowl.curvature)
    if allowed_by == "variant":
        problem = px.bounded(problem, lower=-100.0)
    solution = px.solve(problem, Allows(0.1), steps=4)
    assert solution.steps == 4
    assert solution.status.success
    assert np.all(np.isinf(solution.series["ratio"]))
    if allowed_by == "solver":
        assert px.solve(problem, descent(0.1), steps=4).status.name == "non-finite"


def test_a_state_may_hold_a_random_key(bowl, descent, tmp_path):
    class Shaken(descent):
        def init(self, problem, unknowns, key):
            return super().init(problem, unknowns, key), jr.split(key, 2)

        def step(self, problem, state, batch, key):
            inner, keys = state
            (unknowns, *rest), metrics = super().step(problem, inner, batch, key)
            shaken = unknowns + 0.01 * jr.normal(keys[0], unknowns.shape, unknowns.dtype)
            return ((shaken, *rest), jax.vmap(lambda key: jr.split(key)[0])(keys)), metrics

        def converged(self, problem, state):
            return super().converged(problem, state[0])

        def unknowns(self, problem, state):
            return super().unknowns(problem, state[0])

    whole = px.solve(bowl, Shaken(0.1), steps=6)
    assert whole.status.success
    px.solve(bowl, Shaken(0.1), steps=3, out=tmp_path / "half")
    resumed = px.resume(tmp_path / "half", problem=bowl, solver=Shaken(0.1), steps=6)
    np.testing.assert_array_equal(resumed.unknowns, whole.unknowns)
    population = px.sweep(bowl, Shaken(0.1), over={"seed": [0, 1]}, steps=6)
    np.testing.assert_allclose(population.unknowns[0], whole.unknowns, rtol=1e-6)


def test_a_loss_that_is_nan_at_the_start_says_so(cliff, descent):
    solution = px.solve(cliff(edge=0.5), descent(0.25), steps=10)
    assert "at the start" in solution.status.message
    np.testing.assert_array_equal(solution.unknowns, [1.0])


def test_the_second_run_compiles_nothing(bowl, descent):
    px.solve(bowl, descent(jnp.asarray(0.1)), steps=20)
    before = _program.traces.copy()
    px.solve(bowl, descent(jnp.asarray(0.2)), steps=20, seed=7)
    px.solve(bowl, descent(jnp.asarray(0.1)), steps=19, chunk=None)
    assert _program.traces == before


def test_the_loss_is_traced_once(descent):
    traced = []

    class Counted(px.AbstractProblem):
        def init(self, key):
            return jnp.ones(2)

        def loss(self, unknowns, batch, key):
            traced.append(1)
            return jnp.sum(unknowns**2), {}

    px.solve(Counted(), descent(), steps=50, chunk=8)
    assert len(traced) == 1


def test_the_state_handed_in_by_a_user_survives_the_run(bowl, descent, tmp_path):
    first = px.solve(bowl, descent(), steps=5, out=tmp_path)
    px.resume(tmp_path, steps=10, problem=bowl, solver=descent())
    assert np.isfinite(first.state[0]).all()


def test_metrics_are_plain_numbers_and_names(bowl, descent):
    metrics = px.solve(bowl, descent(), steps=1).metrics
    assert isinstance(metrics["norm"], float)
    assert metrics["terms"] == ["a", "b"]


def test_compilation_and_running_are_timed_apart(bowl, descent):
    solution = px.solve(bowl, descent(), steps=10)
    assert solution.compile_seconds > 0
    assert solution.run_seconds > 0


def test_data_of_a_sequence_end_the_run_and_set_its_length(descent):
    class Track(px.AbstractProblem):
        observations: px.Sequence

        @property
        def data(self):
            return self.observations

        def init(self, key):
            return jnp.zeros(1)

        def loss(self, unknowns, batch, key):
            return jnp.sum((unknowns - batch) ** 2), {"seen": batch}

    problem = Track(px.Sequence(jnp.arange(6.0)))
    solution = px.solve(problem, descent(), chunk=4)
    np.testing.assert_array_equal(solution.series["seen"], np.arange(6))
    with pytest.raises(px.PlugaxError, match="7 steps were asked for, but the data last for 6"):
        px.solve(problem, descent(), steps=7)


def test_an_observer_sees_all_steps_and_can_end_the_run(bowl, descent):
    class Listener(px.AbstractObserver):
        def __init__(self):
            self.losses, self.ended = [], None

        def on_progress(self, progress):
            self.losses.extend(progress.metrics["loss"])
            self.unknowns = progress.unknowns()
            return progress.step >= 8

        def on_end(self, solution):
            self.ended = solution.status.name

    listener = Listener()
    solution = px.solve(bowl, descent(), steps=100, chunk=4, observers=[listener])
    assert listener.ended == solution.status.name == "stopped"
    assert solution.status.success
    np.testing.assert_array_equal(listener.losses, solution.series["loss"])
    np.testing.assert_array_equal(listener.unknowns, solution.unknowns)
    assert solution.steps == 8


def test_a_problem_that_wants_float64_warns_in_float32(bowl, descent):
    class Exact(type(bowl)):
        precision = "float64"

    with pytest.warns(px.errors.PrecisionWarning, match="jax_enable_x64"):
        px.solve(Exact(bowl.curvature), descent(), steps=1)
    with jax.enable_x64(True):
        px.solve(Exact(jnp.asarray([1.0, 4.0])), descent(), steps=1)


def test_a_device_that_is_not_there_is_named(bowl, descent):
    with pytest.raises(px.errors.DeviceError, match="cpu:99"):
        px.solve(bowl, descent(), steps=1, device="cpu:99")
    with pytest.raises(px.errors.DeviceError, match="'gpu:1'"):
        px.solve(bowl, descent(), steps=1, device="a gpu")
    with pytest.raises(px.errors.DeviceError, match="no device 'tpu'"):
        px.solve(bowl, descent(), steps=1, device="tpu")
    solution = px.solve(bowl, descent(), steps=1, device="cpu")
    assert solution.provenance["device"]["platform"] == "cpu"


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"steps": 0}, "steps must be a whole number, at least 1; got 0"),
        ({"steps": 2**31}, r"steps must be below 2\*\*31"),
        ({"seed": 2**63}, r"seed must be a whole number from 0 to 9223372036854775807"),
        ({"chunk": 0}, "chunk must be"),
        ({"seed": -1}, "seed must be"),
        ({"seed": True}, "seed must be"),
    ],
)
def test_wrong_numbers_are_told_before_anything_runs(bowl, descent, wrong, message):
    with pytest.raises(px.PlugaxError, match=message):
        px.solve(bowl, descent(), **wrong)


def test_a_problem_without_a_recommended_solver_asks_for_one(bowl):
    with pytest.raises(px.PlugaxError, match="Bowl recommends no solver; give one"):
        px.solve(bowl)


def test_a_solver_that_needs_more_structure_says_what_and_who_fits(bowl, descent):
    class Residual(descent):
        requires = px.AbstractLeastSquares

    with pytest.raises(px.errors.UnsuitableProblemError, match="needs an AbstractLeastSquares"):
        px.solve(bowl, Residual(), steps=1)


def test_a_solver_may_refuse_a_problem_of_its_kind_for_a_reason(bowl, descent):
    class Picky(descent):
        def unsuitable(self, problem):
            return super().unsuitable(problem) or "needs a deeper bowl; take a spade."

    with pytest.raises(
        px.errors.UnsuitableProblemError,
        match=r"Picky needs a deeper bowl; take a spade\. Solvers that",
    ):
        px.solve(bowl, Picky(), steps=1)


@pytest.mark.parametrize("batches", [False, True])
def test_what_is_recommended_does_not_refuse(bowl, batches):
    class Batched(type(bowl)):
        @property
        def data(self):
            return px.Shuffled(jnp.arange(6.0), batch_size=2) if batches else px.FullBatch(())

    batched = Batched(bowl.curvature)
    names = fitting(batched)
    assert "gradient" in names
    assert ("bfgs" in names) is not batches
    solvers = {name: px.solver(name) for name in names}
    assert all(solver.unsuitable(batched) is None for solver in solvers.values())


def test_a_step_that_changes_its_state_is_refused_by_name(bowl, descent):
    class Grows(descent):
        def step(self, problem, state, batch, key):
            (u, step), metrics = super().step(problem, state, batch, key)
            return (jnp.concatenate([u, u]), step), metrics

    class Mute(descent):
        def step(self, problem, state, batch, key):
            return state, {}

    with pytest.raises(px.PlugaxError, match=r"leaf\[0\].*float32\[2\].*float32\[4\]"):
        px.solve(bowl, Grows(), steps=1)
    with pytest.raises(px.PlugaxError, match="key 'loss'"):
        px.solve(bowl, Mute(), steps=1)


def test_data_as_a_field_are_caught(descent):
    class Trap(px.AbstractProblem):
        data: px.FullBatch

        def init(self, key):
            return jnp.zeros(1)

        def loss(self, unknowns, batch, key):
            return jnp.sum(unknowns), {}

    class Sprung(Trap):
        data: object = None

    with pytest.raises(px.PlugaxError, match="Write it as a property"):
        px.solve(Sprung(), descent(), steps=1)
