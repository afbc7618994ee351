"""The figures of a hidden Markov model."""

from typing import TYPE_CHECKING, Any

import matplotlib
import numpy as np
from jaxtyping import Bool, Float, Int
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

if TYPE_CHECKING:
    from plugax import Solution

    from ._hidden_markov_model import HiddenMarkovModel

MOST_COLUMNS = 4


def figures(problem: "HiddenMarkovModel", solution: "Solution") -> dict[str, Any]:
    """`states`, the data with their states; `transition`; `durations`.

    If there are several sequences, `states` shows the longest.

    Arguments:
        problem: the model.
        solution: its solution.
    """
    found = problem.predict(solution)
    rows = np.asarray(problem.table_rows)
    within = np.asarray(problem.within)
    return {
        "states": _states(problem, found.path, found.probabilities, rows, within),
        "transition": _transition(np.asarray(solution.metrics["transition"], float)),
        "durations": _durations(
            np.asarray(solution.metrics["transition"], float), _paths(found.path, rows, within)
        ),
    }


def _paths(
    path: Int[np.ndarray, " rows"],
    rows: Int[np.ndarray, "sequences times"],
    within: Bool[np.ndarray, "sequences times"],
) -> list[Int[np.ndarray, " times"]]:
    return [path[own[inside]] for own, inside in zip(rows, within, strict=True)]


def _colours(states: int) -> list[Any]:
    palette = matplotlib.colormaps["tab10" if states <= 10 else "turbo"]
    return [palette(k if states <= 10 else k / (states - 1)) for k in range(states)]


def _states(
    problem: "HiddenMarkovModel",
    path: Int[np.ndarray, " rows"],
    probabilities: Float[np.ndarray, "rows states"],
    rows: Int[np.ndarray, "sequences times"],
    within: Bool[np.ndarray, "sequences times"],
) -> Figure:
    """The data of a sequence, coloured by the most probable path, above the probabilities."""
    which = int(within.sum(axis=1).argmax())
    own = rows[which][within[which]]
    names = problem.emission.columns[:MOST_COLUMNS]
    values = problem.emission.shown(which)[: len(own), : len(names)]
    colours = _colours(problem.states)
    figure = Figure(figsize=(8, 1.6 * len(names) + 2), layout="constrained")
    *panels, last = figure.subplots(len(names) + 1, 1, sharex=True, squeeze=False)[:, 0]
    times = np.arange(len(own)) + 1 + problem.emission.order
    for axes, name, column in zip(panels, names, values.T, strict=True):
        _bands(axes, times, path[own], colours)
        axes.plot(times, column, ".-", color="0.2", linewidth=0.8, markersize=3)
        axes.set_ylabel(name)
    last.stackplot(times, probabilities[own].T, colors=colours, alpha=0.6)
    last.set(xlabel="time [rows]", ylabel="probability", ylim=(0, 1))
    handles = [
        Patch(color=colour, alpha=0.6, label=f"state {k + 1}") for k, colour in enumerate(colours)
    ]
    figure.legend(handles=handles, loc="outside right upper", frameon=False)
    name = problem.names[which]
    panels[0].set_title("most probable states" + f" of {name}" * bool(name))
    return figure


def _bands(
    axes: Axes, times: Int[np.ndarray, " t"], path: Int[np.ndarray, " t"], colours: list[Any]
) -> None:
    """A coloured background for every stay in a state."""
    starts = np.flatnonzero(np.diff(path, prepend=-1))
    for start, end in zip(starts, [*starts[1:], len(path)], strict=True):
        colour = colours[path[start] - 1]
        axes.axvspan(times[start] - 0.5, times[end - 1] + 0.5, color=colour, alpha=0.3, lw=0)


def _transition(matrix: Float[np.ndarray, "states states"]) -> Figure:
    figure = Figure(figsize=(5, 4), layout="constrained")
    axes = figure.subplots()
    numbers = np.arange(1, len(matrix) + 1)
    image = axes.imshow(matrix, vmin=0, vmax=1, cmap="Blues")
    if len(matrix) <= 8:
        for (i, j), value in np.ndenumerate(matrix):
            colour = "white" if value > 0.6 else "black"
            axes.text(j, i, f"{value:.3f}", ha="center", va="center", color=colour)
    axes.set_xticks(numbers - 1, [str(n) for n in numbers])
    axes.set_yticks(numbers - 1, [str(n) for n in numbers])
    axes.set(xlabel="to state", ylabel="from state", title="transition probabilities")
    figure.colorbar(image, ax=axes, label="probability")
    return figure


def _durations(
    matrix: Float[np.ndarray, "states states"], paths: list[Int[np.ndarray, " times"]]
) -> Figure:
    """How long stays in each state last on the most probable path, and by the model."""
    states = len(matrix)
    figure = Figure(figsize=(8, 1.8 * states), layout="constrained")
    panels = figure.subplots(states, 1, sharex=True, squeeze=False)[:, 0]
    stays = _stays(paths)
    longest = max(length for _, length in stays)
    lengths = np.arange(1, longest + 1)
    for k, (axes, colour) in enumerate(zip(panels, _colours(states), strict=True)):
        own = [length for state, length in stays if state == k + 1]
        shares = np.bincount(own, minlength=longest + 1)[1:] / max(len(own), 1)
        axes.bar(lengths, shares, color=colour, alpha=0.5, label=f"state {k + 1}, {len(own)} stays")
        stay = matrix[k, k]
        axes.plot(lengths, stay ** (lengths - 1) * (1 - stay), "k.-", ms=3, lw=0.8, label="model")
        axes.set(ylabel="share of stays")
        axes.legend(frameon=False)
    panels[-1].set_xlabel("length of a stay [rows]")
    return figure


def _stays(paths: list[Int[np.ndarray, " times"]]) -> list[tuple[int, int]]:
    """The state and the length of every stay."""
    found = []
    for path in paths:
        starts = np.flatnonzero(np.diff(path, prepend=-1))
        ends = [*starts[1:], len(path)]
        found += [(int(path[s]), int(e - s)) for s, e in zip(starts, ends, strict=True)]
    return found
