import jax
import jax.numpy as jnp
import numpy as np
import pytest
from matplotlib.figure import Figure

import plugax as px
import plugax_state_space as ss
from plugax.testing.problems._figures import check_figure
from plugax_assimilation import ETKF

pytestmark = pytest.mark.usefixtures("x64")

SCORES = ("analysis_rmse", "forecast_rmse", "smoothed_rmse", "spread")
RATIOS = ("chi_squared", "desroziers_observation", "desroziers_background")
COSTS = ("loss", "cost", "cost_background", "cost_observations")
RANKS = ("rank_histogram", "forecast_rank_histogram")
SIGNAL = "degrees_of_freedom_for_signal"


def problem_of(size, cycles, *, truth=True, mean=None, burn_in=0.35):
    mean = np.zeros(size) if mean is None else mean
    rows = np.random.default_rng(0).normal(size=(cycles, size))
    return ss.StateSpace(
        lambda t, x: jax.tree.map(jnp.zeros_like, x),
        0.1 * np.arange(1, cycles + 1),
        np.zeros((cycles, 1)),
        lambda t, x: jax.tree.leaves(x)[0].reshape(-1)[:1],
        ss.ScalarCovariance(1.0, 1),
        ss.Gaussian(mean, ss.ScalarCovariance(1.0, size)),
        dt=0.1,
        truth=rows if truth else None,
        burn_in=burn_in,
    )


def solution_of(problem, **series):
    return px.Solution(
        unknowns=None,
        status=px.Status("completed", ""),
        metrics={},
        steps=len(series.get("time", ())),
        compile_seconds=0.0,
        run_seconds=0.0,
        provenance={},
        series=series,
        evaluation_series={},
        state=None,
        problem=problem,
        solver=None,
    )


