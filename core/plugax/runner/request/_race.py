"""Racing: the members of a population that lag behind stop early, or go on from others.

Of R steps, rungs lie after R/ηᴷ, …, R/η², R/η. *Successive halving* stops all but the best 1/η of
the members at every rung, so all rungs together take about (K + 1) R N / ηᴷ steps instead of R N.
*Hyperband* hedges against a figure that says little at first: it deals the members into brackets,
of which bracket s has its first rung after R/ηˢ, and runs successive halving in each.

A member that stops takes no further step, and the others take its place in the blocks of the
program; nothing is compiled again. What a member computes does not depend on the others: it is,
bit for bit, that of the same sweep without a race.

*Population-based training* stops no member; see `_generation.py`. Its rungs are evenly spaced.

Source: Jamieson and Talwalkar 2016, arXiv 1502.07943; Li et al. 2018, arXiv 1603.06560.
"""

import dataclasses
import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Int

from ...errors import PlugaxError, did_you_mean, unexpected

KINDS = ("halving", "hyperband", "population")
USUAL_RUNGS = 10  # of population-based training


@dataclasses.dataclass(frozen=True)
class Race:
    """Which members stop early, or go on from others, and when.

    Arguments:
        kind: `"halving"` or `"hyperband"`; or `"population"` for population-based training, in
            which the worst members go on from the best, with other options.
        eta: the factor η by which a rung reduces the members; in population-based training, the
            worst 1/η go on from the best 1/η.
        rungs: the number K of rungs before the last step; by default as many as leave a member, or
            a step; in population-based training 10, or as many as there are steps between.
        by: the figure of merit: `"loss"`, of the last step before a rung, or a
            scalar of `problem.evaluate`.
        largest: whether the largest figure is the best, as of an accuracy.

    Errors: `PlugaxError` if one of these is invalid.
    """

    kind: str = "halving"
    eta: int = 4
    rungs: int | None = None
    by: str = "loss"
    largest: bool = False

    def __post_init__(self):
        """Check the arguments."""
        if self.kind not in KINDS:
            known = f"A race is {', '.join(map(repr, KINDS[:-1]))} or {KINDS[-1]!r}, that is"
            raise PlugaxError(f"{unexpected(known, self.kind, KINDS)}.")
        if isinstance(self.eta, bool) or not isinstance(self.eta, int) or self.eta < 2:
            raise PlugaxError(f"eta must be a whole number, at least 2; got {self.eta!r}.")
        if self.rungs is not None and (not isinstance(self.rungs, int) or self.rungs < 1):
            raise PlugaxError(f"rungs must be a whole number, at least 1; got {self.rungs!r}.")

    @property
    def stops(self) -> bool:
        """Whether members stop early; in population-based training they go on from others."""
        return self.kind != "population"

    @property
    def asked(self) -> dict[str, Any]:
        """As plain data, for the provenance of a run."""
        return dataclasses.asdict(self)

    def steps(self, most: int, members: int) -> tuple[int, ...]:
        """The steps after which members are judged, in order.

        Errors: `PlugaxError` if so many rungs do not fit.
        """
        if not self.stops:
            return self._evenly(most, members)
        fit = int(math.log(min(most, members)) / math.log(self.eta) + 1e-9)
        count = fit if self.rungs is None else self.rungs
        if not 1 <= count <= fit:
            raise PlugaxError(
                f"A race of {members} members over {most} steps has {fit or 'no'} "
                f"rung{'s' * (fit != 1)} with eta={self.eta}; got rungs={self.rungs}. Take more "
                "members or steps, a smaller eta, or no race."
            )
        return tuple(math.ceil(most / self.eta**power) for power in range(count, 0, -1))

    def _evenly(self, most: int, members: int) -> tuple[int, ...]:
        """The rungs of population-based training, which divide the steps evenly."""
        count = min(USUAL_RUNGS, most - 1) if self.rungs is None else self.rungs
        if members < self.eta or not 1 <= count < most:
            raise PlugaxError(
                f"Population-based training with eta={self.eta} needs {self.eta} members or more, "
                f"and a step between two rungs; got {members} members and {count} rungs over "
                f"{most} steps. Take more members or steps, a smaller eta, or no race."
            )
        return tuple(math.ceil(most * rung / (count + 1)) for rung in range(1, count + 1))

    def brackets(self, rungs: int, members: int, seed: int) -> Int[np.ndarray, " members"]:
        """For every member, the number of the rung at which it is first judged.

        Hyperband's brackets s = 0, …, K have sizes in proportion to ηˢ / (s + 1), which gives all
        about the same number of steps; members are dealt into them at random.
        """
        if self.kind == "halving":
            return np.zeros(members, int)
        weights = np.array([self.eta**s / (s + 1) for s in range(rungs, -1, -1)])
        ends = np.round(np.cumsum(weights) / weights.sum() * members).astype(int)
        dealt = np.random.default_rng(seed).permutation(members)
        first = np.empty(members, int)
        first[dealt] = np.searchsorted(ends, np.arange(members), side="right")
        return first

    def stopped(
        self,
        rung: int,
        brackets: Int[np.ndarray, " members"],
        racing: Bool[np.ndarray, " members"],
        merit: Float[np.ndarray, " members"],
    ) -> Bool[np.ndarray, " members"]:
        """The members that stop at a rung; of equal ones the first stay.

        Arguments:
            rung: its number, from 0 on.
            brackets: where each member is first judged.
            racing: the members that have neither failed nor been stopped.
            merit: their figures of merit; one that is not finite is the worst.
        """
        stop = np.zeros(racing.shape, bool)
        for bracket in range(rung + 1):
            own = np.flatnonzero(racing & (brackets == bracket))
            kept = -(-int((brackets == bracket).sum()) // self.eta ** (rung - bracket + 1))
            ranked = own[
                np.argsort(np.where(np.isfinite(merit[own]), merit[own], np.inf), kind="stable")
            ]
            stop[ranked[kept:]] = True
        return stop

    def checked(self, metrics: Mapping[str, Any], members: int) -> np.ndarray:
        """The figure of merit among the results of `problem.evaluate`.

        Errors: `PlugaxError` if it is not there, or not one number for every member.
        """
        shape = (members,)
        known = ["loss", *(name for name, value in metrics.items() if np.shape(value) == shape)]
        if self.by not in known:
            raise PlugaxError(
                f"There is no figure {self.by!r} to race by; there are {', '.join(known)}."
                f"{did_you_mean(self.by, known)}"
            )
        return np.asarray(metrics[self.by]) * (-1 if self.largest else 1)


def race_of(given: "Race | str | None") -> Race | None:
    """The race of this name, or as it is given."""
    return Race(given) if isinstance(given, str) else given
