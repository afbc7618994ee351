"""What the history keeps: by name, every k-th step, or nothing; and what it is not kept for."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import plugax as px
from plugax.runner.loop import _program

STEPS = 23


@pytest.fixture(scope="module")
def whole():
    return px.solve("regression", "gradient", tolerance=None, steps=STEPS)


def solve(**options):
    return px.solve("regression", "gradient", tolerance=None, steps=STEPS, **options)


@pytest.mark.parametrize("chunk", [None, 1, 4, 5])
@pytest.mark.parametrize("every", [2, 5, 40])
def test_every_kth_step_is_that_of_the_whole_history(whole, every, chunk):
    thin = solve(record_every=every, chunk=chunk)
    np.testing.assert_array_equal(thin.unknowns, whole.unknowns)
    np.testing.assert_array_equal(thin.history.step, np.arange(0, STEPS, every))
    np.testing.assert_array_equal(thin.series["loss"], whole.series["loss"][::every])


def test_only_what_is_named_is_kept(bowl, descent):
    assert solve(record=()).series == {}
    whole = px.solve(bowl, descent(), steps=6)
    assert whole.series.keys() == {"loss", "first"}
    kept = px.solve(bowl, descent(), steps=6, record="first", record_every=3)
    assert kept.series.keys() == {"first"}
    np.testing.assert_array_equal(kept.series["first"], whole.series["first"][::3])
    with pytest.raises(px.PlugaxError, match=r"no metric 'los' to record\. Did you mean 'loss'"):
        px.solve(bowl, descent(), steps=6, record=["los"])
    for wrong in (0, 2**21):
        with pytest.raises(px.PlugaxError, match="record_every must be a whole number from 1"):
            px.solve(bowl, descent(), steps=6, record_every=wrong)


@pytest.mark.parametrize("told", [{"record": ()}, {"record_every": 7}, {"record": "loss"}])
@pytest.mark.parametrize("chunk", [None, 1, 3])
def test_what_is_not_kept_ends_a_run_all_the_same(cliff, descent, told, chunk):
    # Descent on −u with the rate 1/4: u is 2.25 at step 5.
    whole = px.solve(cliff(), descent(0.25), steps=20)
    found = px.solve(cliff(), descent(0.25), steps=20, chunk=chunk, **told)
    assert str(found.status) == str(whole.status)
    assert found.steps == whole.steps
    np.testing.assert_array_equal(found.unknowns, whole.unknowns)


def test_members_fail_alone(cliff, descent):
    over = {"learning_rate": jnp.asarray([0.25, 0.015625, 0.5, 2.0])}
    told = {"over": over, "steps": 20}
    whole = px.sweep(cliff(), descent(jnp.asarray(0.1)), **told)
    thin = px.sweep(cliff(), descent(jnp.asarray(0.1)), **told, record_every=3)
    assert thin.names.tolist() == whole.names.tolist()
    np.testing.assert_array_equal(thin.unknowns, whole.unknowns)
    np.testing.assert_array_equal(thin.series["loss"], whole.series["loss"][:, ::3])
    assert thin.best().coordinates == whole.best().coordinates
    with pytest.raises(px.PlugaxError, match="was not recorded"):
        px.sweep(cliff(), descent(jnp.asarray(0.1)), **told, record=()).best()


def test_a_thin_history_goes_on_as_it_began(tmp_path):
    told = {"record_every": 4, "record": "loss", "evaluate_every": 6}
    thin = solve(**told)
    px.solve("regression", "gradient", tolerance=None, steps=10, out=tmp_path, **told)
    longer = px.resume(tmp_path, steps=STEPS, chunk=3)
    np.testing.assert_array_equal(longer.unknowns, thin.unknowns)
    assert longer.history.equals(thin.history)
    assert px.load(tmp_path).history.equals(thin.history)


def test_what_is_kept_is_one_more_program_and_no_more():
    solve(record_every=3)
    before = _program.traces["advance"]
    solve(record_every=3, chunk=2)
    assert _program.traces["advance"] == before


def test_observers_see_the_last_step_whatever_is_kept(whole):
    losses = []

    class Watch(px.AbstractObserver):
        def on_progress(self, progress):
            assert not progress.metrics
            losses.append(progress.last["loss"])

    solve(record=(), chunk=5, observers=[Watch()])
    np.testing.assert_array_equal(losses, whole.series["loss"][[4, 9, 14, 19, 22]])


class Walk(px.AbstractSolver):
    """Draws from N(0, 1/c) by a random walk of Metropolis, from two unknowns in a pytree."""

    may_be_infinite = ("ratio",)

    def init(self, problem, unknowns, key):
        return unknowns

    def step(self, problem, state, batch, key):
        ahead_key, accept_key = jax.random.split(key)
        noise = jax.random.normal(ahead_key, (2,))
        ahead = {"a": state["a"] + noise[0], "b": (state["b"][0] + noise[1],)}
        before, after = (problem.loss(u, batch, key)[0] for u in (state, ahead))
        accepted = jnp.log(jax.random.uniform(accept_key)) < before - after
        state = jax.tree.map(lambda x, y: jnp.where(accepted, y, x), state, ahead)
        draw = px.problems.named_arrays(state, "draw")
        return state, {"loss": before, "accepted": accepted, "ratio": after / before, **draw}

    def converged(self, problem, state):
        return None

    def unknowns(self, problem, state):
        return state

    def summary(self, problem, series):
        return {"acceptance": float(series["accepted"].mean())}

    def joint_summary(self, problem, series):
        draws = series["draw.a"]
        within, between = draws.var(1).mean(), draws.mean(1).var()
        return {"r_hat": float(np.sqrt(1 + between / within)), "chains": len(draws)}

    def posterior(self, solution):
        return px.problems.from_named_arrays(solution.unknowns, solution.series, "draw")

    def tables(self, solution):
        return (px.Table({"mean of a": [float(np.mean(solution.posterior["a"]))]}),)

    def figures(self, solution):
        from matplotlib.figure import Figure

        return {"trace": Figure()}


class Pair(px.AbstractProblem):
    def init(self, key):
        return {"a": jnp.zeros(()), "b": (jnp.ones(()),)}

    def loss(self, unknowns, batch, key):
        return (unknowns["a"] ** 2 + 4 * unknowns["b"][0] ** 2) / 2, {}


def test_a_solver_has_figures_of_merit_of_its_own_and_an_answer_beyond_a_point(tmp_path):
    told = {"problem": Pair(), "solver": Walk()}
    solution = px.solve(**told, steps=4000, out=tmp_path)
    assert 0.3 < solution.metrics["acceptance"] < 0.8
    draws = solution.posterior
    assert draws["b"][0].shape == (4000,)
    assert abs(np.var(draws["a"]) - 1) < 0.25
    assert abs(np.var(draws["b"][0]) - 1 / 4) < 0.08
    assert [*solution.figures()] == ["trace"]
    assert [*solution.tables()[0].columns] == ["mean of a"]
    again = px.load(tmp_path, **told)
    np.testing.assert_array_equal(again.posterior["a"], draws["a"])
    assert again.metrics == solution.metrics
    with pytest.raises(px.PlugaxError, match=r"'draw\.a' was not recorded"):
        _ = px.solve(**told, steps=5, record=["loss", "accepted"]).posterior


def test_chains_are_summarised_together(tmp_path):
    over = {"seed": range(4)}
    chains = px.sweep(Pair(), Walk(), over=over, steps=2000, out=tmp_path)
    assert chains.metrics["acceptance"].shape == (4,)
    assert chains.joint_metrics["chains"] == 4
    assert 1 <= chains.joint_metrics["r_hat"] < 1.1
    assert chains.posterior["a"].shape == (4, 2000)
    assert px.load(tmp_path, problem=Pair(), solver=Walk()).joint_metrics == chains.joint_metrics
