import io

import numpy as np
import pytest
from rich.console import Console

import plugax as px
from plugax_progress._bar import ProgressBar, figures_of, rate_of

ENDED = object.__new__(px.Solution)  # the bar has no use for what is in it


def console(*, terminal):
    return Console(file=io.StringIO(), force_terminal=terminal, width=100)


def progress(step, loss, running=True, **evaluation):
    return px.observers.Progress(
        step,
        100,
        {"loss": np.asarray(loss)},
        {"loss": np.asarray(loss)[..., -1] if np.size(loss) else np.asarray(np.nan)},
        {name: np.asarray(value) for name, value in evaluation.items()},
        np.asarray(running),
        seconds=2.0,
        unknowns=lambda: None,
    )


def test_the_bar_shows_steps_loss_and_rate():
    screen = console(terminal=True)
    bar = ProgressBar(screen)
    bar.on_start(100)
    bar.on_progress(progress(20, [3.0], counts=[1, 2], accuracy=0.75))
    bar.on_progress(progress(40, [3.0, 0.125]))
    bar.on_end(ENDED)
    drawn = screen.file.getvalue()
    assert "accuracy 0.75" in drawn.split("40/100")[1]
    assert "counts" not in drawn
    assert "40/100" in drawn
    assert "loss 0.125" in drawn
    assert "20 steps/s" in drawn


def test_of_a_population_it_shows_the_median_and_who_is_running():
    losses = [[3.0, 1.0], [2.0, 0.25], [np.nan, np.nan]]
    shown = figures_of(progress(40, losses, running=[True, True, False]))
    assert shown == "loss 0.625  2 of 3 running  20 steps/s"


def test_nothing_is_drawn_where_there_is_no_terminal():
    screen = console(terminal=False)
    bar = ProgressBar(screen)
    bar.on_start(100)
    bar.on_progress(progress(40, [0.125]))
    bar.on_end(ENDED)
    assert screen.file.getvalue().strip() == ""


def test_an_error_takes_the_bar_away():
    screen = console(terminal=True)
    bar = ProgressBar(screen)
    bar.on_start(100)
    bar.on_error(RuntimeError())
    bar.on_progress(progress(40, [0.125]))  # after the end: nothing to show
    assert "40/100" not in screen.file.getvalue()


def test_one_bar_serves_several_runs():
    screen = console(terminal=True)
    bar = ProgressBar(screen)
    for step in (10, 20):
        bar.on_start(100)
        bar.on_progress(progress(step, [1.0]))
        bar.on_end(ENDED)
    assert "20/100" in screen.file.getvalue()


def test_it_never_stops_a_run():
    assert ProgressBar(console(terminal=False)).on_progress(progress(1, [1.0])) is None


def test_a_chunk_without_steps_has_no_loss():
    assert figures_of(progress(0, [])) == "0 steps/s"


@pytest.mark.parametrize(
    ("rate", "text"),
    [
        (0.5, "0.5 steps/s"),
        (999.0, "999 steps/s"),
        (4500.0, "4.5 ksteps/s"),
        (2.25e6, "2.25 Msteps/s"),
    ],
)
def test_rates_are_short(rate, text):
    assert rate_of(rate) == text


def test_it_is_registered_and_made_by_name():
    assert isinstance(px.observer("progress"), ProgressBar)
