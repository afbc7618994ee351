"""Which differences between solvers are settled, however often one looks at them.

The differences d of two solvers, one for every seed, have the mean m. With their t-statistic t for
the mean m, of ν = n − 1 degrees of freedom,

    E_n(m) = (1 + n g)^(−½) [(1 + t²/ν) / (1 + t²/(ν (1 + n g)))]^(n/2)

is the likelihood of t if the effect (d's mean in its standard deviations) is drawn from N(0, g),
over that without an effect. For normal differences it is a martingale under the true m, whatever
their variance. So the probability that it *ever* exceeds 1/α is at most α, and the m with
E_n(m) < 1/α are a confidence sequence: an interval that holds for all n at once, and that one may
look at after every batch of seeds, to stop when it leaves out zero. A t-test would not allow that:
looked at often enough, it finds a difference where there is none.

Of k pairs each is tested at α/k (Bonferroni), so the level is that of the whole ranking.

Source: Wang and Ramdas 2023, Anytime-valid t-tests and confidence sequences for Gaussian means with
unknown variance, doi 10.48550/arXiv.2310.03722; the idea: Lai 1976, On confidence sequences, doi
10.1214/aos/1176343406.
"""

import dataclasses
import itertools
import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from jaxtyping import Float

EFFECT = 1.0  # g: differences of about one standard deviation are found soonest
LOWER, HIGHER, SAME, TIE, NONE = "lower", "higher", "same", "tie", "not comparable"


def confidence_interval(differences: Float[np.ndarray, " n"], level: float) -> tuple[float, float]:
    """An interval for the mean that holds for all n at once, with at least this probability.

    Law: for independent normal differences of mean m, the intervals of all first n of them contain
    m, with a probability of at least `level`.

    Arguments:
        differences: one for every seed.
        level: the probability.

    Returns:
        its ends in the unit of the differences; infinite as long as nothing is known, as for one
        difference.
    """
    n = len(differences)
    if n < 2:
        return -math.inf, math.inf
    mean, deviation = float(np.mean(differences)), float(np.std(differences, ddof=1))
    wide = 1 + n * EFFECT
    ratio = math.exp(2 / n * (math.log(wide) / 2 - math.log1p(-level)))
    if ratio >= wide:
        return -math.inf, math.inf
    square = (n - 1) * (ratio - 1) / (1 - ratio / wide)  # t² at the ends
    half = deviation * math.sqrt(square / n)
    return mean - half, mean + half


@dataclasses.dataclass(frozen=True)
class Pair:
    """Two solvers by one metric.

    Attributes:
        one: the label of the first.
        other: the label of the second.
        seeds: the number of seeds at which both have a finite score.
        difference: the mean difference, one minus other.
        low: the lower end of its interval, at the level of the pair.
        high: the upper end.
    """

    one: str
    other: str
    seeds: int
    difference: float
    low: float
    high: float

    @property
    def outcome(self) -> str:
        """How `one` is to `other`: lower, higher, same, a tie so far, or not comparable."""
        if not self.seeds:
            return NONE
        if self.high < 0:
            return LOWER
        if self.low > 0:
            return HIGHER
        return SAME if self.low == self.high == 0 else TIE


@dataclasses.dataclass(frozen=True)
class Decision:
    """What is settled between the solvers of a comparison.

    Attributes:
        metric: the metric that decides.
        level: the probability that nothing that is called settled is wrong.
        seeds: the number of seeds.
        ranking: the labels by the mean of the metric, lowest first.
        pairs: every pair of them.
    """

    metric: str
    level: float
    seeds: int
    ranking: tuple[str, ...]
    pairs: tuple[Pair, ...]

    @property
    def settled(self) -> bool:
        """Whether no pair is a tie."""
        return not self.ties

    @property
    def ties(self) -> tuple[Pair, ...]:
        """The pairs that more seeds could settle."""
        return tuple(pair for pair in self.pairs if pair.outcome == TIE)

    def __str__(self) -> str:
        relations = {frozenset((p.one, p.other)): p.outcome for p in self.pairs}
        signs = {LOWER: "<", HIGHER: "<", SAME: "=", TIE: "≈", NONE: "?"}
        order = self.ranking[0] if self.ranking else ""
        for left, right in itertools.pairwise(self.ranking):
            order += f" {signs[relations[frozenset((left, right))]]} {right}"
        seeds = f"{self.seeds} seeds"
        if self.settled:
            return f"Settled by {self.metric} at {self.level:.4g} after {seeds}: {order}."
        ties = "; ".join(
            f"{pair.one} and {pair.other} (difference {pair.difference:.3g}, between "
            f"{pair.low:.3g} and {pair.high:.3g})"
            for pair in self.ties
        )
        return f"By {self.metric} at {self.level:.4g} after {seeds}: {order}. A tie so far: {ties}."

    def as_plain(self) -> dict[str, Any]:
        """The decision as dictionaries and lists."""
        pairs = [dataclasses.asdict(pair) | {"outcome": pair.outcome} for pair in self.pairs]
        plain = {"metric": self.metric, "level": self.level, "settled": self.settled}
        return plain | {"ranking": list(self.ranking), "pairs": pairs}


def decide(
    scores: Mapping[str, Float[np.ndarray, " seeds"]], metric: str, level: float
) -> Decision:
    """What the scores so far settle.

    Arguments:
        scores: for every label, one score for every seed, in the same order; NaN if there is none.
        metric: the name of the metric.
        level: the probability that nothing that is called settled is wrong.
    """
    couples = list(itertools.combinations(scores, 2))
    own = 1 - (1 - level) / max(len(couples), 1)
    pairs = tuple(_pair(one, other, scores[one], scores[other], own) for one, other in couples)
    means = {label: _mean(values) for label, values in scores.items()}
    ranking = sorted(scores, key=lambda label: (math.isnan(means[label]), means[label]))
    count = max((len(values) for values in scores.values()), default=0)
    return Decision(metric, level, count, tuple(ranking), pairs)


def _pair(
    one: str,
    other: str,
    first: Float[np.ndarray, " seeds"],
    second: Float[np.ndarray, " seeds"],
    level: float,
) -> Pair:
    differences = np.asarray(first, float) - np.asarray(second, float)
    differences = differences[np.isfinite(differences)]
    if not differences.size:
        return Pair(one, other, 0, math.nan, -math.inf, math.inf)
    low, high = confidence_interval(differences, level)
    if differences.size > 1 and not differences.any():
        low = high = 0.0
    return Pair(one, other, differences.size, float(differences.mean()), low, high)


def _mean(values: Float[np.ndarray, " seeds"]) -> float:
    finite = np.asarray(values, float)[np.isfinite(values)]
    return float(finite.mean()) if finite.size else math.nan
