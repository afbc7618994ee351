"""A search for hyperparameters: ask for a batch, sweep over it, tell the figures of merit.

    points   = ask(study, batch)            # Optuna, on the host
    figures  = px.sweep(over=points)        # one population, one program for all batches
    study    = tell(study, figures)

The sampler of a batch is made anew, from the seed and the number of the batch. So what it proposes
depends on the trials before and on nothing else, and a search that was broken off goes on as if it
never had been.
"""

import os
import pathlib
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

import plugax as px
from plugax import AbstractProblem, AbstractSolver, PlugaxError, Population

from ._search import Search, directory_of
from ._study import distributions_of, study_of, trials_of

if TYPE_CHECKING:
    from optuna.samplers import BaseSampler


def optimise(
    problem: AbstractProblem | str,
    solver: AbstractSolver | str | None = None,
    *,
    over: Mapping[str, Any],
    trials: int,
    batch: int = 16,
    by: str = "loss",
    largest: bool = False,
    sampler: "Callable[[int], BaseSampler] | None" = None,
    seed: int = 0,
    out: str | os.PathLike | None = None,
    **told: Any,
) -> Search:
    """Search for the best values of hyperparameters.

    Laws: all batches share one compiled program; a search that was broken off, and is called again
    with the same arguments and `out`, has the same trials as one in a single piece.

    Arguments:
        problem: as for `plugax.sweep`.
        solver: as for `plugax.sweep`.
        over: what is searched, by the names of `plugax.sweep`: a `plugax.Range` without a count, or
            a sequence of numbers of which one is taken. Under `"seed"`, the seeds with which every
            trial is run; its figure is then the mean.
        trials: the number of trials, a multiple of `batch`.
        batch: the number of trials that are asked for together and run as one population.
        by: the figure of merit: `"loss"`, or a scalar of `problem.evaluate`.
        largest: whether the largest is the best, as of an accuracy.
        sampler: makes one of Optuna's samplers from a seed; by default
            `lambda seed: optuna.samplers.TPESampler(seed=seed)`.
        seed: the seed of the samplers, and of the runs.
        out: the directory of the search: Optuna's journal, and every population in a directory of
            its own. If there is a search with the same arguments, it goes on.
        told: further arguments of `plugax.sweep`, such as `steps`.

    Returns:
        the `Search`.

    Errors: `PlugaxError` if Optuna is not installed, an argument is invalid, or another search is
    in `out`; those of `plugax.sweep`.
    """
    if isinstance(batch, bool) or not isinstance(batch, int) or batch < 1:
        raise PlugaxError(f"batch must be a whole number, at least 1; got {batch!r}.")
    if isinstance(trials, bool) or not isinstance(trials, int) or trials < 1 or trials % batch:
        raise PlugaxError(
            f"trials must be a multiple of batch={batch}, since a batch is one population; got "
            f"{trials!r}."
        )
    ruled = sorted(told.keys() & {"race", "points", "sampling", "force"})
    if ruled:
        raise PlugaxError(f"{ruled[0]!r} belongs to plugax.sweep, not to a search; leave it out.")
    seeds = {"seed": over["seed"]} if "seed" in over else {}
    space = distributions_of({name: given for name, given in over.items() if name != "seed"})
    place = None if out is None else pathlib.Path(out)
    asked = {"over": {name: repr(given) for name, given in over.items()}}
    asked |= {"batch": batch, "by": by, "largest": largest, "seed": seed}
    asked |= {"told": {name: repr(given) for name, given in sorted(told.items())}}
    study = study_of(place, asked)
    populations: dict[int, Population] = {}
    while (done := len([t for t in study.trials if t.state.is_finished()])) < trials:
        number = done // batch
        chosen = trials_of(study, space, number, batch, sampler, seed)
        points = {name: np.array([trial.params[name] for trial in chosen]) for name in space}
        found = px.sweep(
            problem,
            solver,
            over={"points": points, **seeds},
            seed=seed,
            out=None if place is None else place / directory_of(number),
            force=True,  # a batch that was broken off before
            **told,
        )
        populations[number] = found
        if (found.names == "interrupted").any():
            break
        figures = found.figure_of_merit(by, largest=largest).reshape(batch, -1).mean(axis=1)
        for trial, figure in zip(chosen, figures.tolist(), strict=True):
            value = -figure if largest else figure
            study.tell(trial.number, value, skip_if_finished=True)
    return Search(study, populations, by, largest, batch, place, (problem, solver))
