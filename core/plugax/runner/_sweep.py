"""`sweep`: `solve`, vmapped over seeds and over any array leaves of problem and solver."""

import os
from collections.abc import Iterable, Mapping
from typing import Any

from ..cluster import Cluster, cluster_of
from ..errors import PlugaxError
from ..observers import AbstractObserver
from ..problems import AbstractProblem, Unconstrained, variant
from ..solution import SUMMARY, SWEEP, claim
from ..solvers import AbstractSolver
from ._best import keeping
from ._groups import checked, needs_programs, run_groups, with_numbers
from ._job import Job
from ._length import EvaluateEvery, Length, Plan
from ._on_cluster import check_divisible, forget_slices, run_divided
from ._place import check_call
from ._population import check_block, population, run_population, take_values, values_of
from ._race import Race, race_of
from ._record import recording
from ._resolve import check_suitable, resolve
from ._saved_sweep import CLUSTER


def sweep(
    problem: AbstractProblem | str,
    solver: AbstractSolver | str | None = None,
    *,
    over: Mapping[str, Any],
    points: int | None = None,
    sampling: str = "sobol",
    race: Race | str | None = None,
    seed: int = 0,
    steps: int | None = None,
    epochs: int | float | None = None,
    evaluate_every: EvaluateEvery | None = None,
    record: Iterable[str] | str | None = None,
    record_every: int = 1,
    keep_best: str | None = None,
    chunk: int | None = None,
    block: int | None = None,
    device: str | None = None,
    observers: Iterable[AbstractObserver | str] = (),
    out: str | os.PathLike | None = None,
    force: bool = False,
    cluster: Cluster | str | None = None,
    throw: bool = False,
    **options: Any,
) -> Any:
    """Solve a problem for every combination of the swept values, all in one program.

    An option that decides how the program looks, such as the name of an optimizer or a number of
    layers, needs a program for each of its values; the other names are swept within each.

    Arguments:
        problem: as for `solve`.
        solver: as for `solve`.
        over: values by name. `"seed"` sweeps over seeds; `"start"` over the unknowns to start from;
            any other name is the path of an array leaf or of an option, of the solver
            (`"optimizer.learning_rate"`, `"optimizer.name"`) or of the problem
            (`"problem.forcing"`). The leading axis of the values is swept; a start is a pytree like
            the unknowns, with that axis on every array. A `Range` is a grid of its own number of
            values, or is drawn from if `points` is given. `"points"` is a mapping from names to
            values that go together: one axis, along which all of them change.
        points: the number of points to draw from the ranges that have no number of values; they
            lie along one axis, `"points"`, in place of the first of these ranges.
        sampling: how points are drawn: `"sobol"`, evenly, or `"random"`. `seed` is their seed too.
        race: `"halving"`, `"hyperband"` or a `Race`: most members stop early, and only the best run
            to the end. `"population"`: the worst members go on from the best with other values of
            what is swept (population-based training); `population.lineage` has the options.
        seed: the seed of all members, if `over` has none.
        steps: as for `solve`.
        epochs: as for `solve`.
        evaluate_every: as for `solve`.
        record: as for `solve`.
        record_every: as for `solve`.
        keep_best: as for `solve`, for every member: `population.bests`.
        chunk: as for `solve`.
        block: the number of members that are computed side by side, one block after the other; by
            default all that fit into memory, or, on the CPU, one if that is quicker.
        device: as for `solve`.
        observers: as for `solve`; the arrays of their progress have the axes of the sweep in front.
        out: as for `solve`.
        force: as for `solve`.
        cluster: `"local"`, `"slurm"`, or a `plugax.cluster.Local` or `Slurm`: the members are run
            in slices by other programs, and put together in `out`, which is needed. The same call
            goes on with what is missing, and so does `resume`.
        throw: raise `RunFailedError` if a member was not successful.
        options: as for `solve`.

    Returns:
        the `Population`; its arrays have one leading axis for every name in `over`, in that order.
        A member that fails stops, and the others go on. If options are swept that need a program
        each, `Populations`, one `Population` for every combination of these options.

    Errors: those of `solve`; `PlugaxError` for a path that leads to no array and no option.
    """
    asked = Length(steps, epochs, evaluate_every)
    where = None if cluster is None else cluster_of(cluster)
    if where is not None:
        check_divisible(out, race, [*observers])
        out = claim(out or "", force=True)
    elif out is not None:
        out = claim(out, force=force, names=(SUMMARY, SWEEP, CLUSTER))
        forget_slices(out)
    made, fitted, plan = resolve(problem, solver, asked, options)
    if not over:
        raise PlugaxError(
            "There is nothing to sweep over; give, for example, over={'seed': range(8)}."
        )
    check_call(made, seed=seed, chunk=chunk)
    check_block(block)
    told = {"seed": seed, "record": recording(record, record_every), "block": block}
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

    made, fitted = with_numbers(over, made, fitted)
    programs = {n: values for n, values in over.items() if needs_programs(n, made, fitted)}
    rest = {name: values for name, values in over.items() if name not in programs}
    call = {"chunk": chunk, "device": device, "observers": observers, "throw": throw}
    if not programs and where is not None:
        jobs = {out: job(made, fitted, plan, rest)}
        asked = {"force": force, "chunk": chunk, "device": device}
        return checked(run_divided(where, jobs, out, **asked)[0], throw=throw)
    if not programs:
        return run_population(job(made, fitted, plan, rest), out=out, **call)
    if raced is not None and not raced.stops:
        raise PlugaxError(
            f"{min(programs)!r} needs a program for each of its values, and members of different "
            "programs cannot go on from each other. For population-based training, sweep over "
            "options that are arrays, such as optimizer.learning_rate, and solve for each value of "
            f"{min(programs)!r} on its own."
        )
    rest = rest or {"seed": [seed]}
    call |= {"cluster": where}
    return run_groups(made, fitted, asked, programs, rest, job, out=out, force=force, **call)
