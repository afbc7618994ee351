"""`--dry-run`: what a run or a sweep needs, for people or as one JSON object."""

import dataclasses
from typing import TYPE_CHECKING, Any

from ._exit import FAILURE, SUCCESS
from ._parser import version
from ._request import Request
from ._text import answer, columns, print_json

if TYPE_CHECKING:
    from ..runner import Estimate


def dry_run(request: Request, problem: Any, solver: Any, told: dict[str, Any]) -> int:
    """Print the estimate; the exit status says whether the run fits.

    Arguments:
        request: what was asked for.
        problem: the problem.
        solver: the solver.
        told: the length of the run, and of a sweep what is swept.
    """
    from ..runner import estimate

    found = estimate(problem, solver, **told, **request.told(), out=request.out)
    names = request.problem.name, request.solver.name
    if request.json:
        print_json(_plain(found, *names))
    else:
        _print(found, *names, request.out)
    return SUCCESS if found.fits else FAILURE


def _plain(found: "Estimate", problem: str, solver: str) -> dict[str, Any]:
    plain = dataclasses.asdict(found)
    return {"problem": problem, "solver": solver, "fits": found.fits, **plain, "plugax": version()}


def _print(found: "Estimate", problem: str, solver: str, out: str | None) -> None:
    from .._memory import size_text
    from ..comparison._text import duration

    rows = [("steps", f"at most {found.steps}")]
    if found.members > 1 or found.most_members is not None:
        most = "" if found.most_members is None else f"; at most {found.most_members} fit"
        of = f" in each of {found.programs} programs" if found.programs > 1 else ""
        rows.append(("members", f"{found.members}{of}, {found.block} side by side{most}"))
    parts = sorted(found.memory_parts.items(), key=lambda part: -part[1])
    of = ", ".join(f"{name} {size_text(size)}" for name, size in parts if size)
    free = "" if found.memory_free is None else f" of {size_text(found.memory_free)}"
    rows.append(("memory", f"{size_text(found.memory)}{free}: {of}"))
    rows.append(("compilation", duration(found.compile_seconds)))
    if found.seconds is not None:
        step, evaluation = (
            duration(found.step_seconds or 0),
            duration(found.evaluation_seconds or 0),
        )
        each = f"{step} a step, {evaluation} an evaluation"
        rows.append(("run", f"at most {duration(found.seconds)}: {each}"))
    if found.disk is not None and found.disk_free is not None:
        rows.append(("disk", f"{size_text(found.disk)} of {size_text(found.disk_free)} for {out}"))
    answer(f"{problem} · {solver}")
    answer("It fits." if found.fits else "\n".join(found.obstacles))
    answer(columns(rows, indent=2))
