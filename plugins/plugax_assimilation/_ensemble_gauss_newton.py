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
from jax.scipy.linalg import cho_factor, cho_solve
from jaxtyping import Array, Float, Int

from ._ensemble import Ensemble, Seen, split
from ._finite_size import inflation_for
from ._spectrum import spectrum


class Minimum(eqx.Module):
    """What the iterations end with.

    Attributes:
        ensemble: (x̄ + wᵀ A, T A), the analysis at the start of the window.
        front: the same at its end, (mean + Δwᵀ A', T A'), with A' = T⁻¹ anomalies of the last run,
            undone by the T that this began with, and Δw the change of the weights after it.
        forecast: what the first iteration's run ended with, before any observation counted.
        seen: what the observations saw of that.
        iterations: how many there were.
        inflation: λ, where ζ = (N − 1) / λ²; 1 without a prior of finite size.
    """

    ensemble: Ensemble
    front: Ensemble
    forecast: Ensemble
    seen: Seen
    iterations: Int[Array, ""]
    inflation: Float[Array, ""]


class _Iterate(eqx.Module):
    weights: Float[Array, " members"]
    transform: Float[Array, "members members"]
    inflation: Float[Array, ""]
    step: Float[Array, " members"]
    result: Ensemble
    transform_before: Float[Array, "members members"]
    forecast: tuple[Ensemble, Seen]
    count: Int[Array, ""]


def minimised(
    start: Ensemble,
    run: Callable[[Ensemble], tuple[Ensemble, Seen]],
    *,
    iterations: int,
    tolerance: Float[Array, ""],
    certainty: Float[Array, ""] | None,
) -> Minimum:
    """The ensemble (x̄ + wᵀ A, T A) at the minimum of J.

    Y is taken from the ensemble (x̄ + wᵀ A, T A) of the iterate, and T undone: Y = T⁻¹ anomalies.
    With a certainty xN, ζ is found anew in every iteration, as the EnKF-N does.

    Arguments:
        start: the ensemble whose weights are sought.
        run: gives the ensemble at the end of the window, and what the observations see of it.
        iterations: at most.
        tolerance: the iterations end where √(N − 1) ‖Δw‖ is below it.
        certainty: xN, or None.
    """
    mean, anomalies = split(start)
    members, dtype = len(start), start.dtype
    eye = jnp.eye(members, dtype=dtype)
    least = jnp.asarray(members - 1, dtype)

    def ensemble_of(at: _Iterate) -> Ensemble:
        return (mean + at.weights @ anomalies)[None] + at.transform @ anomalies

    def improved(at: _Iterate) -> _Iterate:
        result = run(ensemble_of(at))
        seen = result[1]
        sensitivity = cho_solve(cho_factor(at.transform), seen.anomalies)
        linear = Seen(sensitivity, seen.innovation + at.weights @ sensitivity, seen.count)
        found, inflation = spectrum(linear), jnp.ones((), dtype)
        if certainty is not None:
            inflation = inflation_for(found.values, found.squared_weights(), members, certainty)
        zeta = least / jnp.square(inflation)
        weights = found.weights(zeta)
        first = at.count == 0
        kept = jax.tree.map(lambda new, old: jnp.where(first, new, old), result, at.forecast)
        return _Iterate(
            weights=weights,
            transform=inflation * found.transformed(eye, zeta),
            inflation=inflation,
            step=weights - at.weights,
            result=result[0],
            transform_before=at.transform,
            forecast=kept,
            count=at.count + 1,
        )

    def going(at: _Iterate) -> Array:
        far = least * jnp.sum(jnp.square(at.step)) > jnp.square(tolerance)
        return (at.count < iterations) & (far | (at.count == 0))

    nothing = jax.tree.map(
        lambda leaf: jnp.zeros(leaf.shape, leaf.dtype), eqx.filter_eval_shape(run, start)
    )
    zero, one = jnp.zeros(members, dtype), jnp.ones((), dtype)
    begin = _Iterate(zero, eye, one, zero, nothing[0], eye, nothing, jnp.zeros((), int))
    end = lax.while_loop(going, improved, begin)
    mean_after, after = split(end.result)
    after = cho_solve(cho_factor(end.transform_before), after)
    front = (mean_after + end.step @ after)[None] + end.transform @ after
    return Minimum(ensemble_of(end), front, *end.forecast, end.count, end.inflation)
