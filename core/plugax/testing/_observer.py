"""Check of an observer: runs go on as if it were not there."""

from jaxtyping import PRNGKeyArray

from ..observers import AbstractObserver
from ..runner import solve
from ._claim import claim, claimed
from ._compare import difference
from ._problem_runs import seed_from
from ._references import Descent, Valley

STEPS, CHUNK = 6, 2


def check_observer_survives(observer: AbstractObserver, key: PRNGKeyArray) -> None:
    """It goes through a run and through one that breaks off, without changing the result.

    Arguments:
        observer: the observer; told of one run of six steps in chunks of two, and of an error.
        key: of the seed.
    """
    seed = seed_from(key)
    law = "it goes through a run"
    with claimed(observer, law, "Its methods get what AbstractObserver says, no more."):
        watched = solve(
            Valley(), Descent(), seed=seed, steps=STEPS, chunk=CHUNK, observers=[observer]
        )
    if watched.status.name != "stopped":  # which an observer may well do
        alone = solve(Valley(), Descent(), seed=seed, steps=STEPS, chunk=CHUNK)
        found = difference(watched.unknowns, alone.unknowns)
        law = "a run that it listens to gives the same result"
        claim(found is None, observer, law, found, "Leave the arrays it is shown as they are.")
    with claimed(observer, "it goes through a run that breaks off", "Is there an on_error?"):
        observer.on_start(STEPS)
        observer.on_error(RuntimeError("a run that broke off, as a test"))
