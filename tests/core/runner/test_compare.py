import csv
import io
import json
from typing import ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
import pytest

import plugax as px
import plugax_state_space as ss
from plugax.comparison import _contestants, compare
from plugax.runner.loop import _program
from plugax.runner.members import _members


class Mean(px.AbstractProblem):
    """The mean of numbers that are drawn: ½ Σ (u − y)², by `seed`."""

    scores: ClassVar = ("distance", "loss_of_the_run", "absent")

    numbers: jax.Array
    count: int = eqx.field(static=True, default=20)

    def reseeded(self, seed):
        return type(self)(jr.normal(jr.key(seed), (self.count,)), self.count)

    @property
    def data(self):
        return px.FullBatch(self.numbers)

    def init(self, key):
        return jr.normal(key, ())

    def loss(self, unknowns, batch, key):
        return jnp.sum((unknowns - batch) ** 2) / 2, {}

    def evaluate(self, unknowns):
        away = unknowns - jnp.mean(self.numbers)
        return {"distance": jnp.abs(away), "numbers": self.numbers, "words": ["a", "b"]}

    def summary(self, series):
        return {"loss_of_the_run": series["loss"].sum() + float(self.numbers[0])}


class Odd(px.AbstractSolver):
    """Raises where it is compiled."""

    def init(self, problem, unknowns, key):
        raise MemoryError("as much as there is")

    def step(self, problem, state, batch, key):
        raise NotImplementedError

    def converged(self, problem, state):
        return None

    def unknowns(self, problem, state):
        return state


@pytest.fixture
def mean():
    return Mean(jnp.zeros(20))


@pytest.fixture
def two(bowl, descent):
    """Two solvers on one problem, by label."""
    return compare(
        bowl,
        {"slow": descent(jnp.asarray(0.01)), "quick": descent(jnp.asarray(0.2))},
        seeds=range(4),
        steps=20,
    )


def test_a_seed_is_a_run_of_its_own_on_its_own_data(mean, descent):
    solver = descent(jnp.asarray(0.02), noise=0.01)
    comparison = compare(mean, [solver], seeds=(3, 5), steps=40)
    (row,) = comparison.rows
    for place, seed in enumerate((3, 5)):
        alone = px.solve(mean.reseeded(seed), solver, seed=seed, steps=40)
        for name in ("distance", "loss_of_the_run"):
            # The same operations in another order of a vectorised program: rounding only.
            np.testing.assert_allclose(row.scores[name][place], alone.metrics[name], rtol=1e-4)
    assert row.scores["distance"][0] != row.scores["distance"][1]
    assert comparison.metrics == ("distance", "loss_of_the_run")


def test_all_seeds_of_a_solver_are_compiled_once(mean, descent):
    _program.traces.clear()
    compare(mean, {"a": descent(0.015), "b": descent(0.025)}, seeds=range(5), steps=7)
    assert _program.traces == {"start": 2, "advance": 2, "finish": 2}


def test_a_problem_whose_data_are_given_is_the_same_for_every_seed(bowl, descent):
    assert bowl.reseeded(7) is bowl
    one, axes = _members.stack_members([bowl, bowl, bowl], "Bowls")
    assert one.curvature is bowl.curvature
    assert jax.tree.leaves(axes) == []


def test_only_what_differs_is_stacked(mean):
    problems = [mean.reseeded(seed) for seed in range(3)]
    one, axes = _members.stack_members(problems, "Means")
    assert one.numbers.shape == (3, 20)
    assert axes.numbers == 0
    tree = {"a": jnp.arange(2), "key": jr.key(0), "number": 1.0, "function": jnp.sin}
    other = tree | {"key": jr.key(1), "number": 2.0}
    one, axes = _members.stack_members([tree, other], "Trees")
    assert axes == {"a": None, "key": 0, "number": 0, "function": None}
    assert (one["key"][1] == jr.key(1)).all()


