"""Population-based training: members that lag behind go on from the best, with other options."""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import plugax as px
from plugax.runner.loop import _program
from plugax.runner.loop._generation import first_generation, next_generation

STEPS = 60
RATES = np.geomspace(0.01, 0.3, 8)
TOLD = {"over": {"learning_rate": RATES}, "steps": STEPS}


class Scheduled(px.AbstractSolver):
    """u ← u − η ∇J with a rate for every step; what `Descent` of the tests does at each."""

    rates: jax.Array

    def init(self, problem, unknowns, key):
        return unknowns, jnp.asarray(0, "int32")

    def step(self, problem, state, batch, key):
        unknowns, number = state
        value_and_grad = eqx.filter_value_and_grad(problem.loss, has_aux=True)
        (loss, metrics), grad = value_and_grad(unknowns, batch, key)
        step = -self.rates[number] * grad
        step = step + 0.0 * jax.random.normal(key, step.shape, step.dtype)
        return (unknowns + step, number + 1), {"loss": loss, **metrics}

    def converged(self, problem, state):
        return None

    def unknowns(self, problem, state):
        return state[0]


@pytest.fixture(scope="module")
def solver(descent):
    return descent(jnp.asarray(0.1))


@pytest.fixture(scope="module")
def trained(bowl, solver):
    return px.sweep(bowl, solver, **TOLD, race="population", block=1, evaluate_every=7)


def test_no_member_stops(trained):
    assert (trained.names == "completed").all()
    assert (trained.steps == STEPS).all()
    assert trained.lineage.steps.tolist() == [6, 11, 17, 22, 28, 33, 39, 44, 50, 55]


def test_the_worst_quarter_goes_on_from_the_best_quarter(trained):
    own = np.arange(8)
    for merit, parents in zip(trained.lineage.merit, trained.lineage.parents, strict=True):
        ranked = np.argsort(merit, kind="stable")
        assert set(np.flatnonzero(parents != own)) == set(ranked[-2:])
        assert set(parents[ranked[-2:]]) <= set(ranked[:2])


def test_an_option_is_a_fifth_smaller_or_larger_or_one_of_the_first(trained):
    values, least, most = trained.lineage.options["learning_rate"], RATES.min(), RATES.max()
    own = np.arange(8)
    for rung, parents in enumerate(trained.lineage.parents):
        before, after = values[rung][parents], values[rung + 1]
        np.testing.assert_array_equal(after[parents == own], before[parents == own])
        known = np.stack([0.8 * before, 1.2 * before, *np.broadcast_to(values[0][:, None], (8, 8))])
        off = np.abs(after - np.clip(known, least, most)).min(axis=0)
        # An option is rounded to float32 once more than here.
        assert (off[parents != own] <= 1e-7).all()


def test_until_a_rung_replaces_it_a_member_is_that_of_the_sweep_bit_for_bit(trained, bowl, solver):
    whole = px.sweep(bowl, solver, **TOLD, block=1)
    replaced = trained.lineage.parents != np.arange(8)[None]
    ends = np.where(replaced.any(0), trained.lineage.steps[replaced.argmax(0)], STEPS)
    assert ends.max() > trained.lineage.steps[2]
    for member, end in enumerate(ends):
        np.testing.assert_array_equal(
            trained.series["loss"][member, :end], whole.series["loss"][member, :end]
        )


def test_a_member_is_the_run_of_its_schedule_bit_for_bit(trained, bowl):
    copied = [m for m in range(8) if (trained.lineage.parents[:, m] != m).any()]
    assert len(copied) > 2
    for member in copied:
        one = trained.member(learning_rate=member)
        lengths = np.diff([*one.schedule["step"], STEPS])
        rates = jnp.asarray(np.repeat(one.schedule["learning_rate"], lengths))
        alone = px.solve(bowl, Scheduled(rates), steps=STEPS)
        np.testing.assert_array_equal(one.unknowns, alone.unknowns)
        np.testing.assert_array_equal(one.series["loss"], alone.series["loss"])
        assert one.solver.learning_rate == rates[-1] == one.coordinates["learning_rate"]