def history_of(problem, steps=None, *, members=None):
    """Everything that a method may say of its steps, at the last times of as many windows."""
    draws = np.random.default_rng(1)
    time = np.asarray(problem.cycles.time)
    time = time if steps is None else time[:: len(time) // steps][:steps]
    size = problem.initial.covariance.size
    shape = (len(time), size) if members is None else (len(time), members, size)
    series = {"time": time, "analysis": draws.normal(size=shape)}
    series |= {
        name: draws.uniform(0.5, 1, len(time)) for name in (*SCORES, *RATIOS, *COSTS, SIGNAL)
    }
    return series | {name: draws.integers(0, 9, (len(time), 6)) for name in RANKS}


def lines(figure):
    return [line for axis in figure.axes for line in axis.lines]


def titles(figure):
    return [axis.get_title() for axis in figure.axes if axis.get_title()]


def test_all_figures_are_drawn_with_named_axes(tmp_path):
    problem = problem_of(12, 20)
    figures = problem.figures(solution_of(problem, **history_of(problem)))
    assert set(figures) == {"errors", "hovmoller", "rank_histogram", "cost", "innovations"}
    for name, figure in figures.items():
        assert isinstance(figure, Figure)
        check_figure(problem, name, figure)
        figure.savefig(tmp_path / f"{name}.png")
    assert titles(figures["hovmoller"]) == ["truth", "analysis", "analysis − truth"]
    labels = {text.get_text() for text in figures["errors"].legends[0].get_texts()}
    mean = history_of(problem)["analysis_rmse"][3:].mean()
    assert f"analysis: {mean:.3g}" in labels
    assert "burn-in" in labels


@pytest.mark.parametrize(
    ("kept", "drawn"),
    [
        ((), set()),
        (("loss",), set()),
        (("spread",), {"errors"}),
        (("analysis",), {"hovmoller"}),
        (("rank_histogram",), {"rank_histogram"}),
        (("cost",), {"cost"}),
        (("chi_squared",), {"innovations"}),
        ((SIGNAL,), {"innovations"}),
    ],
)
def test_a_figure_needs_no_more_than_its_own_metrics(kept, drawn):
    problem = problem_of(12, 20)
    history = history_of(problem)
    figures = problem.figures(
        solution_of(problem, **{name: history[name] for name in ("time", *kept)})
    )
    assert set(figures) == drawn


def test_what_has_no_time_or_no_steps_has_no_figures():
    problem = problem_of(12, 20)
    assert problem.figures(solution_of(problem)) == {}
    assert problem.figures(solution_of(problem, loss=np.ones(3))) == {}
    assert problem.figures(solution_of(problem, time=np.ones(0))) == {}


def test_the_truth_is_drawn_at_the_times_of_the_windows():
    problem = problem_of(12, 20)
    history = history_of(problem, 5)
    figure = problem.figures(solution_of(problem, **history))["hovmoller"]
    truth = np.asarray(problem.cycles.truth)[::4]
    np.testing.assert_array_equal(figure.axes[0].collections[0].get_array(), truth)
    difference = figure.axes[2].collections[0].get_array()
    np.testing.assert_allclose(difference, history["analysis"] - truth)


def test_states_share_one_scale():
    problem = problem_of(12, 20)
    figure = problem.figures(solution_of(problem, **history_of(problem)))["hovmoller"]
    truth, analysis, error = (axis.collections[0].norm for axis in figure.axes[:3])
    assert truth is analysis
    assert error.vmin == -error.vmax


def test_without_truth_the_analysis_is_drawn_alone():
    problem = problem_of(12, 20, truth=False)
    history = {name: values for name, values in history_of(problem).items() if "rmse" not in name}
    figures = problem.figures(solution_of(problem, **history))
    assert titles(figures["hovmoller"]) == ["analysis"]
    assert "errors" in figures  # the spread


def test_of_members_the_mean_is_drawn():
    problem = problem_of(12, 20)
    history = history_of(problem, members=3)
    figure = problem.figures(solution_of(problem, **history))["hovmoller"]
    np.testing.assert_allclose(
        figure.axes[1].collections[0].get_array(), history["analysis"].mean(1)
    )


@pytest.mark.parametrize("truth", [True, False])
def test_a_state_of_few_variables_is_drawn_as_curves(truth):
    problem = problem_of(3, 20, truth=truth)
    figures = problem.figures(solution_of(problem, **history_of(problem)))
    assert "hovmoller" not in figures
    check_figure(problem, "states", figures["states"])
    assert len(figures["states"].axes) == 3
    assert len(lines(figures["states"])) == 3 * (1 + truth)


def test_states_that_are_no_vectors_are_left_out():
    mean = {"height": np.zeros((3, 4)), "level": np.zeros(2)}
    problem = problem_of(14, 20, truth=False, mean=mean)
    figures = problem.figures(solution_of(problem, **history_of(problem)))
    assert set(figures) == {"errors", "rank_histogram", "cost", "innovations"}


def test_many_steps_are_drawn_as_running_means_before_the_steps_themselves():
    problem = problem_of(12, 1000)
    history = history_of(problem)
    figure = problem.figures(
        solution_of(problem, time=history["time"], analysis_rmse=history["analysis_rmse"])
    )["errors"]
    steps, mean, _ = lines(figure)
    np.testing.assert_array_equal(steps.get_ydata(), history["analysis_rmse"])
    assert len(mean.get_ydata()) == 1000 - 20 + 1
    np.testing.assert_allclose(mean.get_ydata()[7], history["analysis_rmse"][7:27].mean())
    np.testing.assert_allclose(mean.get_xdata()[7], history["time"][7:27].mean())


@pytest.mark.parametrize("steps", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_a_run_that_ended_within_its_burn_in_is_drawn_whole(steps, tmp_path):
    problem = problem_of(12, steps, burn_in=50.0)
    for name, figure in problem.figures(solution_of(problem, **history_of(problem))).items():
        figure.savefig(tmp_path / f"{name}.png")


@pytest.mark.slow
def test_a_saved_run_has_the_same_figures_and_analyses(tmp_path):
    from plugax_state_space._analyses import analyses

    problem, solver = problem_of(12, 20), ETKF(members=5, diagnostics=("rank-histogram",))
    solution = px.solve(problem, solver, out=tmp_path)
    again = px.load(tmp_path, problem=problem, solver=solver)
    assert (
        set(solution.figures())
        == set(again.figures())
        == {
            "errors",
            "hovmoller",
            "rank_histogram",
        }
    )
    assert analyses(again).equals(analyses(solution))
