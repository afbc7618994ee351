"""An ensemble run through a window, and its values in the space of the observations."""

from collections.abc import Callable

import equinox as eqx
import jax
import jax.lax as lax
import jax.numpy as jnp
from jaxtyping import Array, Int, Key, PRNGKeyArray

from plugax_state_space import AbstractStateSpace, Cycle

from .._ensemble import Ensemble, ObservedEnsemble, forecast, observed_of, seen_from
from .._replacement import has_finite_observations, is_sound, replace_unsound


class Run(eqx.Module):
    """A run through a window.

    Attributes:
        start: the ensemble at the window's start; copies of sound members for those that were lost.
        front: the ensemble at the window's end.
        seen: the ensemble in the space of the newest times' observations, one time after another.
        lost: how many members were lost; None if this is not counted.
    """

    start: Ensemble
    front: Ensemble
    seen: ObservedEnsemble
    lost: Int[Array, ""] | None


def run_through(
    problem: AbstractStateSpace,
    start: Ensemble,
    *,
    before: Callable[[Ensemble], Ensemble],
    cycles: Cycle,
    keys: Key[Array, " cycles"],
    replacement: PRNGKeyArray | None,
) -> Run:
    """The ensemble run to some cycles and through them, and its values for their observations.

    A member is lost if it is not sound at the start or at the end, or if its observations are not
    finite. Another one takes its place from start to end, so that runs and observations agree.

    Arguments:
        problem: the problem.
        start: the ensemble at the start of the window.
        before: runs the ensemble to the first of the cycles.
        cycles: the cycles that are assimilated.
        keys: random keys of the model error, one per cycle.
        replacement: random key for the replacement of lost members; None to leave them.
    """

    def through(ensemble: Ensemble, here: tuple[Cycle, PRNGKeyArray]) -> tuple[Ensemble, Array]:
        ensemble = forecast(problem, ensemble, *here)
        return ensemble, observed_of(problem, ensemble, here[0])

    front, observed = lax.scan(through, before(start), (cycles, keys))
    lost = None
    if replacement is not None:
        kept = is_sound(start) & is_sound(front)
        kept &= jnp.all(jax.vmap(has_finite_observations)(observed, cycles.available), 0)
        rows = (start, front, jnp.swapaxes(observed, 0, 1))
        (start, front, rows), lost = replace_unsound(rows, replacement, kept)
        observed = jnp.swapaxes(rows, 0, 1)
    seen = jax.vmap(lambda observed, cycle: seen_from(problem, observed, cycle))(observed, cycles)
    anomalies = jnp.swapaxes(seen.anomalies, 0, 1).reshape(len(start), -1)
    return Run(
        start,
        front,
        ObservedEnsemble(anomalies, seen.innovation.reshape(-1), jnp.sum(seen.count)),
        lost,
    )
