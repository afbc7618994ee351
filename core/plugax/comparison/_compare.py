"""`compare`: solvers on one problem, over seeds; all seeds of a solver are one population."""

import dataclasses
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from ..cluster import Cluster, cluster_of
from ..errors import PlugaxError
from ..plugins import build, origin_of
from ..problems import AbstractProblem
from ..runner.devices._device import find_devices
from ..runner.request._length import Length
from ..runner.run._place import check_call
from ..runner.run._provenance import provenance_of
from ..solution import claim
from ._comparison import Comparison, Row
from ._contestants import (
    Contestant,
    Entry,
    check_seeds,
    contestant_of,
    label_entries,
    option_of,
)
from ._on_cluster import rows_on
from ._row import Seeded, row_of, seeded
from ._until_decided import FIRST_SEEDS, check_decidable, decided

FILE = "comparison.json"


def compare(
    problem: AbstractProblem | str,
    solvers: Iterable[Entry] | Mapping[str, Entry],
    *,
    seeds: Iterable[int] | None = None,
    over: Mapping[str, Iterable[Any]] | None = None,
    steps: int | None = None,
    epochs: int | float | None = None,
    metrics: Iterable[str] | None = None,
    chunk: int | None = None,
    device: str | None = None,
    devices: int | str | Iterable[str] | None = None,
    out: str | os.PathLike | None = None,
    cluster: Cluster | str | None = None,
    after_each: Callable[[Comparison], None] | None = None,
    until_decided: bool = False,
    level: float | int = 0.95,
    most_seeds: int = 256,
) -> Comparison:
    """Compare solvers on a problem.

    Every seed gives the solver other random numbers and, if the problem's data are random, other
    data: its run is `solve(problem.reseeded(seed), solver, seed=seed)`. All seeds of a solver are
    one program. What a problem recommends for a solver applies as in `solve`.

    Arguments:
        problem: as for `solve`.
        solvers: names, objects, names with options `("etkf", {"members": 40})` or specs; or a
            mapping from labels to these.
        seeds: whole numbers, one or more; by default 0, 1 and 2, or the first 16 if seeds are
            added until the ranking is decided.
        over: one option of the solvers with its values, `{"members": (10, 20, 40)}`: every solver
            is run with each value. An option may change shapes, so each value needs a program of
            its own.
        steps: as for `solve`; for every solver.
        epochs: as for `solve`; for every solver.
        metrics: the names of the metrics to show, which must be scalars; by default the `scores` of
            the problem that any solver has, or else the metrics that all solvers have.
        chunk: as for `solve`.
        device: as for `solve`.
        devices: as for `solve`; the seeds of each solver are divided among them.
        out: a directory in which every row is kept as soon as it is done, and the comparison so far
            as `comparison.json`. A row that is there is not run again, and one that was broken off
            goes on: after a kill, or with one solver more, call again with the same directory.
        cluster: `"local"`, `"slurm"`, or a `plugax.cluster.Local` or `Slurm`: every row is run by a
            program of its own; needs `out`.
        after_each: called with the comparison so far, whenever a row is done, and whenever further
            seeds of all rows are.
        until_decided: add seeds, as many at a time as `seeds` has, until the ranking by the first
            of the metrics is settled (`comparison.decision`). Nothing is compiled for them.
        level: the probability that nothing that is called settled is wrong, however many seeds it
            took.
        most_seeds: the number of seeds that is not exceeded; pairs that are not settled by then
            remain a tie.

    Returns:
        the comparison. A run that diverges is left out of the means and mentioned in its row; so is
        an exception that a solver raises. Ctrl-C ends the comparison and returns the rows done so
        far.

    Errors: those of `solve` for any of the solvers, before anything is run; `PlugaxError` for
    invalid seeds, an invalid level, and if reseeding changes more than values.
    """
    if seeds is None:
        seeds = range(FIRST_SEEDS) if until_decided else range(3)
    numbers = check_seeds(seeds)
    name, values = option_of(over)
    asked = Length(steps, epochs, None)
    made: AbstractProblem = build("problem", problem, {})
    contestants = [
        contestant_of(made, label, entry, asked, name, value)
        for label, entry in label_entries(solvers)
        for value in values
    ]
    if until_decided:
        check_decidable(len(contestants), len(numbers), level, most_seeds)
    check_call(made, seed=numbers[0], chunk=chunk)
    where = find_devices(device, devices)
    members = seeded(made, numbers, where.first)
    comparison = Comparison(
        problem=(origin_of(made) or {}).get("name", type(made).__name__),
        rows=(),
        metrics=tuple(metrics or ()),
        seeds=numbers,
        over=name,
        provenance=provenance_of(made, None, where, seed=numbers, steps=steps, epochs=epochs),
    )
    directory = None if out is None else claim(out, force=True)
    if cluster is not None and where.several:
        raise PlugaxError(
            "A comparison is divided among the devices of this machine, or among the programs of a "
            f"cluster; got devices={devices!r} and cluster={cluster!r}. Give one of them."
        )
    if cluster is not None and directory is None:
        raise PlugaxError(
            "The rows of a comparison on a cluster are kept in files. Give a directory, "
            "out='runs/comparison', on the command line --out runs/comparison."
        )
    others = None if cluster is None else cluster_of(cluster)

    def rows_of(members: Seeded) -> Iterator[Row]:
        """The rows of all solvers on these seeds, each when it is done."""
        if others is not None and directory is not None:
            asked = {"chunk": chunk, "device": device}
            yield from rows_on(others, made, contestants, members, directory, **asked)
        else:
            for contestant in contestants:
                yield row_of(made, contestant, members, chunk, where, directory)

    def tell(comparison: Comparison) -> None:
        if directory is not None:
            comparison.to_json(directory / FILE)
        if after_each is not None:
            after_each(comparison)

    try:
        for row in rows_of(members):
            rows = (*comparison.rows, row)
            shown = comparison.metrics if metrics else _usual(made, rows)
            comparison = dataclasses.replace(comparison, rows=rows, metrics=shown)
            if comparison.interrupted:
                break
            tell(comparison)
        if until_decided and not comparison.interrupted:
            batch = lambda seeds: [*rows_of(seeded(made, seeds, where.first))]  # noqa: E731
            for comparison in decided(comparison, batch, level, most_seeds):  # noqa: B020
                tell(comparison)
    except KeyboardInterrupt:
        pass
    rest = contestants[len(comparison.rows) :]
    return _with_missing(comparison, rest, name) if rest else comparison


def _usual(problem: AbstractProblem, rows: tuple[Row, ...]) -> tuple[str, ...]:
    """The metrics that are shown by default."""
    ran = [row for row in rows if row.scores]
    if problem.scores:
        return tuple(name for name in problem.scores if any(name in row.scores for row in ran))
    first = ran[0].scores if ran else {}
    return tuple(name for name in first if all(name in row.scores for row in ran))


def _with_missing(comparison: Comparison, rest: list[Contestant], over: str | None) -> Comparison:
    """The comparison after an interrupt, with the rows that were not run."""
    missing = (c.label if over is None else f"{c.label}, {over} {c.value}" for c in rest)
    return dataclasses.replace(comparison, missing=tuple(missing))