def test_the_evaluations_of_a_member_are_those_of_its_schedule(trained):
    one = trained.best()
    norms = one.evaluation_series["norm"]
    assert one.evaluation_series["step"].tolist() == [*range(7, STEPS, 7)]
    # The loss of the bowl lies between ½ ‖u‖² and 2 ‖u‖²; that of a step is before it.
    losses = one.series["loss"][one.evaluation_series["step"]]
    assert ((norms**2 / 2 <= losses * (1 + 1e-5)) & (losses <= 2 * norms**2 * (1 + 1e-5))).all()


def test_training_compiles_its_loop_once(bowl, solver):
    px.sweep(bowl, solver, **TOLD, race="population")
    before = _program.traces.copy()
    px.sweep(bowl, solver, over={"learning_rate": 2 * RATES}, steps=STEPS, race="population")
    assert _program.traces == before


@pytest.mark.parametrize("chunk", [1, 4])
def test_chunks_change_nothing(trained, bowl, solver, chunk):
    again = px.sweep(bowl, solver, **TOLD, race="population", block=1, chunk=chunk)
    np.testing.assert_array_equal(again.unknowns, trained.unknowns)
    np.testing.assert_array_equal(again.lineage.parents, trained.lineage.parents)


class Once(px.AbstractObserver):
    """Ends a run at a step, as an interrupt does."""

    def __init__(self, step):
        self.step = step

    def on_progress(self, progress):
        return progress.step >= self.step


@pytest.mark.parametrize("at", [17, 19])
def test_training_that_was_broken_off_goes_on_bit_for_bit(trained, bowl, solver, tmp_path, at):
    told = {**TOLD, "race": "population", "block": 1, "evaluate_every": 7}
    half = px.sweep(bowl, solver, **told, chunk=2, observers=[Once(at)], out=tmp_path / "a")
    assert half.steps.max() == at
    given = {"problem": bowl, "solver": solver}
    again = px.resume(tmp_path / "a", **given)
    np.testing.assert_array_equal(again.unknowns, trained.unknowns)
    for name, values in trained.lineage.arrays().items():
        np.testing.assert_array_equal(again.lineage.arrays()[name], values)
    loaded = px.load(tmp_path / "a", **given)
    assert loaded.best().coordinates == trained.best().coordinates
    np.testing.assert_array_equal(loaded.best().series["loss"], trained.best().series["loss"])
    loaded.best().save(tmp_path / "best")
    one = px.load(tmp_path / "best", problem=bowl, solver=loaded.best().solver)
    np.testing.assert_array_equal(
        one.schedule["learning_rate"], trained.best().schedule["learning_rate"]
    )
    with pytest.raises(px.PlugaxError, match="cannot go on to 100"):
        px.resume(tmp_path / "a", **given, steps=100)


def test_the_best_state_has_the_options_of_its_time(bowl, solver, tmp_path):
    told = {**TOLD, "race": "population", "evaluate_every": 7, "keep_best": "max:norm"}
    kept = px.sweep(bowl, solver, **told, out=tmp_path / "a")
    assert (kept.bests.steps == 7).all()  # the norm only decreases
    rates = kept.lineage.options["learning_rate"][1]  # after the first rung, at step 6
    np.testing.assert_array_equal(kept.bests.values["learning_rate"], rates)
    again = px.load(tmp_path / "a", problem=bowl, solver=solver)
    np.testing.assert_array_equal(again.bests.values["learning_rate"], rates)
    assert again.best().best.solver.learning_rate in rates


class Surrogate(px.AbstractProblem):
    """Q(θ) = 1.2 − θ₀² − θ₁², of which the solver sees 1.2 − h₀ θ₀² − h₁ θ₁²; section 4.1."""

    def init(self, key):
        return jnp.full(2, 0.9)

    def loss(self, unknowns, batch, key):
        return jnp.sum(unknowns**2) - 1.2, {}

    def evaluate(self, unknowns):
        return {"q": 1.2 - jnp.sum(unknowns**2)}


class Seen(px.AbstractSolver):
    """Ascent on the part of Q that h shows."""

    h0: float = 1.0
    h1: float = 1.0

    def init(self, problem, unknowns, key):
        return unknowns

    def step(self, problem, state, batch, key):
        loss, _ = problem.loss(state, batch, key)
        shown = jnp.stack([self.h0, self.h1]).astype(state.dtype)
        return state - 0.01 * 2 * shown * state, {"loss": loss}

    def converged(self, problem, state):
        return None

    def unknowns(self, problem, state):
        return state


