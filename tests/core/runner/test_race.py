"""Racing: members that lag behind stop early, and change nothing for the others."""

import collections

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import plugax as px
from plugax.runner.loop import _program

RATES = jnp.linspace(0.01, 0.3, 16)
STEPS = 64


@pytest.fixture(scope="module", params=[1, 3, 16])
def pair(request, bowl, descent):
    told = {"over": {"learning_rate": RATES}, "steps": STEPS, "block": request.param}
    solver = descent(jnp.asarray(0.1), noise=0.01)
    whole = px.sweep(bowl, solver, **told)
    raced = px.sweep(bowl, solver, **told, race="halving")
    return whole, raced


def test_halving_keeps_a_quarter_at_every_rung(pair):
    _, raced = pair
    taken, counts = np.unique(raced.steps, return_counts=True)
    assert taken.tolist() == [4, 16, 64]
    assert counts.tolist() == [12, 3, 1]
    assert (raced.names == np.where(raced.steps < STEPS, "pruned", "completed")).all()
    assert raced.success.all()


def test_a_member_of_a_race_is_that_of_the_sweep_bit_for_bit_up_to_its_last_step(pair):
    whole, raced = pair
    for member, steps in enumerate(raced.steps):
        np.testing.assert_array_equal(
            raced.series["loss"][member, :steps], whole.series["loss"][member, :steps]
        )
        assert np.isnan(raced.series["loss"][member, steps:]).all()
    np.testing.assert_array_equal(
        raced.unknowns[raced.steps == STEPS], whole.unknowns[raced.steps == STEPS]
    )


def test_those_who_stay_were_ahead_at_the_rung(pair):
    whole, raced = pair
    losses = whole.series["loss"][:, 3]
    assert losses[raced.steps > 4].max() <= losses[raced.steps == 4].min()


def test_a_race_equals_runs_one_by_one_to_the_rung_bit_for_bit(bowl, descent):
    solver = descent(jnp.asarray(0.1), noise=0.01)
    told = {"steps": STEPS, "block": 1, "race": px.Race(rungs=1)}
    raced = px.sweep(bowl, solver, over={"seed": range(8)}, **told)
    for seed in range(8):
        alone = px.solve(bowl, solver, seed=seed, steps=int(raced.steps[seed]))
        np.testing.assert_array_equal(alone.unknowns, raced.unknowns[seed])


def test_the_best_is_among_those_who_ran_to_the_end(pair):
    _, raced = pair
    assert raced.best().steps == STEPS


def test_a_race_compiles_its_loop_once(bowl, descent):
    solver = descent(jnp.asarray(0.1), noise=0.02)
    before = _program.traces.copy()
    px.sweep(bowl, solver, over={"learning_rate": RATES[:9]}, steps=9, race=px.Race(eta=3))
    assert (_program.traces - before)["advance"] <= 1
    before = _program.traces.copy()
    px.sweep(bowl, solver, over={"learning_rate": 2 * RATES[:9]}, steps=9, race=px.Race(eta=3))
    assert _program.traces == before


class Counted(px.AbstractProblem):
    """½ ‖u‖², which counts how often it is computed; a block counts once."""

    def init(self, key):
        return jnp.ones(2)

    def loss(self, unknowns, batch, key):
        jax.debug.callback(lambda: computed.update(loss=1))
        return jnp.sum(unknowns**2) / 2, {}


computed = collections.Counter()


def test_members_that_go_on_take_the_places_of_those_that_were_stopped(descent):
    computed.clear()
    raced = px.sweep(
        Counted(), descent(), over={"learning_rate": RATES}, steps=STEPS, race="halving", block=4
    )
    jax.effects_barrier()
    assert raced.steps.sum() == 12 * 4 + 3 * 16 + 64
    # Four blocks up to the first rung, after step 4; after that the four members left share one.
    assert computed["loss"] == 4 * 4 + (STEPS - 4)


class Once(px.AbstractObserver):
    """Ends a run at a step, as an interrupt does."""

    def __init__(self, step):
        self.step = step

    def on_progress(self, progress):
        return progress.step >= self.step


@pytest.mark.parametrize("at", [4, 10])
def test_a_race_that_was_broken_off_goes_on_bit_for_bit(pair, bowl, descent, tmp_path, at):
    _, raced = pair
    solver = descent(jnp.asarray(0.1), noise=0.01)
    told = {"over": {"learning_rate": RATES}, "steps": STEPS, "race": "halving"}
    block = raced.provenance["run"]["block"]
    half = px.sweep(
        bowl, solver, **told, block=block, chunk=2, observers=[Once(at)], out=tmp_path / "a"
    )
    assert half.steps.max() == at
    again = px.resume(tmp_path / "a", problem=bowl, solver=solver)
    np.testing.assert_array_equal(again.steps, raced.steps)
    np.testing.assert_array_equal(again.unknowns, raced.unknowns)
    with pytest.raises(px.PlugaxError, match="cannot go on to 100"):
        px.resume(tmp_path / "a", problem=bowl, solver=solver, steps=100)


def test_hyperband_gives_every_bracket_about_the_same_number_of_steps():
    race = px.Race("hyperband", eta=3)
    rungs = race.steps(81, 243)
    brackets = race.brackets(len(rungs), 243, seed=0)
    merit, racing = np.random.default_rng(0).random(243), np.ones(243, bool)
    taken = np.full(243, 81)
    for rung, step in enumerate(rungs):
        stopped = race.stopped(rung, brackets, racing, merit)
        taken[stopped], racing = step, racing & ~stopped
    used = [taken[brackets == bracket].sum() for bracket in range(len(rungs) + 1)]
    assert max(used) <= 2 * min(used)
    for bracket in range(len(rungs) + 1):
        assert racing[brackets == bracket].sum() >= 1
        assert merit[racing & (brackets == bracket)].min() == merit[brackets == bracket].min()


def test_a_race_may_be_judged_by_the_problem(bowl, descent):
    raced = px.sweep(
        bowl, descent(), over={"learning_rate": RATES}, steps=16, race=px.Race(by="norm")
    )
    assert raced.best("norm").steps == 16
    with pytest.raises(px.PlugaxError, match=r"no figure 'nrm'.*norm"):
        px.sweep(bowl, descent(), over={"learning_rate": RATES}, steps=16, race=px.Race(by="nrm"))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"kind": "halvin"}, "halving"),
        ({"eta": 1}, "at least 2"),
        ({"rungs": 0}, "at least 1"),
    ],
)
def test_a_wrong_race_is_refused(options, message):
    with pytest.raises(px.PlugaxError, match=message):
        px.Race(**options)


def test_a_race_of_too_few_members_is_refused(bowl, descent):
    with pytest.raises(px.PlugaxError, match="2 members over 64 steps has no rung"):
        px.sweep(bowl, descent(), over={"seed": range(2)}, steps=64, race="halving")
