"""The best of a run is kept: it is the run that would have stopped there, saved and resumed."""

import jax.numpy as jnp
import numpy as np
import pytest
from jaxtyping import TypeCheckError

import plugax as px

TOLD = {"steps": 12, "evaluate_every": 3, "keep_best": "norm", "seed": 5}


@pytest.fixture
def noisy(bowl, descent):
    """A run whose evaluations rise and fall."""
    return bowl, descent(jnp.asarray(0.1), noise=1.0)


def test_the_best_is_the_run_that_stops_there_bit_for_bit(noisy):
    solution = px.solve(*noisy, **TOLD)
    norms = solution.evaluations["norm"]
    assert solution.best.steps == int(norms["step"][norms.values.argmin()]) < 12
    stopped = px.solve(*noisy, **TOLD | {"steps": solution.best.steps, "keep_best": None})
    np.testing.assert_array_equal(solution.best.unknowns, stopped.unknowns)
    assert solution.best.metrics == stopped.metrics
    assert solution.best.status == stopped.status
    for kind in ("series", "evaluation_series"):
        best, whole = getattr(solution.best, kind), getattr(stopped, kind)
        assert best.keys() == whole.keys()
        for name in best:
            np.testing.assert_array_equal(best[name], whole[name])


def test_the_largest_is_kept_if_asked(noisy):
    solution = px.solve(*noisy, **TOLD | {"keep_best": "max:norm"})
    assert solution.best.metrics["norm"] == float(solution.evaluations["norm"].max())


def test_it_changes_nothing_of_the_run_and_does_not_depend_on_chunks(noisy):
    kept, cut = px.solve(*noisy, **TOLD), px.solve(*noisy, **TOLD, chunk=2)
    plain = px.solve(*noisy, **TOLD | {"keep_best": None})
    np.testing.assert_array_equal(kept.unknowns, plain.unknowns)
    np.testing.assert_array_equal(kept.best.unknowns, cut.best.unknowns)
    assert plain.best is None


@pytest.mark.parametrize("cut", [2, 7])
def test_a_resumed_run_knows_the_best_before(noisy, tmp_path, cut):
    whole = px.solve(*noisy, **TOLD)
    px.solve(*noisy, **TOLD | {"steps": cut}, out=tmp_path)
    again = px.resume(tmp_path, steps=12, problem=noisy[0], solver=noisy[1])
    loaded = px.load(tmp_path, problem=noisy[0], solver=noisy[1])
    for found in (again, loaded):
        np.testing.assert_array_equal(found.best.unknowns, whole.best.unknowns)
        assert found.best.steps == whole.best.steps
        np.testing.assert_array_equal(found.best.series["loss"], whole.best.series["loss"])


def test_the_best_is_a_saved_run_of_its_own_which_can_go_on(noisy, tmp_path):
    whole = px.solve(*noisy, **TOLD, out=tmp_path)
    told = {"problem": noisy[0], "solver": noisy[1]}
    best = px.load(tmp_path / "best", **told)
    np.testing.assert_array_equal(best.unknowns, whole.best.unknowns)
    gone_on = px.resume(tmp_path / "best", steps=12, **told)
    np.testing.assert_array_equal(gone_on.unknowns, whole.unknowns)
    assert [run["directory"] for run in px.report.list_runs(tmp_path)] == [str(tmp_path)]


def test_a_new_run_in_its_place_leaves_no_best_of_the_old_one(noisy, tmp_path):
    px.solve(*noisy, **TOLD, out=tmp_path)
    px.solve(*noisy, steps=2, out=tmp_path, force=True)
    assert not (tmp_path / "best").exists()


def test_every_member_of_a_population_has_its_best(noisy, tmp_path):
    over = {"seed": range(3), "learning_rate": [0.05, 0.1]}
    told = {name: value for name, value in TOLD.items() if name != "seed"}
    swept = px.sweep(*noisy, over=over, **told, out=tmp_path)
    assert len(set(swept.bests.steps.ravel())) > 1
    loaded = px.load(tmp_path, problem=noisy[0], solver=noisy[1])
    for population in (swept, loaded):
        member = population.member(seed=2, learning_rate=1).best
        alone = px.solve(*noisy, **TOLD | {"seed": 2}).best
        np.testing.assert_allclose(member.unknowns, alone.unknowns, rtol=1e-5)
        assert member.steps == alone.steps == len(member.series["loss"])
    longer = px.resume(tmp_path, steps=15, problem=noisy[0], solver=noisy[1])
    assert (longer.bests.metrics["norm"] <= swept.bests.metrics["norm"]).all()


def test_a_member_that_fails_has_the_best_before_it(cliff, descent):
    class Walk(type(cliff())):
        def evaluate(self, unknowns):
            return {"distance": -unknowns[0]}

    rates = jnp.asarray([0.01, 0.3])
    told = {"steps": 12, "evaluate_every": 2, "keep_best": "distance"}
    found = px.sweep(Walk(), descent(rates[0]), over={"learning_rate": rates}, **told)
    assert found.names.tolist() == ["completed", "non-finite"]
    assert found.bests.steps.tolist() == [12, 4]
    assert found.member(learning_rate=1).best.status.success


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"keep_best": "nrom"}, "returns no scalar 'nrom'. Did you mean 'norm'"),
        ({"keep_best": "terms"}, "Its scalars are norm"),
        ({"keep_best": 3}, "must be the name of a metric|parameter 'keep_best'"),
        ({"evaluate_every": "never"}, "needs evaluations during the run"),
    ],
)
def test_what_cannot_be_kept_is_refused(noisy, wrong, message):
    # Where annotations are checked, they speak first.
    with pytest.raises((px.PlugaxError, TypeCheckError), match=message):
        px.solve(*noisy, **TOLD | wrong)
