"""The statistics of a generalised linear model: errors, deviance, dispersion, criteria.

With W = (dμ/dη)² I(μ), I the expected information of a row about its mean, the covariance of the
coefficients is φ (Xᵀ W X)⁻¹. The dispersion is Pearson's,

    φ = Σ (y − μ)² I(μ) / (n − p),

for a family that has one, and 1 otherwise. Coefficients and shape are orthogonal: each has its own
information. A dispersion counts as a parameter.

Source: McCullagh and Nelder 1989, chapter 2, doi 10.1201/9780203753736.
"""

import math
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
from jax.scipy.special import ndtr
from jaxtyping import Array, Bool, Float

from ._determined import determination_of
from ._families import Family, Observed
from ._links import Link
from ._ordinary import predictions_of
from ._significance import p_values_of

if TYPE_CHECKING:
    from ._generalised import GeneralisedLinearModel

NULL_STEPS = 60


def statistics_of(
    problem: "GeneralisedLinearModel",
    unknowns: Float[Array, " unknowns"],
    held: Bool[Array, " unknowns"] | None,
) -> dict[str, Any]:
    """The metrics of any unknowns.

    Arguments:
        problem: the model.
        unknowns: β, and the logarithm of the shape if there is one.
        held: which unknowns were held; None for none.
    """
    family, terms = problem.known_family, len(problem.terms)
    coefficients, shape = problem.split(unknowns)
    rows = Observed(problem.response, problem.trials, shape, problem.freedom)
    eta, mean, weights = moments(problem, coefficients, rows)
    held_terms = None if held is None else held[:terms]
    design = problem.design * jnp.sqrt(weights)[:, None]
    determination = determination_of(design, held_terms)
    points = problem.response.size
    freedom = jnp.asarray(points - determination.rank, eta.dtype)
    pearson = jnp.sum(jnp.square(rows.y - mean) * family.information(mean, rows))
    dispersion = pearson / freedom if family.dispersed else jnp.ones_like(pearson)
    errors = jnp.sqrt(dispersion) * determination.relative_deviations
    errors = jnp.where(determination.held, 0, errors)
    ratios = coefficients / errors
    normal = 2 * ndtr(-jnp.abs(ratios))
    found: dict[str, Any] = {
        "coefficients": coefficients,
        "terms": list(problem.terms),
        "standard_errors": errors,
        "t_values" if family.dispersed else "z_values": ratios,
        "p_values": p_values_of(ratios, freedom) if family.dispersed else normal,
        "degrees_of_freedom": points - determination.rank,
        "correlations": determination.correlations,
    }
    loss = problem.loss(unknowns, problem.data.first(), jax.random.key(0))[0]
    likelihood = -loss
    if family.deviance is not None:
        link, intercept = problem.known_link, "intercept" in problem.terms
        null = null_predictor(
            family,
            link,
            problem.offset,
            rows,
            intercept=intercept,
            shifted=problem.has_offset,
        )
        deviance = jnp.sum(family.deviance(mean, rows))
        greatest = jnp.sum(family.deviance(link.mean(null) * jnp.ones_like(mean), rows))
        found["deviance"] = deviance
        found["null_deviance"] = greatest
        found["deviance_explained"] = explained(deviance, greatest)
        found["dispersion"] = pearson / freedom
        if family.likelihood is not None:
            likelihood = family.likelihood(rows.y, mean, deviance)
    counted = determination.rank + int(family.dispersed)
    if family.shape is not None:
        free = jnp.ones((), bool) if held is None else ~held[-1]
        error = jnp.where(free, _shape_error(problem, unknowns), 0)
        found |= {family.shape: shape, f"{family.shape}_standard_error": error}
        counted = counted + free.astype(counted.dtype)
    counted = jnp.asarray(counted, eta.dtype)
    found["log_likelihood"] = likelihood
    found["aic"] = 2 * counted - 2 * likelihood
    found["bic"] = math.log(points) * counted - 2 * likelihood
    return found


def explained(deviance: Array, null: Array) -> Array:
    """1 − deviance / null deviance, a pseudo-R²; 0 if there is nothing to explain."""
    return jnp.where(null > 0, 1 - deviance / jnp.where(null > 0, null, 1), 0)


def moments(
    problem: "GeneralisedLinearModel", coefficients: Float[Array, " terms"], rows: Observed
) -> tuple[Array, Array, Array]:
    """η, μ and W of every row."""
    eta = predictions_of(problem.design, coefficients) + problem.offset
    mean, slope = _mean_and_slope(problem.known_link, eta)
    return eta, mean, jnp.square(slope) * problem.known_family.information(mean, rows)


def _mean_and_slope(link: Link, eta: Array) -> tuple[Array, Array]:
    return jax.jvp(link.mean, (eta,), (jnp.ones_like(eta),))


def _shape_error(problem: "GeneralisedLinearModel", unknowns: Float[Array, " unknowns"]) -> Array:
    """The standard error of the shape, from the curvature of the loss along it."""
    batch = problem.data.first()

    def along(shape: Array) -> Array:
        return problem.loss(unknowns.at[-1].set(jnp.log(shape)), batch, jax.random.key(0))[0]

    curvature = jax.grad(jax.grad(along))(jnp.exp(unknowns[-1]))
    return jnp.where(curvature > 0, 1 / jnp.sqrt(jnp.where(curvature > 0, curvature, 1)), jnp.inf)


def null_predictor(
    family: Family, link: Link, offset: Array, rows: Observed, *, intercept: bool, shifted: bool
) -> Array:
    """η of the model with an intercept alone, or of none, by Fisher's scoring.

    Arguments:
        family: the family.
        link: the link.
        offset: the offset of every row.
        rows: what was observed.
        intercept: whether there is an intercept.
        shifted: whether there is an offset; without one, no scoring is needed.
    """
    if not intercept:
        return offset

    def score(_: Any, level: Array) -> Array:
        mean, slope = _mean_and_slope(link, level + offset)
        weights = slope * family.information(mean, rows)
        return level + jnp.sum(weights * (rows.y - mean)) / jnp.sum(weights * slope)

    total = jnp.sum(rows.trials * rows.y) / jnp.sum(rows.trials)
    level = link.predictor(total)
    if shifted:
        level = level - jnp.mean(offset)
    return jax.lax.fori_loop(0, NULL_STEPS * shifted, score, level) + offset