def test_training_finds_what_no_member_of_a_sweep_can():
    """Figure 2 of Jaderberg et al. 2017: h = (1, 0) or (0, 1) leaves a coordinate as it is."""
    one = np.arange(8) % 2.0
    told = {"over": {"points": {"h0": one, "h1": 1 - one}}, "steps": 200}
    alone = px.sweep(Surrogate(), Seen(), **told)
    race = px.Race("population", by="q", largest=True)
    together = px.sweep(Surrogate(), Seen(), **told, race=race)
    # 1.2 − 0.9² is the supremum without exchange; the maximum of Q is 1.2.
    assert alone.metrics["q"].max() < 1.2 - 0.81
    assert together.best("q", largest=True).metrics["q"] > 1.19
    assert set(together.figures()) == {"history", "lineage"}


def test_a_member_that_has_failed_goes_on_from_a_good_one(bowl, solver):
    rates = np.array([0.1, 0.11, 0.12, 0.13, 0.14, 0.15, 1e6, 1e6])
    told = {"over": {"learning_rate": rates}, "steps": STEPS}
    race = px.Race("population", rungs=2)
    assert (px.sweep(bowl, solver, **told).names == "non-finite").sum() == 2
    saved = px.sweep(bowl, solver, **told, race=race)
    assert (saved.lineage.parents[0] != np.arange(8)).tolist() == [False] * 6 + [True] * 2
    assert np.isnan(saved.lineage.merit[0][6:]).all()
    first = saved.member(learning_rate=6)
    assert np.isfinite(first.series["loss"]).all()


def test_a_copy_that_fails_at_once_stays_the_copy(cliff, descent):
    # The rung is after step 10, when the first three have just walked over the edge.
    rates = jnp.asarray([0.1, 0.1, 0.1, 0.001])
    race = px.Race("population", rungs=1)
    found = px.sweep(
        cliff(edge=1.95), descent(), over={"learning_rate": rates}, steps=20, race=race
    )
    parents = found.lineage.parents[0].tolist()
    assert parents == [0, 1, 2, parents[3]]
    assert parents[3] != 3
    assert (found.names == "non-finite").all()
    assert found.steps.tolist() == [9, 9, 9, 10]
    # The others go back to their last good state. The copy has none before the one it was given,
    # and does not go back to what it was itself.
    np.testing.assert_allclose(found.unknowns.ravel(), [1.9, 1.9, 1.9, 2.0], rtol=1e-5)


def test_what_has_converged_stays_as_it_is():
    first = first_generation({"rate": np.linspace(0.1, 0.8, 8)}, 8, "loss")
    merit = np.arange(8.0)
    running = np.arange(8) != 7
    told: dict[str, Any] = {"step": 4, "merit": merit, "failed": np.zeros(8, bool), "seed": 0}
    race = px.Race("population")
    after = next_generation(race, first, **told, running=running)
    assert after.parents[0][7] == 7
    assert after.parents[0][6] == 0
    nothing = next_generation(race, first, **told, running=np.zeros(8, bool))
    assert nothing.parents[0].tolist() == [*range(8)]


def test_seeds_are_not_changed_and_keys_stay(bowl, descent):
    solver = descent(jnp.asarray(0.1), noise=0.01)
    over = {"learning_rate": RATES[:4], "seed": range(2)}
    found = px.sweep(bowl, solver, over=over, steps=12, race="population")
    assert set(found.lineage.options) == {"learning_rate"}
    assert found.member(learning_rate=1, seed=1).provenance["run"]["seed"] == 1


@pytest.mark.parametrize(
    ("over", "options", "message"),
    [
        ({"seed": range(8)}, {}, "options that are numbers.*none is swept"),
        ({"learning_rate": RATES[:3]}, {}, "needs 4 members or more"),
        ({"learning_rate": RATES}, {"rungs": 60}, "a step between two rungs"),
    ],
)
def test_training_that_cannot_be_is_refused(bowl, descent, over, options, message):
    race = px.Race("population", **options)
    with pytest.raises(px.PlugaxError, match=message):
        px.sweep(bowl, descent(), over=over, steps=STEPS, race=race)


def test_options_that_need_programs_are_refused():
    over = {"optimizer.name": ["sgd", "adam"], "optimizer.learning_rate": RATES}
    with pytest.raises(px.PlugaxError, match=r"'optimizer.name' needs a program for each"):
        px.sweep("regression", "gradient", over=over, steps=STEPS, race="population")
