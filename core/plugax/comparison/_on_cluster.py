"""The rows of a comparison on a cluster: each is run by a program of its own, and kept in `out`."""

import json
import os
import pathlib
import sys
from collections.abc import Sequence
from typing import Any

from ..cluster import Cluster
from ..cluster._complete import Task, complete
from ..cluster._sent import sent, unpacked
from ..cluster._worker import DONE
from ..errors import PlugaxError
from ..problems import AbstractProblem, describe_variations, rebuild_variations
from ..runner.devices._device import find_devices
from ..runner.devices._numerics import numerics, with_numerics
from ..runner.request._length import Length
from ..runner.run._job import Job
from ..runner.run._provenance import provenance_of
from ..runner.saved._kept import run_or_go_on
from ..runner.saved._load import components_of
from ..solution import (
    SUMMARY,
    finite,
    read_arrays,
    replace_arrays,
    replace_file,
    sealed,
    unsealed,
)
from ._comparison import Row
from ._contestants import Contestant
from ._row import Seeded, job_of, place_of, row_of, seeded, without_result

ROW, VARIATIONS, ERROR = "row.json", "variations.npz", "error.json"


def rows_on(
    cluster: Cluster,
    problem: AbstractProblem,
    contestants: Sequence[Contestant],
    members: Seeded,
    out: pathlib.Path,
    *,
    chunk: int | None,
    device: str | None,
) -> list[Row]:
    """The rows of these solvers on these seeds.

    Arguments:
        cluster: where they are run.
        problem: the problem.
        contestants: the solvers.
        members: the problem with the data of the seeds.
        out: the directory of the comparison.
        chunk: as for `solve`.
        device: as for `solve`.

    Errors: those of `complete`; an exception of a solver is in its row.
    """
    call = {"chunk": chunk, "device": device}
    jobs = [job_of(problem, contestant, members) for contestant in contestants]
    places = [place_of(job, out, find_devices(device)) for job in jobs]
    tasks = [
        _task(place, job, contestant, call)
        for place, job, contestant in zip(places, jobs, contestants, strict=True)
    ]
    complete(cluster, work, tasks, out)
    rows = []
    for place, contestant in zip(places, contestants, strict=True):
        if (place / ERROR).exists():
            told = json.loads((place / ERROR).read_text())
            error = type(told["type"], (PlugaxError,), {})(told["message"])
            rows.append(without_result(contestant, error))
        else:
            rows.append(row_of(problem, contestant, members, chunk, find_devices(device), out))
    return rows


def _task(place: pathlib.Path, job: Job, contestant: Contestant, call: dict[str, Any]) -> Task:
    """The task of a row, whose plan is written into its directory."""
    place.mkdir(parents=True, exist_ok=True)
    if (place / ERROR).exists():  # what has raised is tried once more
        (place / ERROR).unlink()
        (place / DONE).unlink(missing_ok=True)
    if (place / DONE).exists() and not (place / SUMMARY).exists():
        (place / DONE).unlink()
    device = find_devices(call["device"])
    origin = provenance_of(job.problem, job.solver, device, **job.asked, chunk=call["chunk"])
    varied = describe_variations(job.problem)
    arrays = varied[1] if varied else {}
    entries = replace_arrays(place / VARIATIONS, arrays)
    plan = {"provenance": origin, "arrays": entries, "call": call, "jax": numerics()}
    with replace_file(place / ROW) as file:
        file.write(sealed(finite(plan)))
    objects = tuple(
        sent(getattr(job, kind) if origin[kind]["name"] is None else None, kind)
        for kind in ("problem", "solver")
    )
    paths = [os.path.abspath(path) for path in sys.path] if any(objects) else []
    value = "" if contestant.value is None else f" ({contestant.value})"
    return Task(place, (*objects, paths), f"The row of {contestant.label}{value}")


def work(
    place: pathlib.Path, problem: bytes | None, solver: bytes | None, paths: list[str]
) -> None:
    """Run a row, in the program of a worker; an exception of the solver is part of the result.

    Arguments:
        place: the directory of the row.
        problem: the problem, if it was not made by name.
        solver: the solver, if it was not made by name.
        paths: where the program that sent them finds its modules.
    """
    plan = unsealed((place / ROW).read_bytes())
    with with_numerics(plan["jax"]):
        given = unpacked(problem, "problem", paths), unpacked(solver, "solver", paths)
        job = _job_from(plan, place, *given)
        try:
            call = {"chunk": plan["call"]["chunk"]}
            call["devices"] = find_devices(plan["call"]["device"])
            found = run_or_go_on(job, place, **call)
        except Exception as error:
            told = {"type": type(error).__name__, "message": str(error)}
            (place / ERROR).write_text(json.dumps(told))
            return
        if found.unsaved:
            raise PlugaxError(found.unsaved)
        if (found.names == "interrupted").any():
            raise KeyboardInterrupt


def _job_from(plan: dict[str, Any], place: pathlib.Path, problem: Any, solver: Any) -> Job:
    origin, asked = plan["provenance"], plan["provenance"]["run"]
    made, fitted = components_of(origin, place, problem, solver)
    if problem is None and origin["variations"]:
        arrays = read_arrays(place / VARIATIONS, plan["arrays"])
        made = rebuild_variations(made, origin["variations"], arrays)
    length = Length(asked["steps"], evaluate_every=asked["evaluate_every"])
    contestant = Contestant("", None, fitted, length.in_steps(fitted.data(made), 1))
    device = find_devices(plan["call"]["device"]).first
    return job_of(made, contestant, seeded(made, tuple(asked["seed"]), device))
