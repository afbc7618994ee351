"""Checks of a solver in a population: members that are stopped early, and several devices."""

import jax
from jaxtyping import PRNGKeyArray

from ...problems import AbstractProblem
from ...runner import Race, sweep
from ...solvers import AbstractSolver
from ..claims._claim import claim, claimed
from ..claims._compare import difference
from ..kinds._references import tried
from ..problems._runs import seed_from
from ._steps import STEPS

# Two members stay: in each block there is one that has stopped.
MEMBERS, BLOCK = 4, 3
PAIR = 2


def check_solver_race(
    solver: AbstractSolver, key: PRNGKeyArray, problem: AbstractProblem | None = None
) -> None:
    """Members that a race stops change nothing for the others, bit for bit.

    Four members run in blocks of three, with and without a race that stops two of them half-way.
    Those that stay end as without it, and the history of each is the beginning of its history
    without it.

    Arguments:
        solver: the solver.
        key: the random key for the seeds.
        problem: as for `check_solver_state`.
    """
    first = seed_from(key)
    told = {"over": {"seed": range(first, first + MEMBERS)}, "steps": STEPS, "block": BLOCK}
    law = "its runs can race"
    with tried(solver, problem) as (solver, problem, _), claimed(solver, law, "See the error."):
        whole = sweep(problem, solver, **told)
        raced = sweep(problem, solver, **told, race=Race(eta=2, rungs=1))
    law = "members that a race stops change nothing for the others, bit for bit"
    remedy = "Keep nothing outside the state, and let no member see another."
    for number in range(MEMBERS):
        one, other = raced.member(seed=number), whole.member(seed=number)
        past = {name: values[: one.steps] for name, values in other.series.items()}
        found = difference(one.series, past)
        claim(found is None, solver, law, f"{found} (history of member {number})", remedy)
        if one.steps == other.steps:
            found = difference(one.unknowns, other.unknowns)
            claim(found is None, solver, law, f"{found} (unknowns of member {number})", remedy)


def check_solver_devices(
    solver: AbstractSolver, key: PRNGKeyArray, problem: AbstractProblem | None = None
) -> None:
    """A population has the same bits on one device and on all of them, in blocks of one size.

    The members are one more than two for each device, so that the last device lacks some. Passes
    where there is only one device; JAX_NUM_CPU_DEVICES=8 makes eight of a CPU.

    Arguments:
        solver: the solver.
        key: the random key for the seeds.
        problem: as for `check_solver_state`.
    """
    if (count := jax.device_count()) == 1:
        return
    first = seed_from(key)
    over = {"seed": range(first, first + PAIR * count + 1)}
    told = {"over": over, "steps": STEPS, "block": PAIR}
    law = "its runs can be spread over devices"
    with tried(solver, problem) as (solver, problem, _), claimed(solver, law, "See the error."):
        one = sweep(problem, solver, **told, devices=1)
        every = sweep(problem, solver, **told, devices="all")
    law = f"a population on {count} devices is that on one, bit for bit"
    for part in ("unknowns", "state", "series", "metrics", "steps"):
        found = difference(getattr(one, part), getattr(every, part))
        told = None if found is None else f"{found} ({part})"
        claim(found is None, solver, law, told, "Keep nothing outside the state.")