def test_mean_and_standard_error_are_those_of_the_seeds(two):
    for row in two.rows:
        scores = row.scores["norm"]
        np.testing.assert_allclose(row.mean("norm"), scores.mean(), rtol=1e-12)
        error = np.sqrt(((scores - scores.mean()) ** 2).sum() / 3 / 4)
        np.testing.assert_allclose(row.standard_error("norm"), error, rtol=1e-12)
    assert two.rows[0].mean("norm") > two.rows[1].mean("norm")
    assert two.success


def test_the_table_is_like_that_of_a_paper(two):
    head, rule, slow, quick = str(two).splitlines()
    assert head.split() == ["solver", "norm", "failed", "time", "per", "step", "compiled", "in"]
    assert set(rule) == {"─"}
    assert slow.split()[0] == "slow"
    assert quick.split()[:1] + quick.split()[2:3] == ["quick", "±"]
    assert {slow.split()[4], quick.split()[4]} == {"0"}


def test_the_same_table_in_markdown_csv_and_json(two, tmp_path):
    head, rule, *_ = two.to_markdown(tmp_path / "a.md").splitlines()
    assert head.startswith("| solver | norm | failed |")
    assert rule.startswith("| --- | ---: |")
    assert (tmp_path / "a.md").read_text() == two.to_markdown()
    rows = list(csv.DictReader(io.StringIO(two.to_csv(tmp_path / "a.csv"))))
    assert [row["solver"] for row in rows] == ["slow", "quick"]
    assert float(rows[1]["norm"]) == two.rows[1].mean("norm")
    assert float(rows[1]["norm_standard_error"]) == two.rows[1].standard_error("norm")
    whole = json.loads(two.to_json(tmp_path / "a.json"))
    assert whole["rows"][0]["scores"]["norm"] == two.rows[0].scores["norm"].tolist()
    assert whole["rows"][0]["statuses"] == ["completed"] * 4
    assert whole["seeds"] == [0, 1, 2, 3]
    assert whole["interrupted"] is False
    assert {"versions", "device", "precision"} < whole["provenance"].keys()


def test_every_score_is_in_a_dataset(two):
    assert two.dataset.norm.dims == ("solver", "seed")
    np.testing.assert_array_equal(two.dataset.norm.sel(solver="quick"), two.rows[1].scores["norm"])


def test_a_solver_that_diverges_is_a_row_that_says_so(cliff, descent):
    # From u = 1 up to the edge at 2: 0.25 a step needs five, 0.0625 more than there are.
    solvers = {"rash": descent(jnp.asarray(0.25)), "shy": descent(jnp.asarray(0.0625))}
    comparison = compare(cliff(), solvers, seeds=range(2), steps=10)
    rash, shy = comparison.rows
    assert (rash.failed, rash.outcome) == (2, "2 non-finite")
    assert shy.success
    assert not comparison.success
    assert "rash: The metric 'loss' was nan at step" in str(comparison)
    assert comparison.table[0]["failed"] == 2


def test_a_seed_that_is_lost_does_not_count(mean, descent, monkeypatch):
    # One seed's numbers make the loss infinite.
    def reseeded(self, seed):
        return Mean(jnp.full(20, jnp.inf if seed == 1 else float(seed)))

    monkeypatch.setattr(Mean, "reseeded", reseeded)
    comparison = compare(mean, [descent(jnp.asarray(0.02))], seeds=range(3), steps=200)
    (row,) = comparison.rows
    assert np.isnan(row.scores["distance"]).tolist() == [False, True, False]
    assert row.mean("distance") < 0.1
    assert row.failed == 1
    json.loads(comparison.to_json(), parse_constant=lambda name: pytest.fail(name))


