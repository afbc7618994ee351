"""`sweep`: `solve`, vmapped over seeds and over any array leaves of problem and solver."""

import os
from collections.abc import Iterable, Mapping
from typing import Any

from ..cluster import Cluster, cluster_of
from ..errors import PlugaxError
from ..observers import AbstractObserver
from ..problems import AbstractProblem
from ..solution import SUMMARY, SWEEP, claim
from ..solvers import AbstractSolver
from .devices._device import find_devices
from .members._population import run_population
from .request._length import EvaluateEvery, Length
from .request._on_non_finite import answer_of
from .request._race import Race
from .request._resolve import resolve
from .request._snapshots import USUAL, snapshots_of
from .run._place import check_call
from .saved._saved_sweep import CLUSTER
from .slices._on_cluster import check_divisible, forget_slices, run_divided
from .sweeps._groups import checked, run_groups
from .sweeps._sweep_jobs import sweep_jobs


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
    on_non_finite: str = "stop",
    chunk: int | None = None,
    block: int | None = None,
    device: str | None = None,
    devices: int | str | Iterable[str] | None = None,
    observers: Iterable[AbstractObserver | str] = (),
    out: str | os.PathLike | None = None,
    force: bool = False,
    snapshot_every: int | str = USUAL.every,
    keep_last: int = USUAL.last,
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
        on_non_finite: `"stop"` or `"skip"`, as for `solve`, for every member.
        chunk: as for `solve`.
        block: the number of members that are computed side by side, one block after the other; by
            default all that fit into memory, or, on the CPU, one if that is quicker.
        device: as for `solve`.
        devices: as for `solve`; the members are divided among them.
        observers: as for `solve`; the arrays of their progress have the axes of the sweep in front.
        out: as for `solve`.
        force: as for `solve`.
        snapshot_every: as for `solve`.
        keep_last: as for `solve`.
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
    where = find_devices(device, devices)
    others = None if cluster is None else cluster_of(cluster)
    if others is not None:
        if where.several:
            raise PlugaxError(
                "The members of a sweep are divided among the devices of this machine, or among "
                f"the programs of a cluster; got devices={devices!r} and cluster={cluster!r}."
            )
        check_divisible(out, race, [*observers])
        out = claim(out or "", force=True)
    elif out is not None:
        out = claim(out, force=force, names=(SUMMARY, SWEEP, CLUSTER))
        forget_slices(out)
    made, fitted, plan = resolve(problem, solver, asked, options)
    told: Any = {"seed": seed, "record": record, "record_every": record_every, "block": block}
    told |= {"snapshots": snapshots_of(snapshot_every, keep_last)}
    told |= {"on_non_finite": answer_of(on_non_finite)}
    drawn = {"points": points, "sampling": sampling, "race": race, "keep_best": keep_best}
    check_call(made, seed=seed, chunk=chunk)
    choices, jobs = sweep_jobs(made, fitted, plan, asked, over, **told, **drawn)
    if choices is None and others is not None and out is not None:
        divided = run_divided(others, {out: jobs[0]}, out, force=force, chunk=chunk, device=device)
        return checked(divided[0], throw=throw)
    call = {"chunk": chunk, "observers": observers, "throw": throw, "devices": where}
    if choices is None:
        return run_population(jobs[0], out=out, **call)
    told = {"out": out, "force": force, "cluster": others, "device": device}
    return run_groups(choices, jobs, **told, **call)
