"""The figures of a 4DVar: Hovmöller diagrams, errors in time, and the cost by iteration."""

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from plugax import Solution

    from ._four_d_var import AbstractFourDVar

# Colours that stay apart for colour-blind eyes (Okabe and Ito), and grey for what is compared with.
_BACKGROUND, _ANALYSIS, _OBSERVATIONS, _TOTAL = "#7a7a7a", "#d55e00", "#0072b2", "#1a1a1a"
_TIME = "time [model time units]"


def figures_of(problem: "AbstractFourDVar", solution: "Solution") -> dict[str, "Figure"]:
    """The figures by name: "hovmoller", "rmse" where the truth is known, and "cost"."""
    background, analysis = np.asarray(problem.trajectories(solution.unknowns))
    truth = None if problem.truth is None else np.asarray(problem.truth)
    figures = {"hovmoller": _hovmoller(problem, background, analysis, truth)}
    if truth is not None:
        figures["rmse"] = _rmse(problem, background - truth, analysis - truth)
    return figures | {"cost": _cost(problem, solution)}


def _hovmoller(problem, background, analysis, truth) -> "Figure":
    """States and errors over variables (across) and time (up), each kind on one scale."""
    from matplotlib.figure import Figure

    if truth is None:
        states = {"background": background, "analysis": analysis}
        errors = {"analysis − background": analysis - background}
    else:
        states = {"truth": truth, "background": background, "analysis": analysis}
        errors = {"background − truth": background - truth, "analysis − truth": analysis - truth}
    panels = len(states) + len(errors)
    figure = Figure(figsize=(2.1 * panels + 1.8, 4.6), layout="constrained")
    axes = figure.subplots(1, panels, sharex=True, sharey=True)
    images = _paint(problem, axes[: len(states)], states, "viridis", _range(states))
    label = "state [model units]"
    figure.colorbar(images, ax=list(axes[: len(states)]), label=label, pad=0.02, aspect=30)
    largest = np.abs(_range(errors)).max()
    images = _paint(problem, axes[len(states) :], errors, "RdBu_r", (-largest, largest))
    bar = figure.colorbar(images, ax=list(axes[len(states) :]), pad=0.02, aspect=30)
    bar.set_label("difference [model units]")
    axes[0].set_ylabel(_TIME)
    if problem.forecast_steps:
        end = float(problem.dt) * problem.window_steps
        box = {"boxstyle": "round,pad=0.2", "facecolor": "white", "edgecolor": "none", "alpha": 0.8}
        for height, text, side in ((4, "forecast", "bottom"), (-4, "window", "top")):
            axes[0].annotate(
                text,
                (0.04, end),
                (0, height),
                xycoords=("axes fraction", "data"),
                textcoords="offset points",
                va=side,
                fontsize=8,
                bbox=box,
            )
    if problem.days_per_time_unit:
        _add_days(axes[0], problem.days_per_time_unit, "left")
    return figure


def _range(fields: dict[str, np.ndarray]) -> tuple[float, float]:
    """The range of colours: all but the outermost hundredth, which would wash out the rest."""
    values = np.concatenate([field.ravel() for field in fields.values()])
    return tuple(np.quantile(values, (0.005, 0.995)))


def _paint(problem, axes, fields, colours, limits) -> Any:
    """One image a field; the end of the window as a line."""
    dt, steps = float(problem.dt), problem.window_steps + problem.forecast_steps
    image = None
    for axis, (name, field) in zip(axes, fields.items(), strict=True):
        image = axis.imshow(
            field,
            origin="lower",
            aspect="auto",
            interpolation="nearest",
            # Pixels are centred on their variable and time.
            extent=(-0.5, field.shape[1] - 0.5, -dt / 2, (steps + 0.5) * dt),
            cmap=colours,
            vmin=limits[0],
            vmax=limits[1],
        )
        axis.set_title(name, fontsize=10)
        axis.set_xlabel("variable")
        if problem.forecast_steps:
            axis.axhline(dt * problem.window_steps, color="black", linewidth=1, linestyle="--")
    return image


def _add_days(axis, days: float, side: str) -> None:
    """A second scale of time, in days: beside the first one, or above the figure."""
    functions = (lambda time: time * days, lambda time: time / days)
    if side == "left":
        other = axis.secondary_yaxis(-0.42, functions=functions)
        other.set_ylabel("time [days]")
    else:
        other = axis.secondary_xaxis("top", functions=functions)
        other.set_xlabel("time [days]")


def _rmse(problem, background_error, analysis_error) -> "Figure":
    """Root-mean-square errors of the runs from background and analysis, in time."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.4, 4.2), layout="constrained")
    axis = figure.subplots()
    dt = float(problem.dt)
    times = dt * np.arange(len(background_error))
    end = dt * problem.window_steps
    axis.axvspan(0, end, color=_OBSERVATIONS, alpha=0.08, linewidth=0, label="window")
    for name, error, colour in (
        ("background", background_error, _BACKGROUND),
        ("analysis", analysis_error, _ANALYSIS),
    ):
        rmse = np.sqrt(np.mean(error**2, axis=1))
        axis.plot(times, rmse, color=colour, linewidth=2, label=name)
    observed = dt * np.arange(problem.observe_every, problem.window_steps + 1, problem.observe_every)
    axis.plot(
        observed,
        np.full(len(observed), 0.02),
        "|",
        color=_OBSERVATIONS,
        transform=axis.get_xaxis_transform(),
        label="observation times",
    )
    axis.set_yscale("log")
    axis.set_xlim(0, times[-1])
    axis.set_xlabel(_TIME)
    axis.set_ylabel("root-mean-square error [model units]")
    axis.grid(alpha=0.25, which="both", linewidth=0.5)
    if problem.days_per_time_unit:
        _add_days(axis, problem.days_per_time_unit, "top")
    figure.legend(loc="outside lower center", ncols=4, frameon=False)
    return figure


def _cost(problem, solution) -> "Figure":
    """The cost and its parts by iteration, the last one from the final metrics."""
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    figure = Figure(figsize=(6.4, 4.2), layout="constrained")
    axis = figure.subplots()
    history, metrics = solution.history, solution.metrics
    few = history.sizes["step"] <= 50
    for label, series, final, colour in (
        ("J", "loss", "cost", _TOTAL),
        ("J of the observations", "cost_observations", "cost_observations", _OBSERVATIONS),
        ("J of the background", "cost_background", "cost_background", _ANALYSIS),
    ):
        if series not in history:
            continue
        values = np.append(np.asarray(history[series]), float(metrics[final]))
        values = np.where(values > 0, values, np.nan)  # the background part starts from 0
        axis.plot(values, "o-" if few else "-", color=colour, markersize=4, label=label)
    expected = problem.observations.size / 2
    axis.axhline(expected, color="black", linewidth=1, linestyle=":")
    axis.annotate(
        "half the number of observations",
        (1, expected),
        (-4, 3),
        xycoords=("axes fraction", "data"),
        textcoords="offset points",
        ha="right",
        fontsize=8,
    )
    axis.set_yscale("log")
    axis.set_xlabel("iteration")
    axis.set_ylabel("cost")
    axis.xaxis.set_major_locator(MaxNLocator(integer=True))
    axis.grid(alpha=0.25, which="both", linewidth=0.5)
    axis.legend(frameon=False)
    return figure
