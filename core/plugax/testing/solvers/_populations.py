"""Check of a solver in a population in blocks, of which some members are stopped early."""

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
