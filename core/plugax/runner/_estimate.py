"""`estimate`: what a run or a sweep needs, before it is run.

The programs are compiled, which tells their memory, and run for about a second, which tells their
speed. Nothing is saved, no observer and no plugin is told.
"""

import os
from collections.abc import Iterable, Mapping
from typing import Any

from ..errors import PlugaxError
from ..problems import AbstractProblem
from ..solution import SUMMARY, SWEEP
from ..solution._claim import unclaimed
from ..solvers import AbstractSolver
from .devices._device import find_devices
from .estimates._estimate_job import estimate_job
from .estimates._estimated import Estimate, together
from .loop._best import keeping
from .request._length import EvaluateEvery, Length
from .request._on_non_finite import ANSWERS, answer_of
from .request._race import Race
from .request._record import recording
from .request._resolve import resolve
from .request._snapshots import USUAL, snapshots_of
from .run._job import single
from .run._place import check_call
from .sweeps._sweep_jobs import sweep_jobs


def estimate(
    problem: AbstractProblem | str,
    solver: AbstractSolver | str | None = None,
    *,
    over: Mapping[str, Any] | None = None,
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
    devices: int | str | Iterable[str] | None = None,
    out: str | os.PathLike | None = None,
    force: bool = False,
    snapshot_every: int | str = USUAL.every,
    keep_last: int = USUAL.last,
    on_non_finite: str = ANSWERS[0],
    **options: Any,
) -> Estimate:
    """Tell what a run needs: memory, time, and space on disk.

    Arguments:
        problem: as for `px.solve`.
        solver: as for `px.solve`.
        over: as for `px.sweep`; None for a single run.
        points: as for `px.sweep`, and so are `sampling`, `race` and `block`.
        sampling: as for `px.sweep`.
        race: as for `px.sweep`.
        seed: as for `px.solve`, and so are all others.
        steps: as for `px.solve`.
        epochs: as for `px.solve`.
        evaluate_every: as for `px.solve`.
        record: as for `px.solve`.
        record_every: as for `px.solve`.
        keep_best: as for `px.solve`.
        chunk: as for `px.solve`.
        block: as for `px.sweep`.
        device: as for `px.solve`.
        devices: as for `px.solve`, but not several: what each of them needs is not estimated.
        out: where the run would be saved; nothing is written there.
        force: as for `px.solve`.
        snapshot_every: as for `px.solve`.
        keep_last: as for `px.solve`.
        on_non_finite: as for `px.solve`.
        options: as for `px.solve`.

    Errors: those of `px.solve` and `px.sweep`, except that a run that does not fit into memory is
    no error, but an estimate with `obstacles`.
    """
    asked = Length(steps, epochs, evaluate_every)
    names = (SUMMARY,) if over is None else (SUMMARY, SWEEP)
    place = None if out is None else unclaimed(out, force=force, names=names)
    made, fitted, plan = resolve(problem, solver, asked, options)
    check_call(made, seed=seed, chunk=chunk)
    snapshots = snapshots_of(snapshot_every, keep_last)
    if over is None:
        best = keeping(keep_best, plan)
        kept: Any = {"record": recording(record, record_every), "keep_best": best}
        kept |= {"snapshots": snapshots, "on_non_finite": answer_of(on_non_finite)}
        jobs = [single(made, fitted, seed=seed, plan=plan, **kept)]
    else:
        told: Any = {"record": record, "record_every": record_every, "keep_best": keep_best}
        told |= {
            "snapshots": snapshots,
            "points": points,
            "sampling": sampling,
            "race": race,
            "block": block,
        }
        told |= {"on_non_finite": answer_of(on_non_finite)}
        _, jobs = sweep_jobs(made, fitted, plan, asked, over, seed=seed, **told)
    chosen = find_devices(device, devices)
    if len(chosen.found) > 1:
        raise PlugaxError(
            f"A dry run tells what a run on one device needs; got devices={devices!r}. Of a "
            "population that is spread, each device needs what its share of the members needs."
        )
    return together([estimate_job(job, chosen, chunk, place) for job in jobs])
