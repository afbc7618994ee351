"""Population-based training: at a rung the worst members go on from the best, with other options.

Of the members that are still running, the worst 1/η, and with them all that have failed, take the
state of the solver and the swept options of one of the best 1/η, drawn at random (*exploit*, by
truncation). Every option that is a number is then multiplied by 0.8 or by 1.2, or takes, with
probability 1/4, one of the values that were swept from the start (*explore*). It stays between the
least and the largest of these. So each member follows a schedule of options that is found during
the run itself.

State and options are array leaves of one program, so nothing is compiled again. A member keeps its
random key, and what is drawn at a rung depends on the seed and the step alone: chunks and
interruptions change nothing. Members that no rung replaces are, bit for bit, those of the same
sweep without a race.

Source: Jaderberg et al. 2017, arXiv 1711.09846.
"""

from collections.abc import Mapping

import numpy as np
from jaxtyping import Bool, Float, Int

from ...errors import PlugaxError
from ...solution import Lineage
from ..request._race import Race

FACTORS = (0.8, 1.2)
ANEW = 0.25  # the probability that an option takes one of the first values


def first_generation(options: Mapping[str, np.ndarray], members: int, by: str) -> Lineage:
    """The lineage before the first rung.

    Arguments:
        options: the swept options by name, `(members, …)`; neither seeds nor starts.
        members: the number of members.
        by: the name of the figure of merit.

    Errors: `PlugaxError` if no option is a number that can be changed.
    """
    if not any(_is_number(values) for values in options.values()):
        told = f"swept are {', '.join(options)}" if options else "none is swept"
        raise PlugaxError(
            "Population-based training changes options that are numbers, such as "
            f"optimizer.learning_rate, and there is none here ({told}). Sweep over one, or take "
            "race='halving' or no race."
        )
    none = np.zeros((0, members))
    first = {name: values[None] for name, values in options.items()}
    return Lineage(np.zeros(0, int), none, none.astype(int), first, np.zeros(members, int), by)


def next_generation(
    race: Race,
    lineage: Lineage,
    *,
    step: int,
    merit: Float[np.ndarray, " members"],
    running: Bool[np.ndarray, " members"],
    failed: Bool[np.ndarray, " members"],
    seed: int,
) -> Lineage:
    """The lineage with one more rung.

    Arguments:
        race: how many members are replaced.
        lineage: the lineage so far.
        step: the number of steps after which the members are judged.
        merit: their figures of merit, of which the smallest is the best.
        running: the members that may go on; those that have converged stay as they are.
        failed: the members that have failed.
        seed: the seed of what is drawn.
    """
    draw = np.random.default_rng((seed, step))
    shown = np.where(running, -merit if race.largest else merit, np.nan)
    parents = _parents(race.eta, merit, running, failed, draw)
    replaced = parents != np.arange(parents.size)
    options = {}
    for name, values in lineage.options.items():
        options[name] = values[-1][parents]
        if _is_number(values[-1]):
            options[name][replaced] = _explored(options[name][replaced], values[0], draw)
    return lineage.after(step, shown, parents, options)


def _parents(
    eta: int,
    merit: Float[np.ndarray, " members"],
    running: Bool[np.ndarray, " members"],
    failed: Bool[np.ndarray, " members"],
    draw: np.random.Generator,
) -> Int[np.ndarray, " members"]:
    """From which member each goes on; of equal ones the first are the better."""
    pool = np.flatnonzero(running | failed)
    sound = running & np.isfinite(merit)
    ranked = pool[np.argsort(np.where(sound, merit, np.inf)[pool], kind="stable")]
    share = ranked.size // eta
    best = ranked[: max(share, 1)]
    best = best[sound[best]]
    replaced = failed.copy()
    replaced[ranked[ranked.size - share :]] = True
    replaced[best] = False
    parents = np.arange(merit.size)
    if best.size:
        parents[replaced] = draw.choice(best, int(replaced.sum()))
    return parents


def _explored(
    values: Float[np.ndarray, " children"],
    first: Float[np.ndarray, " members"],
    draw: np.random.Generator,
) -> Float[np.ndarray, " children"]:
    """Other values of an option, between the least and the largest that it had at first."""
    factors = draw.choice(FACTORS, values.size)
    anew = draw.random(values.size) < ANEW
    fresh = draw.choice(first, values.size)
    changed = np.clip((values * factors).astype(first.dtype), first.min(), first.max())
    return np.where(anew, fresh, changed)


def _is_number(values: np.ndarray) -> bool:
    """Whether an option is one number with a fraction for every member."""
    return values.ndim == 1 and np.issubdtype(values.dtype, np.floating)
