"""Check of an observer: it does not change a run, but may end it."""

from jaxtyping import PRNGKeyArray

from ...observers import AbstractObserver
from ...runner import solve, sweep
from ..claims._claim import claim, claimed
from ..claims._compare import difference
from ..kinds._references import Descent, Valley
from ..problems._runs import seed_from

STEPS, CHUNK = 6, 2


def check_observer_survives(observer: AbstractObserver, key: PRNGKeyArray) -> None:
    """It survives a run, a population and a run that fails, and does not change the result.

    If it ends the run, the history is the beginning of that of the run without it, bit for bit.

    Arguments:
        observer: the observer; it observes a run of six steps in chunks of two, a population of
            two, and an error.
        key: the random key for the seed.
    """
    seed = seed_from(key)
    law = "it goes through a run"
    with claimed(observer, law, "Its methods get what AbstractObserver says, no more."):
        watched = solve(
            Valley(), Descent(), seed=seed, steps=STEPS, chunk=CHUNK, observers=[observer]
        )
    # As far as it came: an observer may end a run.
    alone = solve(Valley(), Descent(), seed=seed, steps=watched.steps, chunk=CHUNK)
    law = "a run that it listens to gives the same result, up to the step at which it ends it"
    for part in ("unknowns", "series"):
        found = difference(getattr(watched, part), getattr(alone, part))
        claim(found is None, observer, law, found, "Leave the arrays it is shown as they are.")
    law = "it goes through a population"
    with claimed(observer, law, "Arrays have the axes of the sweep in front."):
        over = {"seed": range(2)}
        sweep(Valley(), Descent(), over=over, steps=STEPS, chunk=CHUNK, observers=[observer])
    with claimed(observer, "it goes through a run that breaks off", "Is there an on_error?"):
        observer.on_start(STEPS)
        observer.on_error(RuntimeError("a run that broke off, as a test"))
