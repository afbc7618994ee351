"""Robust losses: observations far from the fit count less than their squares.

With residuals r, a scale c and z = (r/c)², the loss is

    Σ ½ c² ρ(z) = ½ ‖r̃‖²,      r̃ = r √(ρ(z)/z),

so that every solver of least squares minimises it, given r̃ for r. With ρ(z) = z for small z,
residuals well below c count as their squares do.

    huber      z for z ≤ 1, else 2√z − 1
    soft-l1    2 (√(1 + z) − 1)
    cauchy     log(1 + z)
    arctan     arctan z
    bisquare   (1 − (1 − z)³) / 3 for z ≤ 1, else 1/3

The first two are convex. The others ignore what is very far away, and have several minima.
The losses and c are those of SciPy's `least_squares` (`loss`, `f_scale`).

Source: Huber 1964, doi 10.1214/aoms/1177703732; Beaton and Tukey 1974, doi 10.2307/1267936; Triggs
and others 2000, Bundle Adjustment, section 4.3, doi 10.1007/3-540-44480-7_21.
"""

import math
from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from plugax import PlugaxError

from ._prediction import Spread


class RobustLoss(NamedTuple):
    """A robust loss.

    Attributes:
        rho: ρ.
        efficient_scale: c in standard deviations of normal residuals, for which the estimates of a
            mean have a variance of 1/0.95 of that of least squares.
    """

    rho: Callable[[Array], Array]
    efficient_scale: float


def _huber(z: Array) -> Array:
    outside = z > 1
    return jnp.where(outside, 2 * jnp.sqrt(jnp.where(outside, z, 1)) - 1, z)


def _soft_l1(z: Array) -> Array:
    return 2 * z / (1 + jnp.sqrt(1 + z))  # which loses no digits of small z


def _bisquare(z: Array) -> Array:
    inside = jnp.minimum(z, jnp.ones_like(z))
    return inside * (1 - inside + inside * inside / 3)


LOSSES = {
    "huber": RobustLoss(_huber, 1.345),
    "soft-l1": RobustLoss(_soft_l1, 1.2871),
    "cauchy": RobustLoss(jnp.log1p, 2.3849),
    "arctan": RobustLoss(jnp.arctan, 2.5714),
    "bisquare": RobustLoss(_bisquare, 4.6851),
}


def scale_of(name: str | None, scale: float | None, *, known: bool) -> float | None:
    """The scale c of a loss: what was given, or by default that for known standard deviations.

    Arguments:
        name: the name of the loss; None for squares, which have no scale.
        scale: the scale that was given, or None.
        known: whether the residuals are in units of known standard deviations.

    Errors: `PlugaxError` if there is no such loss, and for a scale that is missing, not used, or
    not positive and finite.
    """
    if name is None:
        if scale is not None:
            raise PlugaxError("robust_scale needs robust, the name of a loss such as 'huber'.")
        return None
    if name not in LOSSES:
        raise PlugaxError(f"There is no robust loss {name!r}; there are {', '.join(LOSSES)}.")
    usual = LOSSES[name].efficient_scale
    if scale is None and not known:
        raise PlugaxError(
            f"robust={name!r} needs robust_scale, the size of a residual beyond which it counts "
            f"less: {usual:g} standard deviations of the good observations is usual."
        )
    chosen = usual if scale is None else float(scale)
    if not 0 < chosen < math.inf:
        raise PlugaxError(f"robust_scale must be positive and finite; got {chosen:g}.")
    return chosen


def robust_residuals(
    name: str, scale: Float[Array, ""], residuals: Float[Array, "..."]
) -> Float[Array, "..."]:
    """r̃, whose half squared norm is the loss.

    Arguments:
        name: of the loss.
        scale: c, in the unit of the residuals.
        residuals: r.
    """
    z = jnp.square(residuals / scale)
    counts = z > jnp.finfo(z.dtype).eps  # below, ρ(z)/z is 1 to the last digit
    z = jnp.where(counts, z, 1)
    return residuals * jnp.sqrt(jnp.where(counts, LOSSES[name].rho(z) / z, 1))


def spread_of(
    name: str,
    scale: Float[Array, ""],
    residuals: Float[Array, " points"],
    freedom: Int[Array, ""],
) -> Spread:
    """The spread at the minimum of a robust loss.

    With ψ(r) = r ρ'(z) the derivative of the loss, n residuals and p estimates,

        κ² = K² (Σψ² / (n − p)) / m²,    m = mean ψ',    K = 1 + (p/n) var ψ' / m²,

    which is s² for least squares. It holds if all residuals have the same distribution, whatever it
    is. The standard deviation of an observation is 1.4826 median |r|, which is right for normal
    residuals and insensitive to outliers.

    Arguments:
        name: of the loss.
        scale: c.
        residuals: r.
        freedom: n − p.

    Source: Huber 1981, Robust Statistics, section 7.6, doi 10.1002/0471725250; `H1` of statsmodels.
    """

    def influence(r: Array) -> Array:
        z = jnp.square(r / scale)
        return r * jax.vmap(jax.grad(LOSSES[name].rho))(z)

    psi, slope = jax.jvp(influence, (residuals,), (jnp.ones_like(residuals),))
    mean, count = jnp.mean(slope), residuals.size
    known = (freedom > 0) & (mean > 0)
    mean, freedom = jnp.where(known, mean, 1), jnp.where(known, freedom, 1).astype(mean.dtype)
    correction = 1 + (count - freedom) / count * jnp.var(slope) / jnp.square(mean)
    # In the unit of the scale, since the squares of very small numbers are zero.
    deviation = scale * jnp.sqrt(jnp.sum(jnp.square(psi / scale)) / freedom)
    return Spread(
        observations=1.4826 * jnp.median(jnp.abs(residuals)),
        estimates=jnp.where(known, correction * deviation / mean, jnp.inf),
    )
