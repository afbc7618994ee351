"""Seeds are added to a comparison, a batch at a time, until the ranking is settled."""

import dataclasses
from collections.abc import Callable, Iterator

import numpy as np

from ..errors import PlugaxError
from ._comparison import Comparison, Row, label_of
from ._decision import decide

FIRST_SEEDS = 16
"""The seeds of a batch by default: enough for differences that are not normal, but skewed."""

Batch = Callable[[tuple[int, ...]], list[Row]]
"""All rows on further seeds."""


def check_decidable(rows: int, batch: int, level: float | int, most_seeds: int) -> None:
    """Raise `PlugaxError` unless there is something to decide, and seeds to do so."""
    if rows < 2:
        raise PlugaxError(
            "A ranking needs two solvers or more, or two values of an option; got one row."
        )
    if isinstance(level, bool) or not isinstance(level, float | int) or not 0 < level < 1:
        raise PlugaxError(f"level must be a probability between 0 and 1; got {level!r}.")
    whole = isinstance(most_seeds, int | np.integer) and not isinstance(most_seeds, bool)
    if not whole or most_seeds < batch:
        raise PlugaxError(
            "most_seeds must be a whole number, at least that of the seeds to begin with, "
            f"{batch}; got {most_seeds!r}."
        )


def decided(
    comparison: Comparison, batch: Batch, level: float, most_seeds: int
) -> Iterator[Comparison]:
    """The comparison with what is settled, again with every batch of seeds, until all is.

    Arguments:
        comparison: the comparison with its first seeds.
        batch: runs all rows on further seeds.
        level: the probability that nothing that is called settled is wrong.
        most_seeds: the number of seeds that is not exceeded.
    """
    count = len(comparison.seeds)
    while True:
        comparison = _with_decision(comparison, level)
        yield comparison
        decision = comparison.decision
        if decision is None or decision.settled or len(comparison.seeds) + count > most_seeds:
            return
        begin = max(comparison.seeds) + 1
        seeds = tuple(range(begin, begin + count))
        try:
            rows = batch(seeds)
            broken_off = any(s.name == "interrupted" for row in rows for s in row.statuses)
        except KeyboardInterrupt:
            rows, broken_off = [], True
        if broken_off:
            yield dataclasses.replace(comparison, missing=(f"the seeds from {begin} on",))
            return
        joined = tuple(_joined(*pair) for pair in zip(comparison.rows, rows, strict=True))
        comparison = dataclasses.replace(comparison, rows=joined, seeds=(*comparison.seeds, *seeds))


def _with_decision(comparison: Comparison, level: float) -> Comparison:
    """The comparison with what its seeds settle; unchanged if there is no metric to decide by."""
    metric = next(iter(comparison.metrics), "")
    scores = {
        label_of(comparison, row): row.scores[metric]
        for row in comparison.rows
        if metric in row.scores
    }
    if len(scores) < 2:
        return comparison
    return dataclasses.replace(comparison, decision=decide(scores, metric, level))


def _joined(row: Row, more: Row) -> Row:
    """A row with further seeds."""
    if row.error is not None or more.error is not None:
        return row if row.error is not None else more
    counts = np.asarray([row.steps.sum(), more.steps.sum()])
    times = np.asarray([row.seconds_per_step, more.seconds_per_step])
    run = counts > 0
    return dataclasses.replace(
        row,
        scores=_side_by_side(row, more, "scores"),
        statuses=(*row.statuses, *more.statuses),
        steps=np.concatenate([row.steps, more.steps]),
        seconds_per_step=float((counts * times)[run].sum() / counts.sum()) if run.any() else np.nan,
        compile_seconds=row.compile_seconds + more.compile_seconds,
        time_errors=_side_by_side(row, more, "time_errors"),
    )


def _side_by_side(row: Row, more: Row, attribute: str) -> dict[str, np.ndarray]:
    """Scores of both, NaN for seeds without."""
    one, other = getattr(row, attribute), getattr(more, attribute)
    return {
        name: np.concatenate(
            [
                one.get(name, np.full(len(row.statuses), np.nan)),
                other.get(name, np.full(len(more.statuses), np.nan)),
            ]
        )
        for name in {**one, **other}
    }
