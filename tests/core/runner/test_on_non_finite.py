"""What a run does about steps that come to nothing finite: it skips them, or goes back."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import plugax as px


class Traps(px.AbstractProblem):
    """½ Σ u² on batches with a number each; in some the loss, in others the gradient is NaN."""

    lost: jax.Array
    steep: jax.Array

    def init(self, key):
        return jax.random.normal(key, (3,))

    @property
    def data(self):
        return px.Sequence(jnp.arange(300.0))

    def loss(self, unknowns, batch, key):
        loss = jnp.sum(unknowns**2) / 2
        # √(x² + a) at x = 0: if a = 0 its slope is 0/0, although its value is finite.
        nothing = unknowns[0] - jax.lax.stop_gradient(unknowns[0])
        loss = loss + jnp.sqrt(nothing**2 + jnp.where(jnp.any(batch == self.steep), 0.0, 1.0))
        return jnp.where(jnp.any(batch == self.lost), jnp.nan, loss), {"number": batch}


class Steep(px.AbstractProblem):
    """½ Σ c u² with noise in the gradient; longer steps than 2 / c walk away from the minimum."""

    curvature: jax.Array

    def init(self, key):
        return jax.random.normal(key, (2,))

    def loss(self, unknowns, batch, key):
        noise = jax.random.normal(key, (2,))
        return jnp.sum(self.curvature * unknowns**2 / 2 + 0.01 * noise * unknowns), {}

    def evaluate(self, unknowns):
        return {"norm": jnp.linalg.norm(unknowns)}


STEEP = Steep(jnp.asarray([1.0, 30.0]))
TRAPS = Traps(jnp.asarray([3.0, 7.0]), jnp.asarray([5.0]))
SKIP = {"steps": 12, "on_non_finite": "skip"}
BACK = {"steps": 260, "on_non_finite": "rollback", "evaluate_every": 13, "keep_best": "norm"}


def sgd(rate):
    return px.solver("gradient", optimizer=px.optimizer("sgd", learning_rate=rate))


def momentum(rate):
    optimizer = px.optimizer("sgd", learning_rate=rate, momentum=0.9)
    return px.solver("gradient", optimizer=optimizer)


def same(one, other, parts=("unknowns", "state", "series", "recoveries", "evaluation_series")):
    for part in parts:
        leaves, others = (jax.tree.leaves(getattr(x, part)) for x in (one, other))
        assert len(leaves) == len(others)
        for leaf, another in zip(leaves, others, strict=True):
            assert np.asarray(leaf).tobytes() == np.asarray(another).tobytes()


def test_a_skipped_step_leaves_the_state_bit_for_bit_and_the_next_has_its_own_batch():
    solver = momentum(0.1)
    until, past = (px.solve(TRAPS, solver, **SKIP | {"steps": steps}) for steps in (3, 4))
    same(until, past, ("unknowns", "state"))
    solution = px.solve(TRAPS, solver, **SKIP)
    assert np.flatnonzero(solution.series["skipped"]).tolist() == [3, 5, 7]
    assert solution.series["number"].tolist() == list(range(12))
    assert np.flatnonzero(np.isnan(solution.series["loss"])).tolist() == [3, 7]
    assert np.isfinite(solution.series["loss"][5])  # there it was the gradient
    assert solution.recoveries == {"skipped": 3, "in_a_row": 0}
    assert solution.status.success
    assert "3 steps were skipped, of 12" in solution.status.remarks[0]


def test_a_run_without_skipped_steps_is_that_of_a_run_that_would_stop_to_rounding():
    free = Traps(jnp.asarray([999.0]), jnp.asarray([999.0]))
    skips, stops = (px.solve(free, sgd(0.1), steps=12, on_non_finite=a) for a in ("skip", "stop"))
    # They are two programs, in which XLA fuses the same operations differently: a few roundings.
    np.testing.assert_allclose(skips.series["loss"], stops.series["loss"], rtol=1e-6)
    assert not skips.status.remarks
    assert "skipped" not in stops.series
    assert not stops.recoveries


@pytest.mark.parametrize("more", [{"chunk": 1}, {"chunk": 5}, {"record": "skipped"}])
def test_chunks_and_records_change_nothing_of_what_is_skipped(more):
    whole, cut = (px.solve(TRAPS, sgd(0.1), **SKIP, **told) for told in ({}, more))
    same(whole, cut, ("unknowns", "recoveries"))
    np.testing.assert_array_equal(whole.series["skipped"], cut.series["skipped"])


def test_a_run_that_skips_goes_on_bit_for_bit(tmp_path):
    whole = px.solve(TRAPS, sgd(0.1), **SKIP)
    px.solve(TRAPS, sgd(0.1), **SKIP | {"steps": 6}, out=tmp_path)
    resumed = px.resume(tmp_path, steps=12, problem=TRAPS)
    same(resumed, whole)
    same(px.load(tmp_path, problem=TRAPS), whole)


def test_members_skip_their_own_steps():
    lost = jnp.asarray([[3.0, 7.0], [1.0, 2.0]])
    told = {"over": {"problem.lost": lost}, **SKIP}
    found = px.sweep(TRAPS, sgd(0.1), **told)
    for number, values in enumerate(lost):
        alone = px.solve(Traps(values, TRAPS.steep), sgd(0.1), **SKIP)
        member = found.member(problem__lost=number)
        same(member, alone, ("recoveries",))
        np.testing.assert_array_equal(member.series["skipped"], alone.series["skipped"])
        np.testing.assert_allclose(member.unknowns, alone.unknowns, rtol=1e-6)
    assert found.recoveries["skipped"].tolist() == [3, 3]


def test_a_run_that_skips_a_hundred_steps_in_a_row_ends(tmp_path):
    ever = Traps(jnp.arange(20.0, 300.0), TRAPS.steep)
    told = {"steps": 300, "on_non_finite": "skip"}
    whole, cut = (px.solve(ever, sgd(0.1), **told, chunk=chunk) for chunk in (None, 7))
    assert (whole.status.name, whole.steps) == ("non-finite", 120)
    assert "'loss' was nan" in whole.status.message
    same(whole, cut)
    over = {"problem.lost": jnp.stack([ever.lost, ever.lost + 1000])}
    found = px.sweep(ever, sgd(0.1), over=over, **told, out=tmp_path)
    assert found.names.tolist() == ["non-finite", "completed"]
    assert found.steps.tolist() == [120, 300]
    assert len(found.member(problem__lost=0).series["loss"]) == 120
    loaded = px.load(tmp_path, problem=ever)
    np.testing.assert_array_equal(loaded.recoveries["in_a_row"], [100, 0])


@pytest.fixture(scope="module")
def back():
    """A run that goes back: at first 0.4 · 30 is far above 2."""
    return px.solve(STEEP, sgd(0.4), **BACK)


def test_a_run_goes_back_with_half_the_learning_rate(back):
    assert back.status.success
    assert f"went back {len(back.recoveries['failed'])} times" in back.status.remarks[0]
    halves = 0.4 * 0.5 ** np.arange(1, 4)
    np.testing.assert_allclose(back.recoveries["optimizer.learning_rate"], halves, rtol=1e-6)
    assert back.recoveries["step"].tolist() == [0, 0, 0]
    assert np.isfinite(back.series["loss"]).all()
    assert len(back.series["loss"]) == back.steps == 260
    # From the start on, it is the run that had that learning rate from the start.
    small = px.solve(STEEP, sgd(0.05), **BACK)
    same(back, small, ("unknowns", "series", "evaluation_series"))
    title = back.tables()[-1].title
    assert title == "rollbacks, learning rates from each step on"


@pytest.mark.parametrize("chunk", [1, 70])
def test_where_it_goes_back_to_does_not_depend_on_chunks(back, chunk):
    cut = px.solve(STEEP, sgd(0.4), **BACK, chunk=chunk)
    same(back, cut)
    same(back.best, cut.best, ("unknowns", "series", "evaluation_series", "recoveries"))


class Late(Steep):
    """As above, and NaN at large unknowns, which a run with noise comes to only after a while."""

    edge: float = 0.0

    def loss(self, unknowns, batch, key):
        loss, _ = super().loss(unknowns, batch, key)
        growth = jnp.sum(jnp.abs(unknowns))
        return jnp.where(growth > self.edge, jnp.nan, loss), {}


@pytest.fixture(scope="module")
def late():
    """A run at the edge of stability, and the problem: it fails after some hundred steps."""
    problem = Late(jnp.asarray([0.0, 30.0]), edge=40.0)
    solver = sgd(2.014 / 30)
    return problem, solver, px.solve(problem, solver, **BACK | {"steps": 500})


def test_it_goes_back_a_hundred_to_two_hundred_steps(late):
    *_, found = late
    failed, back = found.recoveries["failed"], found.recoveries["step"]
    assert len(failed) == 1
    assert 200 < failed[0] < 500
    assert 100 <= failed[0] - back[0] < 200
    assert list(found.points) == [300, 400]
    assert len(found.series["loss"]) == 500
    first = px.solve(*late[:2], **BACK | {"steps": int(back[0])})
    np.testing.assert_array_equal(found.series["loss"][: back[0]], first.series["loss"])


@pytest.mark.parametrize("share", [0.5, 0.99, 1.2])
def test_a_run_that_goes_back_is_resumed_bit_for_bit(late, tmp_path, share):
    problem, solver, whole = late
    cut = int(share * whole.recoveries["failed"][0])
    px.solve(problem, solver, **BACK | {"steps": cut}, out=tmp_path)
    resumed = px.resume(tmp_path, steps=500, problem=problem)
    same(resumed, whole)
    same(resumed.best, whole.best, ("unknowns", "series", "evaluation_series"))
    loaded = px.load(tmp_path, problem=problem)
    same(loaded, whole)
    assert list(loaded.points) == list(whole.points)


def test_the_best_of_an_abandoned_way_has_the_history_of_that_way(late):
    problem, solver, whole = late
    failed, back = whole.recoveries["failed"][0], whole.recoveries["step"][0]
    told = BACK | {"keep_best": "max:norm", "steps": 500}
    best = px.solve(problem, solver, **told).best
    assert back < best.steps <= failed
    then = px.solve(problem, solver, **told | {"steps": best.steps}).best
    same(best, then, ("unknowns", "series", "evaluation_series", "recoveries"))


def test_a_run_that_goes_back_too_often_ends():
    ever = Traps(jnp.arange(20.0, 300.0), jnp.asarray([999.0]))
    found = px.solve(ever, sgd(0.1), steps=60, on_non_finite="rollback")
    assert found.status.name == "non-finite"
    assert len(found.recoveries["failed"]) == 10
    assert found.steps == 19
    never = Traps(jnp.arange(0.0, 300.0), jnp.asarray([999.0]))
    found = px.solve(never, sgd(0.1), steps=60, on_non_finite="rollback")
    assert found.status.name == "non-finite"
    assert not len(found.recoveries["failed"])  # a smaller step from the same start is no help


def test_what_cannot_be_done_is_said_before_the_run(bowl, descent):
    with pytest.raises(px.PlugaxError, match="Did you mean 'skip'"):
        px.solve(bowl, descent(), on_non_finite="skp")
    with pytest.raises(px.PlugaxError, match="has no option 'learning_rate'"):
        px.solve(bowl, "bfgs", on_non_finite="rollback")
    with pytest.raises(px.PlugaxError, match="is for single runs"):
        px.sweep(bowl, descent(), over={"seed": [0, 1]}, on_non_finite="rollback")


def test_a_learning_rate_that_is_a_plain_number_is_one_too(descent):
    told = {"steps": 80, "on_non_finite": "rollback"}
    found = px.solve(STEEP, descent(learning_rate=0.1), **told)
    assert found.recoveries["learning_rate"].tolist() == [np.float32(0.05)]
