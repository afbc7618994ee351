"""`solve`: one run of one solver on one problem."""

import os
from collections.abc import Iterable
from typing import Any

from ..observers import AbstractObserver
from ..problems import AbstractProblem
from ..solution import Solution, claim
from ..solvers import AbstractSolver
from .devices._device import find_devices
from .loop._best import keeping
from .request._length import EvaluateEvery, Length
from .request._on_non_finite import answer_of
from .request._record import recording
from .request._resolve import resolve
from .request._snapshots import USUAL, snapshots_of
from .run._job import single
from .run._place import check_call
from .run._run import run


def solve(
    problem: AbstractProblem | str,
    solver: AbstractSolver | str | None = None,
    *,
    seed: int = 0,
    steps: int | None = None,
    epochs: int | float | None = None,
    evaluate_every: EvaluateEvery | None = None,
    record: Iterable[str] | str | None = None,
    record_every: int = 1,
    keep_best: str | None = None,
    on_non_finite: str = "stop",
    chunk: int | None = None,
    device: str | None = None,
    devices: int | str | Iterable[str] | None = None,
    observers: Iterable[AbstractObserver | str] = (),
    out: str | os.PathLike | None = None,
    force: bool = False,
    snapshot_every: int | str = USUAL.every,
    keep_last: int = USUAL.last,
    throw: bool = False,
    **options: Any,
) -> Solution:
    """Solve a problem.

    Arguments:
        problem: a problem, or the name of one.
        solver: a solver, the name of one, or None for the one that the problem recommends.
        seed: the seed of the starting point, the order of the data and the solver's random numbers.
            Two runs with the same seed are equal bit for bit, whatever their chunks.
        steps: the maximum number of steps; by default what the problem recommends for this solver,
            or the length of its data, or the solver's own default.
        epochs: the maximum number of passes over the data, instead of `steps`, if the data have
            epochs.
        evaluate_every: how often `problem.evaluate` is called during the run, besides the end: a
            number of steps, `"epoch"` or `"never"`; by default what the problem recommends, or
            never.
        record: the names of the metrics that the history keeps, one or several; by default all. An
            empty tuple keeps none. What is not kept is watched all the same: a run whose metrics
            are not finite ends.
        record_every: steps from one that the history keeps to the next; the first is kept. The
            summaries and remarks of problem and solver are made from what is kept.
        keep_best: the name of a scalar that `problem.evaluate` returns. The run is kept as it was
            when an evaluation (`evaluate_every`) had the smallest; with `"max:NAME"` the largest.
            It is `solution.best`, a solution itself, and is saved in `best` inside of `out`.
        on_non_finite: what is done when a metric is not finite. `"stop"` ends the run, with the
            last good unknowns. `"skip"` takes the step back and goes on with the next batch; after
            100 such steps in a row the run ends. `"rollback"` goes 100 to 200 steps back, with half
            the learning rate, up to ten times.
        chunk: the number of compiled steps between returns to the host; by default about a second's
            worth.
        device: `"cpu"`, `"gpu"` or `"tpu"`, with an index (`"gpu:1"`) if there are several.
        devices: several devices of one platform: how many, their names, or `"all"`. The examples of
            every batch are divided among them or, if there are no examples, the arrays of the
            solver's state; `"batch=4"` or `"state=4"` says which.
        observers: called with the progress between chunks; may end the run.
        out: a directory for the solution, and for the state during the run.
        force: replace another run that is saved in `out`; without it that is an error.
        snapshot_every: how often the state is saved in `out` during the run: a number of steps, or
            a time such as `"30s"` or `"5min"`.
        keep_last: how many snapshots are kept, the newest included; the earlier ones are in
            `snapshots` inside of `out`, each a run of its own.
        throw: raise `RunFailedError` if the status is not a success.
        options: the options of a solver given by name.

    Returns:
        the solution. A run that diverges, does not converge or is interrupted returns one too, with
        a status that says so, and the last good unknowns.

    Errors: `PlugaxError` and its subclasses for a wrong call; anything that a problem or solver
    raises itself.
    """
    asked = Length(steps, epochs, evaluate_every)
    call: Any = {"chunk": chunk, "devices": find_devices(device, devices)}
    if out is not None:
        out = claim(out, force=force)
    problem, solver, plan = resolve(problem, solver, asked, options)
    check_call(problem, seed=seed, chunk=chunk)
    told: Any = {"record": recording(record, record_every), "keep_best": keeping(keep_best, plan)}
    told["snapshots"] = snapshots_of(snapshot_every, keep_last)
    told |= {"on_non_finite": answer_of(on_non_finite)}
    job = single(problem, solver, seed=seed, plan=plan, **told)
    return run(job, **call, observers=observers, out=out, throw=throw)
