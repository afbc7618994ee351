"""Figures that a notebook shows, and that a Python session opens in windows."""

import struct

import jax.numpy as jnp
import pytest
from matplotlib import pyplot
from matplotlib.animation import FuncAnimation
from matplotlib.figure import Figure

import plugax as px
from plugax.display import Figures, discard
from plugax.errors import UnknownNameError


def figure():
    made = Figure(figsize=(2, 1))
    made.add_subplot().plot([1, 2])
    return made


def animation():
    return FuncAnimation(figure(), lambda frame: (), frames=2)


@pytest.fixture(scope="module")
def solution():
    return px.solve("regression", "gradient", steps=20, evaluate_every=5)


def test_one_figure_is_a_sharp_png_of_its_size():
    figures = Figures({"fit": figure()})
    picture, size = figures._repr_png_()
    assert struct.unpack(">2I", picture[16:24]) == (320, 160)
    assert size == {"width": 160, "height": 80}
    assert figures._repr_html_() is None
    assert repr(figures).startswith("Figures: fit.")


def test_several_figures_are_html_with_their_names():
    figures = Figures({"<a>": figure(), "b": figure()})
    html = figures._repr_html_()
    assert html.count("<img ") == html.count("data:image/png;base64,") == 2
    assert "<figcaption>&lt;a&gt;</figcaption>" in html
    assert figures._repr_png_() is None


def test_an_animation_plays_as_a_gif():
    html = Figures({"moving": animation()})._repr_html_()
    assert "data:image/gif;base64," in html
    assert "<script" not in html


def test_figures_are_a_mapping_of_matplotlib_figures():
    made = figure()
    figures = Figures({"fit": made})
    assert figures["fit"] is made
    assert [*figures] == ["fit"]


def test_pyplot_does_not_keep_a_figure_that_was_made_with_it():
    made, _ = pyplot.subplots()
    picture, _ = Figures({"fit": made})._repr_png_()
    assert not pyplot.get_fignums()
    assert picture.startswith(b"\x89PNG")


def test_windows_are_opened_as_pyplot_does(monkeypatch):
    made, shown = figure(), []
    monkeypatch.setattr(pyplot, "get_backend", lambda: "qtagg")
    monkeypatch.setattr(
        pyplot, "show", lambda: shown.extend(map(pyplot.figure, pyplot.get_figlabels()))
    )
    Figures({"fit": made}).show()
    assert shown == [made]
    assert not pyplot.get_fignums()


def test_without_a_display_it_is_said_what_can_be_done():
    with pytest.raises(px.PlugaxError, match=r"draws with agg.*Write them with save\('DIR'\)"):
        Figures({"fit": figure()}).show()
    assert not pyplot.get_fignums()


def test_figures_are_saved_by_their_names(tmp_path):
    paths = Figures({"fit": figure(), "moving": animation()}).save(tmp_path / "new")
    assert [path.name for path in paths] == ["fit.png", "moving.gif"]
    assert paths[0].read_bytes().startswith(b"\x89PNG")
    assert paths[1].read_bytes().startswith(b"GIF8")


def test_an_animation_may_be_discarded():
    discard([animation(), figure()])  # Matplotlib would warn, which is an error here


def test_a_solution_plots_all_of_its_figures_or_one(solution):
    assert solution.plot().keys() == solution.figures().keys()
    assert [*solution.plot("fit")] == ["fit"]


def test_history_and_every_metric_of_the_steps_can_be_plotted(solution):
    (history,) = solution.plot("history").values()
    assert "loss" in [axes.get_ylabel() for axes in history.axes]
    assert len(history.axes) > 1
    (curve,) = solution.plot("r_squared").values()
    assert [axes.get_ylabel() for axes in curve.axes] == ["r_squared"]


def test_an_unknown_name_is_told_which_there_are(solution):
    with pytest.raises(UnknownNameError, match=r"'fitt'. Did you mean 'fit'\? There are: fit, "):
        solution.plot("fitt")
    with pytest.raises(UnknownNameError, match=r"history, adjusted_r_squared, "):
        solution.plot("correlations")


def test_a_population_plots_its_history(solution):
    population = px.sweep("regression", "gradient", over={"seed": [0, 1]}, steps=5)
    assert [*population.plot()] == ["history"]
    (curve,) = population.plot("loss").values()
    assert len(curve.axes[0].lines) == 2
    with pytest.raises(UnknownNameError, match="There are: history, loss"):
        population.plot("fit")


def test_metrics_in_short_floats_are_drawn_too():
    class Short(px.AbstractProblem):
        def init(self, key):
            return jnp.ones(2, "bfloat16")

        def loss(self, unknowns, batch, key):
            return jnp.sum(unknowns**2), {"imaginary": 1j * jnp.ones((), "complex64")}

    population = px.sweep(Short(), "gradient", over={"seed": [0, 1]}, steps=3)
    assert "last loss  2" in str(population)
    (curve,) = population.plot("loss").values()
    assert len(curve.axes[0].lines) == 2
    with pytest.raises(UnknownNameError, match=r"There are: history, loss\."):
        population.plot("imaginary")


def test_a_comparison_plots_its_figure():
    comparison = px.compare("regression", ["gradient"], seeds=[0], steps=5)
    assert [*comparison.plot()] == ["comparison"]
