"""The study: its journal in a file, what is asked of it, and in which space."""

import pathlib
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from plugax import PlugaxError, Range

if TYPE_CHECKING:
    from optuna import Study
    from optuna.distributions import BaseDistribution
    from optuna.samplers import BaseSampler
    from optuna.trial import FrozenTrial, Trial

JOURNAL, NAME = "study.log", "plugax"
ASKED = "asked"


def optuna_itself() -> Any:
    """The library.

    Errors: `PlugaxError` if it is not installed.
    """
    try:
        import optuna
    except ImportError:
        raise PlugaxError("A search needs Optuna: pip install 'plugax[optuna]'.") from None
    return optuna


def distributions_of(over: Mapping[str, Any]) -> "dict[str, BaseDistribution]":
    """Optuna's distributions by name.

    Errors: `PlugaxError` for anything but a range without a count, or a sequence of numbers.
    """
    distributions = optuna_itself().distributions
    found: dict[str, Any] = {}
    for name, given in over.items():
        if isinstance(given, Range):
            if given.count is not None:
                raise PlugaxError(
                    f"{name!r} asks for {given.count} values of a grid, and a search draws its "
                    f"own: give Range({given.low}, {given.high}, log={given.log})."
                )
            found[name] = distributions.FloatDistribution(given.low, given.high, log=given.log)
            continue
        values = np.asarray(given)
        if values.ndim != 1 or not values.size or values.dtype.kind not in "fiu":
            raise PlugaxError(
                f"{name!r} must be a range or a sequence of numbers; got {given!r}. For options "
                "that need a program each, such as the name of an optimizer, search for each."
            )
        found[name] = distributions.CategoricalDistribution(values.tolist())
    if not found:
        raise PlugaxError(
            "There is nothing to search; give, for example, over={'optimizer.learning_rate': "
            "px.Range(1e-4, 1e-1, log=True)}."
        )
    return found


def study_of(directory: pathlib.Path | None, asked: Mapping[str, Any]) -> "Study":
    """The study in a directory, which is made if there is none; in memory without a directory.

    Arguments:
        directory: the directory, or None.
        asked: the arguments of the search, as plain data.

    Errors: `PlugaxError` if there is a study of another search.
    """
    optuna = optuna_itself()
    direction = "maximize" if asked["largest"] else "minimize"
    if directory is None:
        return optuna.create_study(direction=direction)
    directory.mkdir(parents=True, exist_ok=True)
    backend = optuna.storages.journal.JournalFileBackend(str(directory / JOURNAL))
    storage = optuna.storages.JournalStorage(backend)
    names = [study.study_name for study in storage.get_all_studies()]
    if NAME not in names:
        study = optuna.create_study(storage=storage, study_name=NAME, direction=direction)
        study.set_user_attr(ASKED, dict(asked))
        return study
    study = optuna.load_study(storage=storage, study_name=NAME)
    before = study.user_attrs.get(ASKED, {})
    differ = [name for name in asked if before.get(name) != asked[name]]
    if differ:
        told = ", ".join(f"{name}={before.get(name)!r} (given {asked[name]!r})" for name in differ)
        raise PlugaxError(
            f"The search in {directory} has {told}. Give the same to go on with it, or another "
            "directory."
        )
    return study


def trials_of(
    study: "Study",
    space: "Mapping[str, BaseDistribution]",
    number: int,
    batch: int,
    sampler: "Callable[[int], BaseSampler] | None",
    seed: int,
) -> "Sequence[Trial | FrozenTrial]":
    """The trials of a batch; those that were asked for before it was broken off, and new ones.

    Arguments:
        study: the study.
        space: the distributions by name.
        number: the number of the batch.
        batch: the number of its trials.
        sampler: makes the sampler from a seed.
        seed: the seed of the search.
    """
    samplers = optuna_itself().samplers
    make = sampler or (lambda seed: samplers.TPESampler(seed=seed))
    study.sampler = make(seed + number)
    before = study.trials[number * batch : (number + 1) * batch]
    return [*before, *(study.ask(dict(space)) for _ in range(batch - len(before)))]
