"""`verify`: a stretch of a saved run, run again and compared to the bit."""

import dataclasses
import os
import pathlib
from typing import Any

import equinox as eqx
import numpy as np

from ..errors import PlugaxError
from ..solution import named_arrays
from .saved._load import load
from .saved._nearest import Run, go_to, starts_of

MOST_STEPS = 1000


@dataclasses.dataclass(frozen=True)
class Verification:
    """What came of running a stretch again.

    Attributes:
        first: the step that it began from.
        last: the step that it ended after.
        numbers: how many numbers were compared: of the history, and of the state if one is saved
            for the last step.
        difference: the first that is another one, in words; None if all are equal to the bit.
    """

    first: int
    last: int
    numbers: int
    difference: str | None

    @property
    def success(self) -> bool:
        """Whether all numbers are equal to the bit."""
        return self.difference is None

    def __str__(self) -> str:
        told = f"steps {self.first} to {self.last} were run again: "
        same = f"all {self.numbers} numbers are the same to the bit"
        return told + (same if self.difference is None else self.difference)


def verify(
    path: str | os.PathLike, *, steps: int | None = None, seed: int | None = None, **given: Any
) -> Verification:
    """Run a stretch of a saved run again, from one of its snapshots, and compare the bits.

    All files are compared with their SHA-256 first. The stretch begins at a random snapshot, or at
    the beginning of the run, and ends at the next snapshot, or after so many steps.

    Arguments:
        path: the directory of the run.
        steps: the most steps to run; by default 1000.
        seed: of the random choice; by default another one every time.
        given: problem and solver, as for `load`.

    Errors: those of `load`; `PlugaxError` if nothing can be compared.
    """
    most = MOST_STEPS if steps is None else steps
    if isinstance(most, bool) or not isinstance(most, int) or most < 1:
        raise PlugaxError(f"steps must be a whole number, at least 1; got {steps!r}.")
    directory = pathlib.Path(path)
    last = load(directory, **given)
    starts = starts_of(directory, last)
    end = int(np.max(last.steps))
    marks = sorted({*starts, end})
    begins = [step for step in starts if step < end]
    if not begins:
        raise PlugaxError(
            f"Nothing can be run again of {directory}: it has no state before its last step "
            f"({end}). Keep more snapshots: --keep-last, or keep_last=…."
        )
    first = int(np.random.default_rng(seed).choice(begins))
    place = starts[first]
    before = None if place is None else load(place, **given)
    following = next(step for step in marks if step > first)
    stop = min(following, first + most)
    again = go_to(last, before, stop)
    saved = last if following == end else load(starts[following], **given)  # type: ignore[arg-type]
    numbers, difference = _compare(last, again, first, stop)
    if stop == following and difference is None:
        more, difference = _compare_states(saved, again)
        numbers += more
    if not numbers:
        raise PlugaxError(
            f"Nothing can be compared in steps {first} to {stop} of {directory}: its history was "
            f"not recorded there, and the next snapshot is of step {following}. Allow more steps."
        )
    return Verification(first, stop, numbers, difference)


def _compare(last: Run, again: Run, first: int, stop: int) -> tuple[int, str | None]:
    """How many numbers of the history were compared, and the first that differs."""
    every = last.provenance["run"]["record_every"]
    axes = np.ndim(last.steps)
    rows = slice(-(-first // every), -(-stop // every))
    at = (slice(None),) * axes + (rows,)
    numbers, found = 0, []
    for name, values in last.series.items():
        was, now = values[at], again.series[name][at]
        # A member that ended earlier has fewer rows.
        count = min(was.shape[axes], now.shape[axes])
        cut = (slice(None),) * axes + (slice(count),)
        was, now = (np.moveaxis(x[cut], axes, 0) for x in (was, now))
        numbers += was.size
        differ = _differ(was, now)
        if differ.any():
            row = int(np.argmax(differ.reshape(count, -1).any(axis=1)))
            place = np.unravel_index(int(np.argmax(differ[row])), differ[row].shape)
            step = (rows.start + row) * every
            found.append(
                (step, f"{name} of step {step} is {now[row][place]!s}, and was {was[row][place]!s}")
            )
    return numbers, min(found)[1] if found else None


def _compare_states(saved: Run, again: Run) -> tuple[int, str | None]:
    was, now = (named_arrays(eqx.filter(run.state, eqx.is_array)) for run in (saved, again))
    numbers = 0
    for name, values in was.items():
        numbers += values.size
        differ = _differ(values, now[name].reshape(values.shape))
        if differ.any():
            place = np.unravel_index(int(np.argmax(differ)), differ.shape)
            told = f"{now[name].reshape(values.shape)[place]!s}, and was {values[place]!s}"
            return numbers, f"the state's {name} after step {int(np.max(saved.steps))} is {told}"
    return numbers, None


def _differ(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Where the bits differ; one NaN is as good as another."""
    if a.size == 0:
        return np.zeros(a.shape, bool)
    flat = [np.ascontiguousarray(x).reshape(-1).view(np.uint8).reshape(x.size, -1) for x in (a, b)]
    differ = (flat[0] != flat[1]).any(axis=-1).reshape(a.shape)
    if a.dtype.kind in "fc":
        differ &= ~(np.isnan(a) & np.isnan(b))
    return differ
