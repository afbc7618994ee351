"""The figures of a 4DVar: Hovmöller diagrams, errors in time, and the cost by iteration."""

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from plugax import Solution

    from ._abstract_four_d_var import AbstractFourDVar

# Colours that colour-blind readers can distinguish (Okabe and Ito), and grey for the reference.
_BACKGROUND, _ANALYSIS, _OBSERVATIONS, _TOTAL = "#7a7a7a", "#d55e00", "#0072b2", "#c4c4c4"
_TIME = "time [model time units]"


def figures_of(problem: "AbstractFourDVar", solution: "Solution") -> dict[str, "Figure"]:
    """The figures by name: "hovmoller", "rmse" if the truth is known, and "cost"."""
    background, analysis = np.asarray(problem.trajectories(solution.unknowns))
    truth = None if problem.truth is None else np.asarray(problem.truth)
    figures = {"hovmoller": _hovmoller(problem, background, analysis, truth)}
    if truth is not None:
        figures["rmse"] = _rmse(problem, background - truth, analysis - truth)
    return figures | {"cost": _cost(solution)}


def _hovmoller(problem, background, analysis, truth) -> "Figure":
    """States and errors over variables (across) and time (up), each kind on one scale."""
    from matplotlib.colors import AsinhNorm
    from matplotlib.figure import Figure

    if truth is None:
        states = {"background": background, "analysis": analysis}
        errors = {"analysis − background": analysis - background}
    else:
        states = {"truth": truth, "background": background, "analysis": analysis}
        errors = {"background − truth": background - truth, "analysis − truth": analysis - truth}
    panels, split = len(states) + len(errors), len(states)
    figure = Figure(figsize=(2.1 * panels + 1, 5.0), layout="constrained")
    axes = figure.subplots(1, panels, sharex=True, sharey=True)
    largest = max(np.quantile(np.abs(field), 0.995) for field in errors.values()) or 1.0
    # Errors grow by orders of magnitude: linear near zero and logarithmic beyond shows them all.
    asinh = AsinhNorm(largest / 30, -largest, largest)
    ticks = [m * 10.0**k for k in range(-12, 13) for m in (1, 3)]
    ticks = [tick for tick in ticks if largest / 30 < tick <= largest]
    _paint(problem, axes[:split], states, "viridis", _norm(states))
    _paint(problem, axes[split:], errors, "RdBu_r", asinh)
    for some, label, places in (
        (axes[:split], "state [model units]", None),
        (
            axes[split:],
            "difference [model units]",
            [*(-tick for tick in reversed(ticks)), 0, *ticks],
        ),
    ):
        figure.colorbar(
            some[0].images[0],
            ax=list(some),
            location="bottom",
            label=label,
            ticks=places,
            format="{x:g}" if places else None,
            aspect=14 * len(some),
            pad=0.02,
            extend="both",
        ).minorticks_off()
    if problem.forecast_steps:
        _name_parts(axes[0], float(problem.dt) * problem.window_steps)
    axes[0].set_ylabel(_TIME)
    if problem.days_per_time_unit:
        _add_days(axes[-1].secondary_yaxis, "right", problem.days_per_time_unit)
    return figure


def _norm(fields):
    """A colour scale without the most extreme hundredth, which would make the rest look pale."""
    from matplotlib.colors import Normalize

    values = np.concatenate([field.ravel() for field in fields.values()])
    return Normalize(*np.quantile(values, (0.005, 0.995)))


def _paint(problem, axes, fields, colours, norm) -> None:
    """One image per field; the end of the window as a line."""
    dt, steps = float(problem.dt), problem.window_steps + problem.forecast_steps
    for axis, (name, field) in zip(axes, fields.items(), strict=True):
        axis.imshow(
            field,
            origin="lower",
            aspect="auto",
            interpolation="nearest",
            # Pixels are centred on their variable and time.
            extent=(-0.5, field.shape[1] - 0.5, -dt / 2, (steps + 0.5) * dt),
            cmap=colours,
            norm=norm,
        )
        axis.set_title(name, fontsize=10)
        axis.set_xlabel("variable")
        if problem.forecast_steps:
            axis.axhline(dt * problem.window_steps, color="black", linewidth=1, linestyle="--")


def _name_parts(axis, end: float) -> None:
    """The words for what lies below and above the end of the window."""
    box = {"boxstyle": "round,pad=0.15", "facecolor": "white", "edgecolor": "none", "alpha": 0.75}
    for text, height, side in (("forecast", 4, "bottom"), ("window", -4, "top")):
        axis.annotate(
            text,
            (0.03, end),
            (0, height),
            xycoords=("axes fraction", "data"),
            textcoords="offset points",
            va=side,
            fontsize=8,
            bbox=box,
        )


def _add_days(secondary_axis, side: str, days: float) -> None:
    """A second scale of time, in days."""
    other = secondary_axis(side, functions=(lambda time: time * days, lambda time: time / days))
    (other.set_ylabel if side == "right" else other.set_xlabel)("time [days]")


def _rmse(problem, background_error, analysis_error) -> "Figure":
    """Root-mean-square errors of the runs from background and analysis, in time."""
    from matplotlib.figure import Figure
    from matplotlib.ticker import LogLocator, NullFormatter

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
    observed = np.arange(problem.observe_every, problem.window_steps + 1, problem.observe_every)
    axis.plot(
        dt * observed,
        np.full(len(observed), 0.02),
        "|",
        color=_OBSERVATIONS,
        transform=axis.get_xaxis_transform(),
        label="observation times",
    )
    axis.set_yscale("log")
    axis.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axis.yaxis.set_major_formatter("{x:g}")
    axis.yaxis.set_minor_formatter(NullFormatter())
    axis.set_xlim(0, times[-1])
    axis.set_xlabel(_TIME)
    axis.set_ylabel("root-mean-square error [model units]")
    axis.grid(alpha=0.25, which="both", linewidth=0.5)
    if problem.days_per_time_unit:
        _add_days(axis.secondary_xaxis, "top", problem.days_per_time_unit)
    figure.legend(loc="outside lower center", ncols=4, frameon=False)
    return figure


def _cost(solution) -> "Figure":
    """The cost and its parts by iteration, the last one from the final metrics."""
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    figure = Figure(figsize=(6.4, 4.2), layout="constrained")
    axis = figure.subplots()
    history, metrics = solution.history, solution.metrics
    few = history.sizes["step"] <= 50
    for label, series, final, colour, width in (
        ("J, the sum", "loss", "cost", _TOTAL, 5),
        ("observations", "cost_observations", "cost_observations", _OBSERVATIONS, 1.5),
        ("background", "cost_background", "cost_background", _ANALYSIS, 1.5),
    ):
        if series not in history:
            continue
        values = np.append(np.asarray(history[series]), metrics.get(final, np.nan))
        values = np.where(values > 0, values, np.nan)  # the background part starts from 0
        marker = "o" if few and width < 5 else None
        axis.plot(values, color=colour, linewidth=width, marker=marker, markersize=4, label=label)
    if "cost" in metrics:
        half = metrics["cost"] / metrics["chi_squared_per_observation"]
        axis.axhline(half, color="black", linewidth=1, linestyle=":", label="observations / 2")
    axis.set_yscale("log")
    axis.set_xlabel("iteration")
    axis.set_ylabel("cost J")
    axis.xaxis.set_major_locator(MaxNLocator(integer=True))
    axis.grid(alpha=0.25, which="both", linewidth=0.5)
    axis.legend(frameon=False)
    return figure
