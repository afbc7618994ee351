"""Gauss–Newton iterations in the space of an ensemble.

    x = x̄ + wᵀ A,   J(w) = ½ ζ ‖w‖² + ½ ‖R^{-½} (y − G(x))‖²,   ζ = N − 1

G runs the model and observes. Around w, with Y the sensitivity of R^{-½} G to the weights and d the
misfit R^{-½} (y − G(x)), the next w is that of a linear analysis with the innovation d + Yᵀ w.
"""

from collections.abc import Callable

import equinox as eqx
import jax
import jax.lax as lax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int, PyTree

from .._ensemble import Ensemble, Seen, split
from ._finite_size import inflation_for
from ._spectrum import spectrum
from ._transform import AbstractTransform, Dense, no_transform, transform_of
from ._triangle import triangular
from ._window_run import Run


class Minimum(eqx.Module):
    """What the iterations end with.

    Attributes:
        ensemble: (x̄ + wᵀ A, T A), the analysis at the start of the window.
        front: the same at its end, (mean + Δwᵀ A', T A'), with A' = T⁻¹ anomalies of the last run,
            undone by the T that this began with, and Δw the change of the weights after it.
        residual: R^{-½} (y − G(x)) of its mean, as far as G is linear from the last run on.
        forecast: the first iteration's run, before any observation counted.
        iterations: how many there were.
        inflation: λ, where ζ = (N − 1) / λ²; 1 without a prior of finite size.
    """

    ensemble: Ensemble
    front: Ensemble
    residual: Float[Array, " observed"]
    forecast: Run
    iterations: Int[Array, ""]
    inflation: Float[Array, ""]


class _Iterate(eqx.Module):
    mean: Float[Array, " state"]
    anomalies: Ensemble
    weights: Float[Array, " members"]
    transform: AbstractTransform
    inflation: Float[Array, ""]
    step: Float[Array, " members"]
    result: Ensemble
    residual: Float[Array, " observed"]
    transform_before: AbstractTransform
    forecast: Run
    count: Int[Array, ""]
    failed: Bool[Array, ""]


def minimised(
    start: Ensemble,
    run: Callable[[Ensemble], Run],
    *,
    iterations: int,
    tolerance: Float[Array, ""],
    certainty: Float[Array, ""] | None,
    any_root: bool,
) -> Minimum:
    """The ensemble (x̄ + wᵀ A, T A) at the minimum of J.

    Y is taken from the ensemble (x̄ + wᵀ A, T A) of the iterate, and T undone: Y = T⁻¹ anomalies.
    With a certainty xN, ζ is found anew in every iteration, as the EnKF-N does.

    Members that the first run loses are replaced in `start`. An iterate of which a later run loses
    a member says nothing of the sensitivity at T, so that run is not counted: the iterations end
    with what the run before it gave.

    Arguments:
        start: the ensemble whose weights are sought.
        run: runs an ensemble through the window.
        iterations: at most.
        tolerance: the iterations end where √(N − 1) ‖Δw‖ is below it.
        certainty: xN, or None.
        any_root: whether T may be another root than the symmetric one, which is quicker.
    """
    members, dtype = len(start), start.dtype
    least = jnp.asarray(members - 1, dtype)

    def ensemble_of(at: _Iterate) -> Ensemble:
        return (at.mean + at.weights @ at.anomalies)[None] + at.transform.apply(at.anomalies)

    def improved(at: _Iterate) -> _Iterate:
        ran, first = run(ensemble_of(at)), at.count == 0
        mean, anomalies = at.mean, at.anomalies
        if ran.lost is not None:
            begun = split(ran.start)
            mean, anomalies = _chosen(first, begun, (mean, anomalies))
        sensitivity = at.transform.undo(ran.seen.anomalies)
        innovation = ran.seen.innovation + at.weights @ sensitivity
        linear = Seen(sensitivity, innovation, ran.seen.count)
        inflation = jnp.ones((), dtype)
        if any_root and certainty is None and members <= innovation.size:
            root = triangular(linear)
            weights, transform = root.weights, Dense(root.transform, root.inverse)
        else:
            found = spectrum(linear)
            if certainty is not None:
                inflation = inflation_for(found.values, found.squared_weights(), members, certainty)
            zeta = least / jnp.square(inflation)
            weights = found.weights(zeta)
            transform = transform_of(found, zeta, inflation)
        after = _Iterate(
            mean=mean,
            anomalies=anomalies,
            weights=weights,
            transform=transform,
            inflation=inflation,
            step=weights - at.weights,
            result=ran.front,
            residual=innovation - weights @ sensitivity,
            transform_before=at.transform,
            forecast=_chosen(first, ran, at.forecast),
            count=at.count + 1,
            failed=at.failed,
        )
        if ran.lost is None:
            return after
        failed = ~first & (ran.lost > 0)
        ended = eqx.tree_at(lambda iterate: iterate.failed, at, failed)
        return _chosen(failed, ended, after)

    def going(at: _Iterate) -> Array:
        far = least * jnp.sum(jnp.square(at.step)) > jnp.square(tolerance)
        return (at.count < iterations) & ~at.failed & (far | (at.count == 0))

    nothing = jax.tree.map(
        lambda leaf: jnp.zeros(leaf.shape, leaf.dtype), eqx.filter_eval_shape(run, start)
    )
    zero, one = jnp.zeros(members, dtype), jnp.ones((), dtype)
    unchanged = no_transform(members, nothing.seen.innovation.size, dtype)
    begin = _Iterate(
        *split(start),
        weights=zero,
        transform=unchanged,
        inflation=one,
        step=zero,
        result=nothing.front,
        residual=nothing.seen.innovation,
        transform_before=unchanged,
        forecast=nothing,
        count=jnp.zeros((), int),
        failed=jnp.zeros((), bool),
    )
    end = lax.while_loop(going, improved, begin)
    mean_after, after = split(end.result)
    after = end.transform_before.undo(after)
    front = (mean_after + end.step @ after)[None] + end.transform.apply(after)
    return Minimum(ensemble_of(end), front, end.residual, end.forecast, end.count, end.inflation)


def _chosen(first: Bool[Array, ""], one: PyTree, other: PyTree) -> PyTree:
    """One tree of arrays or the other."""
    return jax.tree.map(lambda one, other: jnp.where(first, one, other), one, other)
