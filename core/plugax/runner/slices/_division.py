"""A population that is run in slices: what is written before, and what each program reads.

    slices/DIGEST/plan.json      the provenance of the population, its slices, how each is called
    slices/DIGEST/swept.npz …    see `_blueprint.py`
    slices/DIGEST/0, 1, …        the slices, each a saved population

The digest is that of all that decides on the result, so that slices of another sweep, of which a
program may still run, are never taken for these.
"""

import dataclasses
import pathlib
from collections.abc import Mapping
from typing import Any

from ...errors import PlugaxError
from ...problems import AbstractProblem
from ...solution import finite, replace_file, sealed, unsealed
from ...solvers import AbstractSolver
from ..devices._device import find_devices
from ..devices._numerics import numerics
from ..members._population import population
from ..run._job import Job
from ..run._provenance import provenance_of
from ..saved._blueprint import read_blueprint, write_blueprint
from ._digest import digest_of
from ._slices import Box, cut, take_box

SLICES, PLAN = "slices", "plan.json"


@dataclasses.dataclass(frozen=True)
class Division:
    """A population and its slices.

    Attributes:
        directory: where the plan and the slices are.
        job: the job of the whole population.
        boxes: the slices.
        call: `chunk` and `device` of every slice.
        given: the problem and the solver, each None if it is made by name.
    """

    directory: pathlib.Path
    job: Job
    boxes: tuple[Box, ...]
    call: Mapping[str, Any]
    given: Mapping[str, Any]

    def place(self, number: int) -> pathlib.Path:
        """The directory of a slice."""
        return self.directory / str(number)

    def slice(self, number: int) -> Job:
        """The job of a slice."""
        job = self.job
        swept = take_box(job.swept or {}, self.boxes[number])
        told = {"seed": job.seed, "plan": job.plan, "prepared_for": job.prepared_for}
        told |= {"record": job.record, "keep_best": job.keep_best, "block": job.block}
        told |= {"snapshots": job.snapshots, "on_non_finite": job.on_non_finite}
        made = population(job.problem, job.solver, swept, **told)
        return dataclasses.replace(made, part_of=job.members)


def divide(job: Job, out: pathlib.Path, parts: int, call: Mapping[str, Any]) -> Division:
    """Cut a population into slices, and write the plan, unless it is there already.

    Arguments:
        job: the job of the whole population.
        out: the directory of the population.
        parts: about how many slices are wanted.
        call: `chunk` and `device` of every slice.
    """
    provenance = provenance_of(
        job.problem, job.solver, find_devices(call["device"]), **job.asked, chunk=call["chunk"]
    )
    directory = out / SLICES / digest_of(provenance, job.problem, job.solver, job.swept or {})
    if not (directory / PLAN).exists():
        directory.mkdir(parents=True, exist_ok=True)
        plan = {
            "provenance": provenance,
            "arrays": write_blueprint(directory, job),
            # More members than a block has: a slice then goes through the loop of the whole.
            "boxes": cut(job.shape, parts, 1 if job.block is None else job.block + 1),
            "call": dict(call),
            "jax": numerics(),
        }
        with replace_file(directory / PLAN) as file:
            file.write(sealed(finite(plan)))
    kinds = ("problem", "solver")
    given = {k: getattr(job, k) if provenance[k]["name"] is None else None for k in kinds}
    return _division(directory, job, read_plan(directory), given)


def read_division(
    directory: pathlib.Path, *, problem: AbstractProblem | None, solver: AbstractSolver | None
) -> Division:
    """The division whose plan is in `directory`.

    Arguments:
        directory: the directory of the plan.
        problem: the problem, if it was not made by name.
        solver: the solver, if it was not made by name.

    Errors: `PlugaxError` if the plan is damaged, and those of `read_blueprint`.
    """
    plan = read_plan(directory)
    given = {"problem": problem, "solver": solver}
    job = read_blueprint(directory, plan["provenance"], plan["arrays"], **given)
    return _division(directory, job, plan, given)


def _division(
    directory: pathlib.Path, job: Job, plan: Mapping[str, Any], given: Mapping[str, Any]
) -> Division:
    boxes = tuple(tuple((begin, end) for begin, end in box) for box in plan["boxes"])
    return Division(directory, job, boxes, plan["call"], given)


def read_plan(directory: pathlib.Path) -> dict[str, Any]:
    """The content of the plan in `directory`.

    Errors: `PlugaxError` if it is missing or damaged.
    """
    try:
        return unsealed((directory / PLAN).read_bytes())
    except (OSError, ValueError) as error:
        raise PlugaxError(f"The plan of the slices in {directory} is damaged: {error}.") from error


def plan_below(out: pathlib.Path) -> pathlib.Path | None:
    """The directory of the plan of a population that is run in slices; None if there is none."""
    return next((path.parent for path in sorted((out / SLICES).glob(f"*/{PLAN}"))), None)
