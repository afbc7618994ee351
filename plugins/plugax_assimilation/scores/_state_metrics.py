"""The metrics of methods whose analysis is a state, not an ensemble."""

from typing import Literal, get_args

from jaxtyping import Array, Float

from plugax_state_space import AbstractStateSpace, Cycle

from .._ensemble import as_unknowns
from ._verification import Metrics, rmse

KeepMean = Literal["nothing", "mean"]
KEEP_MEAN = get_args(KeepMean)


def state_metrics(
    problem: AbstractStateSpace,
    cycle: Cycle,
    *,
    loss: Float[Array, ""],
    background: Float[Array, " state"],
    analysis: Float[Array, " state"],
    keep: KeepMean,
) -> Metrics:
    """The metrics that all of them have; errors are left out if the truth is not known.

    Arguments:
        problem: the problem.
        cycle: the cycle of the analysis, which defines `time`.
        loss: the method's cost of the background.
        background: the state at the time of the cycle, without its observations.
        analysis: the state at the time of the cycle, with its observations.
        keep: whether the analysis is stored in the history.
    """
    metrics = {"loss": loss, "time": cycle.time}
    if cycle.truth is not None:
        metrics["analysis_rmse"] = rmse(problem, analysis, cycle)
        metrics["forecast_rmse"] = rmse(problem, background, cycle)
    metrics |= problem.diagnose(as_unknowns(problem, analysis))
    if keep == "mean":
        metrics["analysis"] = analysis
    return metrics
