"""Steps that are taken back inside the compiled loop, because they came to nothing finite.

A step is skipped if one of its metrics is not finite (`may_be_infinite` aside), or if a number
among the unknowns would no longer be. (Elsewhere in the states of some solvers infinity and NaN
have a meaning, such as a loss that is not known yet.) The state stays, bit for bit; only the number
of the step goes on, and with it the key and the batch. The metrics are recorded as they came, and
beside them the metric `skipped`, which is 1 for such a step and 0 for all others.

The counts are a part of the state inside the runner, and of `Solution.recoveries` outside.
"""

from collections.abc import Mapping
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Int, PyTree

from ...errors import PlugaxError
from ...problems import AbstractProblem, Metrics
from ...solvers import AbstractSolver

SKIPPED = "skipped"
MOST_IN_A_ROW = 100
"""After so many skipped steps, one after the other, a run ends: it gets nowhere."""


class Guarded(eqx.Module):
    """A solver's state in a run that skips steps.

    Attributes:
        state: the solver's state.
        skipped: the number of steps that were skipped.
        in_a_row: the number of the latest steps that were all skipped.
    """

    state: PyTree
    skipped: Int[Array, "*members"]
    in_a_row: Int[Array, "*members"]


def guarded(state: PyTree) -> Guarded:
    """A state before the first step."""
    return Guarded(state, jnp.asarray(0, "int32"), jnp.asarray(0, "int32"))


def bare(state: PyTree) -> PyTree:
    """The solver's own state."""
    return state.state if isinstance(state, Guarded) else state


def is_finite(metrics: Metrics, may_be_infinite: set[str]) -> Bool[Array, ""]:
    """Whether all metrics that have to be finite are."""
    found = [
        jnp.all(jnp.isfinite(value))
        for name, value in metrics.items()
        if name not in may_be_infinite and jnp.issubdtype(value.dtype, jnp.inexact)
    ]
    return jnp.all(jnp.stack(found))


def after_step(
    problem: AbstractProblem,
    solver: AbstractSolver,
    before: Guarded,
    after: PyTree,
    metrics: Metrics,
    may_be_infinite: set[str],
) -> tuple[Guarded, Metrics]:
    """The state after a step, or before it if the step is skipped, and the metrics.

    Arguments:
        problem: the problem.
        solver: the solver.
        before: the state before the step.
        after: the solver's state after it.
        metrics: the metrics of the step.
        may_be_infinite: those that need not be finite.

    Errors: `PlugaxError` if a metric has the name that is needed here.
    """
    if SKIPPED in metrics:
        raise PlugaxError(
            f"{type(solver).__name__} on {type(problem).__name__} has a metric named {SKIPPED!r}, "
            "which is the name of the runner's own with on_non_finite='skip'; give the metric "
            "another name."
        )
    was, becomes = (solver.unknowns(problem, state) for state in (before.state, after))
    good = is_finite(metrics, may_be_infinite) & ~_lost(was, becomes)
    state = jax.tree.map(
        lambda new, old: jnp.where(good, new, old) if eqx.is_array(new) else new,
        after,
        before.state,
    )
    skip = (~good).astype("int32")
    counted = Guarded(state, before.skipped + skip, skip * (before.in_a_row + 1))
    return counted, {**metrics, SKIPPED: skip}


def counts_of(state: PyTree) -> dict[str, np.ndarray]:
    """The counts by name, as `Solution.recoveries` has them; none of a run that skips no steps."""
    if not isinstance(state, Guarded):
        return {}
    return {"skipped": np.asarray(state.skipped), "in_a_row": np.asarray(state.in_a_row)}


def counted_again(state: PyTree, counts: Mapping[str, Any], *, anew: Any) -> Guarded:
    """The state of a run that goes on, members along the leading axis, if any.

    Arguments:
        state: the solver's state.
        counts: those of `counts_of`.
        anew: for which members steps in a row are counted from zero again.
    """
    row = np.where(anew, 0, counts["in_a_row"])
    return Guarded(state, jnp.asarray(counts["skipped"], "int32"), jnp.asarray(row, "int32"))


def _lost(before: PyTree, after: PyTree) -> Bool[Array, ""]:
    """Whether any number that was finite before is no longer."""
    found = [
        jnp.any(jnp.isfinite(old) & ~jnp.isfinite(new))
        for old, new in zip(jax.tree.leaves(before), jax.tree.leaves(after), strict=True)
        if eqx.is_inexact_array(new)
    ]
    return jnp.any(jnp.stack(found)) if found else jnp.asarray(False)