def test_what_a_solver_raises_costs_the_others_nothing(bowl, descent):
    comparison = compare(bowl, {"odd": Odd(), "sound": descent()}, seeds=range(2), steps=3)
    odd, sound = comparison.rows
    assert isinstance(odd.error, MemoryError)
    assert odd.outcome == "OutOfMemoryError"
    assert sound.success
    assert comparison.metrics == ("norm",)
    assert "more memory than there is: as much as there is" in " ".join(str(comparison).split())
    assert comparison.to_csv().splitlines()[1].startswith("odd,,,2,2,OutOfMemoryError")


def test_nothing_is_run_where_one_of_the_solvers_cannot_be(bowl, descent):
    _program.traces.clear()
    with pytest.raises(px.errors.UnknownNameError, match="No solver is named 'gradeint'"):
        compare(bowl, [descent(), "gradeint"])
    with pytest.raises(px.errors.UnsuitableProblemError, match="needs an AbstractLeastSquares"):
        compare(bowl, [descent(), "gauss-newton"])
    with pytest.raises(px.PlugaxError, match="has no option 'colour'"):
        compare(bowl, [descent(), ("gradient", {"colour": 3})])
    assert not _program.traces


def test_what_the_problem_recommends_applies():
    alone = px.solve("regression", "gradient")
    comparison = compare("regression", ["gradient"], seeds=(0,))
    assert comparison.problem == "regression"
    assert comparison.rows[0].steps.tolist() == [alone.steps]
    assert comparison.rows[0].statuses == (alone.status,)
    assert np.isnan(comparison.rows[0].standard_error("r_squared"))


def test_options_become_labels_and_every_label_is_another(bowl):
    entries = ["gradient", ("gradient", {"tolerance": 0.1}), {"name": "gradient"}, "gradient"]
    labels = [label for label, _ in _contestants.label_entries(entries)]
    assert labels == ["gradient", "gradient(tolerance=0.1)", "gradient #2", "gradient #3"]
    made = px.solver("gradient", tolerance=0.5)
    assert _contestants.label_entries([made])[0][0] == "gradient(tolerance=0.5)"


def test_a_comparison_goes_over_the_values_of_an_option():
    comparison = compare(
        "regression", ["gradient"], over={"tolerance": (1.0, 1e-3)}, seeds=(0,), steps=300
    )
    assert [row.value for row in comparison.rows] == [1.0, 1e-3]
    assert comparison.rows[0].steps < comparison.rows[1].steps
    assert comparison.dataset.r_squared.dims == ("solver", "tolerance", "seed")
    assert comparison.to_csv().startswith("solver,tolerance,")
    figure = comparison.figure()
    assert [axes.get_xlabel() for axes in figure.axes] == ["tolerance"] * len(comparison.metrics)
    assert figure.axes[0].get_ylabel() == comparison.metrics[0]


def test_the_figure_names_solvers_and_metrics(two):
    (axes,) = two.figure().axes
    assert axes.get_xlabel() == "norm"
    assert [label.get_text() for label in axes.get_yticklabels()] == ["slow", "quick"]


def test_a_metric_that_nobody_reports_is_said(bowl, descent):
    comparison = compare(bowl, [descent()], metrics=["norm", "nrom"], seeds=(0,), steps=2)
    assert "No solver reports nrom; there are norm." in str(comparison)
    assert "–" in str(comparison)


@pytest.mark.usefixtures("ctrl_c")
@pytest.mark.parametrize("when", ["in the steps", "at once"])
def test_ctrl_c_returns_what_is_done(bowl, descent, when, monkeypatch):
    import signal

    seen = []

    class Finger:
        """Presses Ctrl-C when the second solver is about to run."""

        @px.hookimpl
        def before_run(self):
            seen.append(None)
            if len(seen) == 2:
                if when == "at once":
                    raise KeyboardInterrupt
                signal.raise_signal(signal.SIGINT)

    plugins = px.default_manager()
    plugins.register(Finger(), "finger")
    try:
        solvers = {name: descent() for name in "abc"}
        comparison = compare(bowl, solvers, seeds=range(2), steps=5)
    finally:
        plugins.unregister("finger")
    assert comparison.rows[0].success
    assert comparison.interrupted
    assert not comparison.success
    assert comparison.missing == (("b", "c") if when == "at once" else ("c",))
    assert str(comparison).splitlines()[-1].startswith("Interrupted; not run: ")


