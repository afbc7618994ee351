"""What a penalised model explains, and with how many coefficients.

With H the curvature of the loss in the coefficients that are not 0 and α < 1, the effective degrees
of freedom are those of a ridge regression of these, tr H (H + λ(1 − α))⁻¹; for the lasso they are
the number of these coefficients. The intercept is not counted.

Source: Zou, Hastie and Tibshirani 2007, On the degrees of freedom of the lasso, doi
10.1214/009053607000000127; Hastie, Tibshirani and Friedman 2009, The Elements of Statistical
Learning, section 3.4, doi 10.1007/978-0-387-84858-7.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from plugax import Table

from ._generalised_statistics import explained
from ._ordinary import predictions_of

if TYPE_CHECKING:
    from ._penalised import PenalisedRegression


def statistics_of(
    problem: "PenalisedRegression", unknowns: Float[Array, " terms"]
) -> dict[str, Any]:
    """The metrics of any coefficients.

    Arguments:
        problem: the model.
        unknowns: b, the coefficients of standardised columns.
    """
    batch, key = problem.data.first(), jax.random.key(0)
    gradient = jax.grad(lambda b: problem.smooth(b, batch, key)[0])(unknowns)
    one = jnp.ones((), unknowns.dtype)
    deviance, null = deviances_of(problem, unknowns)
    curvature = problem.curvature(unknowns, batch, key)
    return {
        "coefficients": problem.constrained(unknowns),
        "terms": list(problem.terms),
        "standardised": unknowns,
        "deviance": deviance,
        "null_deviance": null,
        "deviance_explained": explained(deviance, null),
        "nonzero": nonzero(problem, unknowns),
        "effective_degrees_of_freedom": degrees_of_freedom(problem, unknowns, curvature),
        "violation": jnp.max(jnp.abs(unknowns - problem.proximal(unknowns - gradient, one))),
    }


def deviances_of(
    problem: "PenalisedRegression", unknowns: Float[Array, " terms"]
) -> tuple[Float[Array, ""], Float[Array, ""]]:
    """The deviance, and that of the model with an intercept alone, of the rows that count."""
    eta = predictions_of(problem.design, unknowns) + problem.offset

    def deviance(eta: Float[Array, " points"]) -> Float[Array, ""]:
        return jnp.sum(problem.counted * row_deviances(problem, eta))

    return deviance(eta), deviance(problem.null)


def row_deviances(
    problem: "PenalisedRegression", eta: Float[Array, " points"]
) -> Float[Array, " points"]:
    """d of every row, without cancellation where a probability rounds to 0 or 1."""
    likelihood = problem.known_family.log_likelihood(problem.known_link, eta, problem.rows)
    return 2 * (problem.saturated - likelihood)


def nonzero(problem: "PenalisedRegression", unknowns: Float[Array, " terms"]) -> Array:
    """The number of coefficients besides the intercept that are not 0."""
    return jnp.sum(unknowns[int(problem.intercept) :] != 0)


def degrees_of_freedom(
    problem: "PenalisedRegression",
    unknowns: Float[Array, " terms"],
    curvature: Float[Array, "terms terms"],
) -> Float[Array, ""]:
    """The effective degrees of freedom.

    Arguments:
        problem: the model.
        unknowns: b.
        curvature: of the loss without the penalty, for all coefficients.
    """
    active = (unknowns != 0) | (problem.penalised == 0)
    ridge = problem.strength * (1 - problem.mixing)
    within = jnp.where(active[:, None] & active[None], curvature, 0)
    added = jnp.diag(jnp.where(active, ridge * problem.penalised, 1))
    shares = jnp.diag(jnp.linalg.solve(within + added, within))
    count = nonzero(problem, unknowns).astype(unknowns.dtype)
    # Without a ridge all shares are 1, and the matrix may be singular.
    return jnp.where(ridge > 0, jnp.sum(shares) - int(problem.intercept), count)


def table_of(metrics: Mapping[str, Any]) -> tuple[Table, ...]:
    """The coefficients, in the units of the data and standardised."""
    shown = ("terms", "coefficients", "standardised")
    headings = ("term", "coefficient", "standardised")
    columns = {head: metrics[name] for head, name in zip(headings, shown, strict=True)}
    return (Table(columns, shown),)
