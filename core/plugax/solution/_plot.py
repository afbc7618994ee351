"""The figures of a run, as `plot` returns them."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..display import Figures, discard
from ..errors import PlugaxError, UnknownNameError, did_you_mean
from ._history_figure import history_figure, is_curve


def plot(
    drawn: dict[str, Any],
    series: Mapping[str, np.ndarray],
    evaluations: Mapping[str, np.ndarray],
    name: str | None,
    *,
    every: int,
    sweep: tuple[int, ...] = (),
) -> Figures:
    """All figures of a run; or one of them, its history, or the curve of one metric.

    Arguments:
        drawn: the figures of the run by name.
        series: the metrics of every step by name, `(*sweep, steps, …)`.
        evaluations: the evaluations during the run by name, and their steps as `step`.
        name: the name of the one to show; None for all that are drawn.
        every: steps from one row of the series to the next.
        sweep: the shape of the sweep, if the run is that of a population.

    Errors: `PlugaxError` if there is nothing to draw, `UnknownNameError` if nothing of that name.
    """
    if name is None:
        if not drawn:
            raise PlugaxError("There is nothing to draw: no metric of the steps is a number.")
        return Figures(drawn)
    others = {key: figure for key, figure in drawn.items() if key != name}
    discard(others.values())
    if name in drawn:
        return Figures({name: drawn[name]})

    def chosen(metrics: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        return {k: v for k, v in metrics.items() if name in (k, "history") or k == "step"}

    curve = history_figure(chosen(series), chosen(evaluations), every=every, sweep=sweep)
    if curve is not None:
        return Figures({name: curve})
    axes = 1 + len(sweep)
    numbers = {k for k, v in {**series, **evaluations}.items() if is_curve(v, axes)}
    numbers -= {"step"}
    known = [*drawn, *(["history"] if numbers else []), *sorted(numbers)]
    known = list(dict.fromkeys(known))
    raise UnknownNameError(
        f"There is no figure or metric {name!r}.{did_you_mean(name, known)} There are: "
        f"{', '.join(known) or 'none'}."
    )
