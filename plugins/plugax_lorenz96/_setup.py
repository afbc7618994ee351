"""The options of a twin experiment, checked, and completed from a preset."""

import dataclasses
import math
from collections.abc import Mapping
from typing import Any, Literal, TypeVar

from plugax import PlugaxError, check_memory

from ._check import check_whole

Errors = Literal["normal", "laplace"]
AnySetup = TypeVar("AnySetup", bound="Setup")


@dataclasses.dataclass(frozen=True)
class Setup:
    """The options that all twin experiments have; the docstrings of the problems describe them.

    Errors: `PlugaxError` for a value outside its range.
    """

    dt: float
    cycles: int
    observe_every: int
    observation_std: float
    initial_std: float
    burn_in: float
    spinup: float = 0.0
    observation_errors: Errors = "normal"
    missing: float = 0.0
    model_error_std: float = 0.0

    def __post_init__(self):
        check_whole("cycles", self.cycles, 1)
        check_whole("observe_every", self.observe_every, 1)
        for name in ("dt", "observation_std", "initial_std"):
            _check_between(name, getattr(self, name), above=0)
        for name in ("burn_in", "spinup", "model_error_std"):
            _check_between(name, getattr(self, name), least=0)
        _check_between("missing", self.missing, least=0, below=1)
        if self.observation_errors not in ("normal", "laplace"):
            raise PlugaxError(
                f"observation_errors are 'normal' or 'laplace'; got {self.observation_errors!r}."
            )
        if not self.burn_in < self.end:
            raise PlugaxError(
                f"burn_in must be below {self.end:g}, the time of the last of the {self.cycles} "
                f"observation times, so that some cycles are left for the scores; got "
                f"{self.burn_in:g}."
            )

    def check_fits(self, variables: int) -> None:
        """Raise `PlugaxError` if truth, observations and the run on the host do not fit."""
        held = 8 * variables * (3 * self.cycles + 8)
        check_memory(held, f"A truth of {variables} variables at {self.cycles} times")

    @property
    def interval(self) -> float:
        """Time from one observation time to the next, and from the start to the first."""
        return self.dt * self.observe_every

    @property
    def end(self) -> float:
        """The last observation time."""
        return self.interval * self.cycles


def setup_of(presets: Mapping[str, AnySetup], preset: str, given: Mapping[str, Any]) -> AnySetup:
    """The values of a preset, except for options that are given (not None).

    Arguments:
        presets: the presets by name.
        preset: the name of the preset.
        given: all options by name; others than those of a set-up are left aside. The `locals()` of
            an `__init__` that begins with this call are its arguments.

    Errors: `PlugaxError` if there is no such preset.
    """
    if preset not in presets:
        raise PlugaxError(f"A preset is one of {', '.join(presets)}; got {preset!r}.")
    names = [field.name for field in dataclasses.fields(presets[preset])]
    values = {name: given[name] for name in names if given[name] is not None}
    return dataclasses.replace(presets[preset], **values)


def values_of(presets: Mapping[str, Setup]) -> dict[str, dict[str, Any]]:
    """The values of the options in every preset, as Plugax shows them."""
    return {name: dataclasses.asdict(setup) for name, setup in presets.items()}


def _check_between(name, value, *, least=-math.inf, above=-math.inf, below=math.inf):
    if not (value >= least and value > above and value < below):
        words = [f"at least {least}"] if math.isfinite(least) else []
        words += [f"above {above}"] if math.isfinite(above) else []
        words += [f"below {below}"] if math.isfinite(below) else []
        raise PlugaxError(f"{name} must be {' and '.join(words) or 'finite'}; got {value}.")
