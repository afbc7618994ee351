"""What a sweep runs: a population, or one for each combination of options that need a program."""

from collections.abc import Iterable, Mapping
from typing import Any

from ...errors import PlugaxError
from ...problems import AbstractProblem, Unconstrained, variant
from ...solvers import AbstractSolver
from ..loop._best import keeping
from ..members._population import check_block, population, take_values, values_of
from ..request._length import Length, Plan
from ..request._race import Race, race_of
from ..request._record import recording
from ..request._resolve import check_suitable
from ..request._snapshots import Snapshots
from ..run._job import Job
from ._groups import group_jobs, needs_programs, with_numbers


def sweep_jobs(
    problem: AbstractProblem,
    solver: AbstractSolver,
    plan: Plan,
    asked: Length,
    over: Mapping[str, Any],
    *,
    points: int | None,
    sampling: str,
    race: Race | str | None,
    seed: int,
    record: Iterable[str] | str | None,
    record_every: int,
    keep_best: str | None,
    block: int | None,
    snapshots: Snapshots,
    on_non_finite: str,
) -> tuple[list[dict[str, Any]] | None, list[Job]]:
    """The combinations of options that need a program each, None if there are none; and the jobs.

    Arguments:
        problem: the problem, before anything is swept.
        solver: the solver, before anything is swept.
        plan: the length of the run.
        asked: the length that was asked for.
        over: as for `sweep`.
        points: as for `sweep`.
        sampling: as for `sweep`.
        race: as for `sweep`.
        seed: as for `sweep`.
        record: as for `sweep`.
        record_every: as for `sweep`.
        keep_best: as for `sweep`.
        block: as for `sweep`.
        snapshots: how often to save, and how many snapshots to keep.
        on_non_finite: as for `sweep`.

    Errors: `PlugaxError` for what cannot be swept, and for other wrong values.
    """
    if not over:
        raise PlugaxError(
            "There is nothing to sweep over; give, for example, over={'seed': range(8)}."
        )
    check_block(block)
    told: Any = {"seed": seed, "record": recording(record, record_every), "block": block}
    told |= {"snapshots": snapshots, "on_non_finite": on_non_finite}
    raced = race_of(race)

    def job(
        problem: AbstractProblem, solver: AbstractSolver, plan: Plan, over: Mapping[str, Any]
    ) -> Job:
        swept = values_of(over, problem, points, sampling, seed)
        if "start" in swept:
            start = take_values(swept["start"], 0)
            check_suitable(variant(problem, Unconstrained(), start), solver)
        best = keeping(keep_best, plan)
        return population(problem, solver, swept, plan=plan, race=raced, keep_best=best, **told)

    problem, solver = with_numbers(over, problem, solver)
    programs = {n: values for n, values in over.items() if needs_programs(n, problem, solver)}
    rest = {name: values for name, values in over.items() if name not in programs}
    if not programs:
        return None, [job(problem, solver, plan, rest)]
    if raced is not None and not raced.stops:
        raise PlugaxError(
            f"{min(programs)!r} needs a program for each of its values, and members of different "
            "programs cannot go on from each other. For population-based training, sweep over "
            "options that are arrays, such as optimizer.learning_rate, and solve for each value of "
            f"{min(programs)!r} on its own."
        )
    return group_jobs(problem, solver, asked, programs, rest or {"seed": [seed]}, job)
