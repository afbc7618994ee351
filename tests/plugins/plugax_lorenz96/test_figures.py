import equinox as eqx
import jax
import pytest
from matplotlib.figure import Figure

from plugax_lorenz96 import Lorenz96FourDVar

pytestmark = pytest.mark.usefixtures("x64")


@pytest.fixture(scope="module")
def problem(integrator):
    with jax.enable_x64(True):
        return Lorenz96FourDVar(dim=12, window_steps=8, forecast_steps=4, integrator=integrator)


@pytest.fixture(scope="module")
def figures(problem, solve):
    with jax.enable_x64(True):
        return problem.figures(solve(problem))


def labels(figure):
    return {axis.get_xlabel() for axis in figure.axes} | {axis.get_ylabel() for axis in figure.axes}


def test_figures_are_drawn_with_named_axes_and_units(figures, tmp_path):
    assert set(figures) == {"hovmoller", "rmse", "cost"}
    for name, figure in figures.items():
        assert isinstance(figure, Figure)
        figure.savefig(tmp_path / f"{name}.png")
    assert labels(figures["hovmoller"]) >= {"variable", "time [model time units]"}
    assert labels(figures["hovmoller"]) >= {"state [model units]", "difference [model units]"}
    assert labels(figures["rmse"]) >= {"root-mean-square error [model units]"}
    assert labels(figures["cost"]) >= {"iteration", "cost J"}
    titles = {axis.get_title() for axis in figures["hovmoller"].axes}
    assert titles >= {"truth", "background", "analysis", "background − truth", "analysis − truth"}


def test_states_share_one_scale_and_errors_another(figures):
    figure = figures["hovmoller"]
    norms = [axis.images[0].norm for axis in figure.axes if axis.images]
    assert len({id(norm) for norm in norms[:3]}) == 1
    assert len({id(norm) for norm in norms[3:]}) == 1


def test_without_truth_the_increment_is_drawn_instead_of_errors(problem, solve, tmp_path):
    real = eqx.tree_at(lambda p: p.truth, problem, None)
    figures = real.figures(solve(real))
    assert set(figures) == {"hovmoller", "cost"}
    figures["hovmoller"].savefig(tmp_path / "hovmoller.png")
    titles = {axis.get_title() for axis in figures["hovmoller"].axes}
    assert titles >= {"background", "analysis", "analysis − background"}


def test_figures_of_a_run_that_did_not_move_can_be_drawn(integrator, solve, tmp_path):
    problem = Lorenz96FourDVar(
        dim=12, window_steps=8, forecast_steps=0, observation_std=1e9, integrator=integrator
    )
    still = eqx.tree_at(lambda p: p.truth, problem, None)
    for name, figure in still.figures(solve(still)).items():
        figure.savefig(tmp_path / f"{name}.png")