def test_what_is_done_so_far_is_told(bowl, descent):
    told = []
    solvers = {"a": descent(), "b": descent()}
    whole = compare(bowl, solvers, seeds=(0,), steps=3, after_each=told.append)
    assert [[row.solver for row in so_far.rows] for so_far in told] == [["a"], ["a", "b"]]
    assert told[-1] is whole


@pytest.mark.parametrize("seeds", [(), (-1,), (0, 0), (True,)])
def test_seeds_that_are_none_are_refused(bowl, descent, seeds):
    with pytest.raises(px.PlugaxError, match="Seeds must be different whole numbers"):
        compare(bowl, [descent()], seeds=seeds)


def test_other_wrong_calls_say_what_to_do(bowl, descent):
    with pytest.raises(px.PlugaxError, match="nothing to compare"):
        compare(bowl, [])
    with pytest.raises(px.PlugaxError, match="a name with options"):
        compare(bowl, [{"members": 3}])
    with pytest.raises(px.PlugaxError, match="made by hand"):
        compare(bowl, [descent()], over={"noise": (0.0, 0.1)})
    with pytest.raises(px.PlugaxError, match="one option; got"):
        compare(bowl, ["gradient"], over={"a": (1,), "b": (2,)})
    with pytest.raises(px.PlugaxError, match="one value or more"):
        compare(bowl, ["gradient"], over={"a": ()})


def test_reseeding_that_changes_more_than_values_is_refused(mean, descent, monkeypatch):
    def reseeded(self, seed):
        return Mean(jnp.zeros(20), 20 + seed)

    monkeypatch.setattr(Mean, "reseeded", reseeded)
    with pytest.raises(px.PlugaxError, match=r"count is 20 and 21\. What depends on the seed"):
        compare(mean, [descent()])

    def of_another_size(self, seed):
        return Mean(jnp.zeros(20 + seed))

    monkeypatch.setattr(Mean, "reseeded", of_another_size)
    with pytest.raises(px.PlugaxError, match=r"numbers: must be .* float32\[20\] and float32\[21"):
        compare(mean, [descent()])


@pytest.mark.slow
@pytest.mark.usefixtures("x64")
def test_ensemble_filters_are_compared_on_a_twin_experiment():
    from plugax_lorenz96 import Lorenz96

    size = 8
    problem = ss.twin_experiment(
        Lorenz96(8.0),
        0.05 * np.arange(1, 61),
        lambda t, x: x,
        ss.ScalarCovariance(1.0, size),
        ss.Gaussian(jnp.zeros(size).at[0].set(1.0), ss.ScalarCovariance(0.1, size)),
        key=jr.key(0),
        dt=0.05,
        burn_in=1.0,
    )
    assert problem.reseeded(3) is problem
    options = {"inflation": 1.05, "rotate": True}
    comparison = compare(
        problem, [("etkf", options)], over={"members": (3, 12)}, seeds=(0, 4), metrics=["spread"]
    )
    assert comparison.success
    few, enough = comparison.rows
    assert (few.steps == 60).all()
    # Three members span two of eight directions, fewer than grow.
    assert enough.mean("analysis_rmse") < 0.6 * few.mean("analysis_rmse")
    assert comparison.dataset.spread.sizes == {"solver": 1, "members": 2, "seed": 2}
    alone = px.solve(problem, "etkf", members=12, seed=4, **options)
    np.testing.assert_allclose(
        enough.scores["analysis_rmse"][1], alone.metrics["analysis_rmse"], rtol=1e-6
    )
