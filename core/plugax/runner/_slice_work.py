"""What the program of a slice does: make its job from the plan, run it, save it."""

import pathlib

import jax

from ..cluster import unpacked
from ..errors import PlugaxError
from ..solution import SUMMARY, read_saved_run
from ._division import NUMERICS, Division, read_division, read_plan
from ._load import population_from
from ._run import run


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
    settings = read_plan(place.parent)["jax"]
    before = {name: getattr(jax.config, name) for name in NUMERICS}
    try:
        for name, value in settings.items():
            jax.config.update(name, value)
        given = {
            "problem": unpacked(problem, "problem", paths),
            "solver": unpacked(solver, "solver", paths),
        }
        run_slice(read_division(place.parent, **given), number)
    finally:  # a test calls this in its own process
        for name, value in before.items():
            jax.config.update(name, value)


def run_slice(division: Division, number: int) -> None:
    """Run a slice, or go on with it.

    Errors: as for `work`.
    """
    job, place = division.slice(number), division.place(number)
    before = population_from(read_saved_run(place), job) if (place / SUMMARY).exists() else None
    if before is not None and not (before.names == "interrupted").any():
        return
    found = run(job, before, observers=(), out=place, throw=False, **division.call)
    if found.unsaved:
        raise PlugaxError(found.unsaved)
    if (found.names == "interrupted").any():
        raise KeyboardInterrupt
