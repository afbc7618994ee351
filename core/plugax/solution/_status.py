"""How a run ended: a value with a message that names cause and remedy."""

import dataclasses
from collections.abc import Sequence

SUCCESSES = ("converged", "completed", "stopped", "pruned")
FAILURES = ("not-converged", "stalled", "non-finite", "interrupted")


@dataclasses.dataclass(frozen=True)
class Status:
    """How a run ended.

    Attributes:
        name: `"converged"` (the solver's own test), `"completed"` (all steps, by a solver that has
            no such test), `"stopped"` (by an observer, or because the data ended), `"pruned"` (by a
            race, since other members were ahead), `"not-converged"` (all steps, without passing the
            test), `"stalled"` (further steps would change nothing, and the test is not passed),
            `"non-finite"` or `"interrupted"`.
        message: the cause, and a remedy if there is one.
        remarks: sentences by problem and solver about the run, which a user should read even if it
            succeeded; see `AbstractProblem.remarks`.
    """

    name: str
    message: str
    remarks: Sequence[str] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "remarks", tuple(self.remarks))  # a list in files
        if self.name not in SUCCESSES + FAILURES:
            raise ValueError(f"A status is one of {SUCCESSES + FAILURES}; got {self.name!r}.")

    @property
    def success(self) -> bool:
        """Whether the run was successful."""
        return self.name in SUCCESSES

    def __str__(self) -> str:
        return " ".join([f"{self.name}: {self.message}", *self.remarks])


def converged(step: int) -> Status:
    """The solver's own test was passed."""
    return Status("converged", f"The solver converged after {_steps(step)}.")


def completed(step: int) -> Status:
    """All steps were run, and no test of convergence was asked for."""
    told = "The one step was run." if step == 1 else f"All {step} steps were run."
    return Status("completed", told)


def stopped(step: int, observer: str) -> Status:
    """An observer ended the run."""
    return Status("stopped", f"The observer {observer} ended the run after {_steps(step)}.")


def data_ended(step: int, steps: int) -> Status:
    """The data have no more batches."""
    return Status(
        "stopped",
        f"The data ended after {_steps(step)} of {steps}. For more, give an iterable that goes "
        "through its examples again, as the repeat() of grain does.",
    )


def pruned(step: int, rung: int, by: str) -> Status:
    """A race stopped the member."""
    return Status(
        "pruned",
        f"Stopped at rung {rung} of the race, after {_steps(step)}: others had a better {by}.",
    )


def not_converged(step: int) -> Status:
    """All steps were run without passing the solver's test."""
    return Status(
        "not-converged",
        f"The solver did not converge within {_steps(step)}. Allow more steps, loosen its "
        "tolerance, or start closer to the answer; the history tells whether it was getting there.",
    )


def stalled(step: int) -> Status:
    """No further step makes progress, and the solver's test is not passed."""
    return Status(
        "stalled",
        f"The solver can go no further after {_steps(step)}, and its test is not passed: further "
        "improvement is lost in rounding, the loss is not smooth here, or it does not depend on "
        "some unknown. Try float64, unknowns of similar size, or another starting point.",
    )


def non_finite(step: int, metric: str, value: float, kept: int) -> Status:
    """A metric was no longer a finite number."""
    returned = f"the unknowns of step {kept} are returned"
    returned = returned if kept < step else "it was not finite at the start already"
    return Status(
        "non-finite",
        f"The metric {metric!r} was {value} at step {step}; {returned}. Try a smaller step "
        "(learning rate, time step), another starting point, or float64.",
    )


def hopeless(step: int, skipped: int, metric: str, value: float) -> Status:
    """So many steps were skipped, one after the other, that the run gets nowhere."""
    last = f"the metric {metric!r} was {value}" if metric else "the state would not have been"
    return Status(
        "non-finite",
        f"The last {_steps(skipped)} of {step} were all skipped, since what they came to was not "
        f"finite: at step {step - 1} {last}. The unknowns before them are returned. Try a smaller "
        "step (learning rate, time step), another starting point, or float64.",
    )


def interrupted(step: int) -> Status:
    """The user interrupted the run."""
    return Status(
        "interrupted",
        f"Interrupted after {_steps(step)}. The state is intact: the run can be resumed from here.",
    )


def overall(statuses: Sequence[Status]) -> Status:
    """How the members of a population ended, in one status, named after the first failure, if any.

    Without a failure it is named after the first member that no race has stopped.

    Arguments:
        statuses: those of the members, one or more.
    """
    names = [status.name for status in statuses]
    counts = ", ".join(f"{names.count(name)} {name}" for name in dict.fromkeys(names))
    first = next((status for status in statuses if not status.success), None)
    ended = next((status for status in statuses if status.name != "pruned"), statuses[0])
    chosen = ended if first is None else first
    remarks = dict.fromkeys(remark for status in statuses for remark in status.remarks)
    cause = "" if first is None else f" {first.message}"
    return Status(chosen.name, f"Of {len(names)} members: {counts}.{cause}", [*remarks])


def _steps(count: int) -> str:
    return "1 step" if count == 1 else f"{count} steps"
