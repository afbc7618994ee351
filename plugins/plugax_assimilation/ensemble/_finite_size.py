"""The inflation that an ensemble of finite size needs, from its own innovation.

A finite ensemble leaves its mean and covariance uncertain. Integrating over both, with Jeffreys'
prior, gives a cost of the weights w that is not quadratic,

    J(w) = ½ ‖d − Yᵀ w‖² + ½ ν ln(ε + ‖w‖²),    ε = 1 + 1/N,  ν = N

Its minimum is that of the ETKF whose forecast covariance is A Aᵀ / ζ, with the ζ that minimises the
dual cost, a function of one number:

    D(ζ) = ½ dᵀ (I + YᵀY / ζ)⁻¹ d + ½ ε ζ − ½ ν ln ζ

So ζ = ν / (ε + ‖w(ζ)‖²), and the forecast is inflated by λ = √((N − 1) / ζ).

Sources: M. Bocquet, Nonlin. Processes Geophys. 18 (2011), doi 10.5194/npg-18-735-2011; M. Bocquet
and P. Sakov, 19 (2012), doi 10.5194/npg-19-383-2012, for the dual cost; M. Bocquet, P. N. Raanes
and A. Hannart, 22 (2015), doi 10.5194/npg-22-645-2015, for the mode of the prior; P. N. Raanes,
M. Bocquet and A. Carrassi, Q. J. R. Meteorol. Soc. 145 (2019), doi 10.1002/qj.3386.
"""

import jax.lax as lax
import jax.numpy as jnp
from jaxtyping import Array, Float

# The slope of the equation is below 1, and Newton's step is exact where the equation is linear.
# A smaller slope than this, far from the minimum, would give much too long a step.
_LEAST_SLOPE = 0.2
_MOST_STEPS = 50


def hyperprior(
    values: Float[Array, " rank"], members: int, certainty: Float[Array, ""]
) -> tuple[Float[Array, ""], Float[Array, ""]]:
    """ε and ν / (N − 1), both with two corrections.

    The prior of λ² has its mode at ε (N − 1) / ν, a little below 1, which balances the pull of the
    innovations. If the observations tell little, (I − K H) ≈ I, the mode must tend to 1, or the
    ensemble would shrink without cause. So both numbers are changed by the square root of the mode
    to the power of the mean eigenvalue of I − K H. Then both are multiplied by the certainty.

    Arguments:
        values: the eigenvalues of Y Yᵀ, zeros left out or not.
        members: N.
        certainty: xN; above 1 for ensembles that have less sampling error than random draws.
    """
    least = members - 1
    epsilon, nu = (members + 1) / members, members / least
    # The eigenvalues left out of the N are zero, and each counts 1.
    kept = (jnp.sum(least / (values + least)) + (members - len(values))) / members
    correction = (epsilon / nu) ** (kept / 2)
    return certainty * epsilon / correction, certainty * nu * correction


def inflation_for(
    values: Float[Array, " rank"],
    squares: Float[Array, " rank"],
    members: int,
    certainty: Float[Array, ""],
) -> Float[Array, ""]:
    """λ, by Newton's method in ln λ² from λ = 1.

    Arguments:
        values: s, the eigenvalues of Y Yᵀ.
        squares: c, with ‖w(ζ)‖² = Σ c / (s + ζ)².
        members: N.
        certainty: xN.
    """
    epsilon, nu = hyperprior(values, members, certainty)
    tolerance = jnp.sqrt(jnp.finfo(values.dtype).eps)

    def improve(at: tuple[Array, Array, Array]) -> tuple[Array, Array, Array]:
        log, _, steps = at
        zeta = (members - 1) * jnp.exp(-log)
        share = squares / jnp.square(values + zeta)
        total = epsilon + jnp.sum(share)
        slope = 1 - 2 * zeta * jnp.sum(share / (values + zeta)) / total
        step = (jnp.log(total / nu) - log) / jnp.maximum(slope, _LEAST_SLOPE)
        step = jnp.clip(step, -1, 1)
        return log + step, step, steps + 1

    def is_unfinished(at: tuple[Array, Array, Array]) -> Array:
        # The error after a step is of the order of the step squared.
        return (jnp.abs(at[1]) > tolerance) & (at[2] < _MOST_STEPS)

    zero, one = jnp.zeros((), values.dtype), jnp.ones((), values.dtype)
    log, _, _ = lax.while_loop(is_unfinished, improve, (zero, one, jnp.zeros((), int)))
    return jnp.exp(log / 2)
