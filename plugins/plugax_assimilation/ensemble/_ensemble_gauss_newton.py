"""Gauss–Newton iterations in the space of an ensemble.

    x = x̄ + wᵀ A,   J(w) = ½ ζ ‖w‖² + ½ ‖R^{-½} (y − G(x))‖²,   ζ = N − 1

G runs the model and applies the observation operator. With the sensitivity Y of R^{-½} G to the
weights and the misfit d = R^{-½} (y − G(x)) at w, the next w is that of a linear analysis with the
innovation d + Yᵀ w.
"""

from collections.abc import Callable

import equinox as eqx
import jax
import jax.lax as lax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int, PyTree

from .._ensemble import Ensemble, ObservedEnsemble, mean_and_anomalies
from ._finite_size import inflation_for
from ._spectrum import spectrum
from ._transform import AbstractTransform, Dense, no_transform, transform_of
from ._triangle import triangular
from ._window_run import Run


class Minimum(eqx.Module):
    """The result of the iterations.

    Attributes:
        ensemble: (x̄ + wᵀ A, T A), the analysis at the start of the window.
        front: the analysis at the end of the window, (mean + Δwᵀ A', T A'). A' are T⁻¹ times the
            anomalies of the last run, with the T that this run started with, and Δw is the change
            of the weights after it.
        residual: R^{-½} (y − G(x)) of its mean, with G linearised around the last run.
        forecast: the run of the first iteration, before any observation was used.
        iterations: the number of iterations.
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


def minimise(
    start: Ensemble,
    run: Callable[[Ensemble], Run],
    *,
    iterations: int,
    tolerance: Float[Array, ""],
    certainty: Float[Array, ""] | None,
    any_root: bool,
) -> Minimum:
    """The ensemble (x̄ + wᵀ A, T A) at the minimum of J.

    Y comes from the ensemble (x̄ + wᵀ A, T A) of the iterate, by undoing T: Y = T⁻¹ anomalies. With
    a certainty xN, every iteration finds a new ζ, as the EnKF-N does.

    Members that are lost in the first run are replaced in `start`. If a member is lost in a later
    run, the sensitivity at T is unknown, so that run does not count: the iterations end with the
    result of the run before it.

    Arguments:
        start: the ensemble for which the weights are sought.
        run: runs an ensemble through the window.
        iterations: the largest number of iterations.
        tolerance: the iterations end when √(N − 1) ‖Δw‖ is below it.
        certainty: xN, or None.
        any_root: whether T may be a root that is not symmetric, which is quicker.
    """
    members, dtype = len(start), start.dtype
    least = jnp.asarray(members - 1, dtype)

    def ensemble_of(at: _Iterate) -> Ensemble:
        return (at.mean + at.weights @ at.anomalies)[None] + at.transform.apply(at.anomalies)

    def improve(at: _Iterate) -> _Iterate:
        ran, first = run(ensemble_of(at)), at.count == 0
        mean, anomalies = at.mean, at.anomalies
        if ran.lost is not None:
            begun = mean_and_anomalies(ran.start)
            mean, anomalies = _select(first, begun, (mean, anomalies))
        sensitivity = at.transform.undo(ran.seen.anomalies)
        innovation = ran.seen.innovation + at.weights @ sensitivity
        linear = ObservedEnsemble(sensitivity, innovation, ran.seen.count)
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
            forecast=_select(first, ran, at.forecast),
            count=at.count + 1,
            failed=at.failed,
        )
        if ran.lost is None:
            return after
        failed = ~first & (ran.lost > 0)
        ended = eqx.tree_at(lambda iterate: iterate.failed, at, failed)
        return _select(failed, ended, after)

    def is_unfinished(at: _Iterate) -> Array:
        far = least * jnp.sum(jnp.square(at.step)) > jnp.square(tolerance)
        return (at.count < iterations) & ~at.failed & (far | (at.count == 0))

    nothing = jax.tree.map(
        lambda leaf: jnp.zeros(leaf.shape, leaf.dtype), eqx.filter_eval_shape(run, start)
    )
    zero, one = jnp.zeros(members, dtype), jnp.ones((), dtype)
    unchanged = no_transform(members, nothing.seen.innovation.size, dtype)
    begin = _Iterate(
        *mean_and_anomalies(start),
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
    end = lax.while_loop(is_unfinished, improve, begin)
    mean_after, after = mean_and_anomalies(end.result)
    after = end.transform_before.undo(after)
    front = (mean_after + end.step @ after)[None] + end.transform.apply(after)
    return Minimum(ensemble_of(end), front, end.residual, end.forecast, end.count, end.inflation)


def _select(first: Bool[Array, ""], one: PyTree, other: PyTree) -> PyTree:
    """One tree of arrays or the other."""
    return jax.tree.map(lambda one, other: jnp.where(first, one, other), one, other)
