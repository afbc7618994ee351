"""What a run or a sweep needs: the answer of `estimate`."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any


@dataclasses.dataclass(frozen=True)
class Estimate:
    """What a run needs. Sizes are in bytes; a sweep of several programs is summed up.

    Attributes:
        steps: the maximum number of steps.
        programs: the number of programs that are run one after the other.
        members: the number of members of each program; 1 for a single run.
        block: the number of members computed side by side.
        memory: the most memory that is held at once.
        memory_parts: of what it consists, by name.
        memory_free: the memory that the run may take; None if it is not known.
        most_members: the largest population that fits, one member after the other if need be; None
            for a single run, or if the free memory is not known.
        compile_seconds: the time to compile; almost none for programs that are kept.
        step_seconds: the time of a step, of all members together; None if the run does not fit.
        evaluation_seconds: the time of an evaluation; None if the run does not fit.
        seconds: the time of all steps and evaluations, if the run does not end early; None if the
            run does not fit.
        disk: the size of the saved run; None without `out`, or if the run does not fit.
        disk_free: the free space there; None without `out`.
        obstacles: why the run cannot be done, and what could; empty if it fits.
    """

    steps: int
    programs: int
    members: int
    block: int
    memory: int
    memory_parts: Mapping[str, int]
    memory_free: int | None
    most_members: int | None
    compile_seconds: float
    step_seconds: float | None
    evaluation_seconds: float | None
    seconds: float | None
    disk: int | None
    disk_free: int | None
    obstacles: tuple[str, ...]

    @property
    def fits(self) -> bool:
        """Whether the run can be done here."""
        return not self.obstacles


def together(found: Sequence[Estimate]) -> Estimate:
    """The estimate of several programs that are run one after the other."""
    largest = max(found, key=lambda one: one.memory)
    most = [one.most_members for one in found if one.most_members is not None]
    return dataclasses.replace(
        largest,
        steps=max(one.steps for one in found),
        programs=len(found),
        most_members=min(most, default=None),
        compile_seconds=sum(one.compile_seconds for one in found),
        step_seconds=_sum([one.step_seconds for one in found]),
        evaluation_seconds=_sum([one.evaluation_seconds for one in found]),
        seconds=_sum([one.seconds for one in found]),
        disk=_sum([one.disk for one in found]),
        obstacles=tuple(dict.fromkeys(why for one in found for why in one.obstacles)),
    )


def _sum(values: list) -> Any:
    return None if None in values else sum(values)
