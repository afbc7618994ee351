"""The results of a sweep over options that need a program each: a population for every choice."""

import dataclasses
import os
import pathlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from ..display import Figures
from ..errors import PlugaxError
from ._population import Population
from ._solution import Solution
from ._status import Status, overall
from ._sweep_figure import sweep_figure
from ._table import Table

SWEEP = "sweep.json"
"""The file that lists the populations of a sweep, and all that is needed to make them."""


@dataclasses.dataclass(frozen=True, repr=False)
class Populations(Sequence[Population]):
    """One population for every choice of the options, in the order in which they were asked for.

    What differs between members of one population are arrays; what differs between populations are
    options that decide how a program looks, such as the name of an optimizer.

    Attributes:
        groups: the populations.
        options: the values of the options, by name, for every population.
        missing: the values for which there is no population yet, because of an interrupt.
        directory: where the sweep is saved, each population in a directory of its own; or None.
    """

    groups: tuple[Population, ...]
    options: tuple[dict[str, Any], ...]
    missing: tuple[dict[str, Any], ...] = ()
    directory: pathlib.Path | None = None

    def __getitem__(self, place: Any) -> Any:
        """The population at a position."""
        return self.groups[place]

    def __len__(self) -> int:
        """The number of populations."""
        return len(self.groups)

    def __iter__(self) -> Iterator[Population]:
        """The populations in order."""
        return iter(self.groups)

    def select(self, **chosen: Any) -> Population:
        """The population with these values of the options; dots are written as two underscores.

        Errors: `PlugaxError` if it is not exactly one.
        """
        wanted = {name.replace("__", "."): value for name, value in chosen.items()}
        found = [
            group
            for group, options in zip(self.groups, self.options, strict=True)
            if all(name in options and options[name] == value for name, value in wanted.items())
        ]
        if len(found) != 1:
            raise PlugaxError(
                f"{wanted} must choose one population; it chooses {len(found)} of "
                f"{', '.join(map(str, self.options))}."
            )
        return found[0]

    @property
    def status(self) -> np.ndarray:
        """The status of every member, one population after the other."""
        return np.concatenate([group.status.ravel() for group in self.groups])

    @property
    def success(self) -> np.ndarray:
        """Which members were successful."""
        return np.concatenate([group.success.ravel() for group in self.groups])

    @property
    def steps(self) -> np.ndarray:
        """Every member's number of steps."""
        return np.concatenate([group.steps.ravel() for group in self.groups])

    @property
    def compile_seconds(self) -> float:
        """Time in calls that traced and compiled, all populations together."""
        return sum(group.compile_seconds for group in self.groups)

    @property
    def run_seconds(self) -> float:
        """Time in the steps, all populations together."""
        return sum(group.run_seconds for group in self.groups)

    @property
    def provenance(self) -> dict[str, Any]:
        """Versions, device, precision and options of the first population."""
        return self.groups[0].provenance

    @property
    def unsaved(self) -> str | None:
        """Why a population could not be saved; None if all were, or there was no `out`."""
        return next((group.unsaved for group in self.groups if group.unsaved), None)

    @property
    def values(self) -> dict[str, np.ndarray]:
        """The values of options and arrays by name, for every member."""
        columns = [
            {name: np.full(group.status.size, value) for name, value in options.items()}
            | group.values
            for group, options in zip(self.groups, self.options, strict=True)
        ]
        return {name: np.concatenate([one[name] for one in columns]) for name in columns[0]}

    @property
    def names(self) -> np.ndarray:
        """The names of the members' statuses."""
        return np.concatenate([group.names.ravel() for group in self.groups])

    @property
    def main_figure(self) -> str:
        """The figure of merit that is drawn, as of `Population`."""
        return self.groups[0].main_figure

    def figure_of_merit(self, by: str = "loss", *, largest: bool = False) -> np.ndarray:
        """The figure of merit of every member, as of `Population`."""
        told = {"largest": largest}
        return np.concatenate([group.figure_of_merit(by, **told).ravel() for group in self.groups])

    def best(self, by: str = "loss", *, largest: bool = False) -> Solution:
        """The best member of all populations, as `Population.best`.

        Errors: `PlugaxError` if there is no such figure, or none is finite.
        """
        figures = self.figure_of_merit(by, largest=largest)
        if not (pruned := self.names == "pruned").all():
            figures = np.where(pruned, np.inf, figures)
        ends = np.cumsum([group.status.size for group in self.groups])
        place = int(np.searchsorted(ends, int(figures.argmin()), side="right"))
        best = self.groups[place].best(by, largest=largest)
        return dataclasses.replace(best, coordinates=self.options[place] | dict(best.coordinates))

    def overall(self) -> Status:
        """How the members ended, in one status: the name is that of the first failure, if any."""
        return overall(self.status.tolist())

    def tables(self) -> tuple[Table, ...]:
        """The tables of the populations, each with its options as the title."""
        return tuple(
            dataclasses.replace(group.tables()[0], title=_told(options))
            for group, options in zip(self.groups, self.options, strict=True)
        )

    def figures(self) -> dict[str, Any]:
        """The figure `sweep`, of all members, and the history of every population."""
        drawn = {
            f"history {_told(options)}": group.figures().get("history")
            for group, options in zip(self.groups, self.options, strict=True)
        }
        name = self.groups[0].main_figure
        whole = {"sweep": sweep_figure(self.values, self.figure_of_merit(name), name)}
        return {name: figure for name, figure in (whole | drawn).items() if figure is not None}

    def plot(self) -> Figures:
        """All figures."""
        return Figures(self.figures())

    def save(self, path: str | os.PathLike) -> None:
        """Write every population into a directory of its own below `path`.

        Errors: `OSError` if the files cannot be written.
        """
        for group, options in zip(self.groups, self.options, strict=True):
            group.save(pathlib.Path(path) / directory_of(options))

    def __repr__(self) -> str:
        groups = zip(self.options, self.groups, strict=True)
        return "\n\n".join(f"{_told(options)}\n{group!r}" for options, group in groups)


def directory_of(options: Mapping[str, Any]) -> str:
    """The name of the directory in which the population with these options is saved."""
    told = ",".join(f"{name}={value}" for name, value in options.items())
    return "".join(c if c.isalnum() or c in "=,.-_" else "_" for c in told)


def _told(options: Mapping[str, Any]) -> str:
    return ", ".join(f"{name}={value}" for name, value in options.items())
