"""What the program of a slice does: make its job from the plan, run it, save it."""

import pathlib
from typing import Any

from ...cluster._sent import unpacked
from ...errors import PlugaxError
from ..devices._device import find_devices
from ..devices._numerics import with_numerics
from ..saved._kept import run_or_go_on
from ._division import Division, read_division, read_plan


def work(
    place: pathlib.Path, number: int, problem: bytes | None, solver: bytes | None, paths: list[str]
) -> None:
    """Run a slice up to its last step, from where it was broken off.

    Arguments:
        place: the directory of the slice, inside that of the plan.
        number: which slice it is.
        problem: the problem, if it was not made by name.
        solver: the solver, if it was not made by name.
        paths: where the program that sent them finds its modules.

    Errors: those of `run`; `PlugaxError` if the slice cannot be saved.
    """
    with with_numerics(read_plan(place.parent)["jax"]):
        given = {
            "problem": unpacked(problem, "problem", paths),
            "solver": unpacked(solver, "solver", paths),
        }
        run_slice(read_division(place.parent, **given), number)


def run_slice(division: Division, number: int) -> None:
    """Run a slice, or go on with it.

    Errors: as for `work`.
    """
    call, devices = division.call, find_devices(division.call["device"])
    told: Any = {"chunk": call["chunk"], "devices": devices}
    found = run_or_go_on(division.slice(number), division.place(number), **told)
    if found.unsaved:
        raise PlugaxError(found.unsaved)
    if (found.names == "interrupted").any():
        raise KeyboardInterrupt
