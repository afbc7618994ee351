"""Families: the distribution of a response y about its mean μ.

    family              variance of y         deviance of y, d
    gaussian            φ                     (y − μ)²
    binomial            μ (1 − μ) / m         2 m (y log(y/μ) + (1 − y) log((1 − y)/(1 − μ)))
    poisson             μ                     2 (y log(y/μ) − (y − μ))
    gamma               φ μ²                  2 (y/μ − 1 − log(y/μ))
    negative-binomial   μ + α μ²              2 (y log(y/μ) − (y + 1/α) log((1 + α y)/(1 + α μ)))
    student-t           σ² ν/(ν − 2)

m is the number of trials of which y is the share of successes. The dispersion φ of the gaussian
and the gamma distribution does not change the coefficients; α and σ do, and are estimated together
with them. The likelihood of a family with a dispersion is that for φ = deviance / n, as in R.

Source: McCullagh and Nelder 1989, doi 10.1201/9780203753736; Lawless 1987 (negative binomial), doi
10.2307/3314912; Lange, Little and Taylor 1989 (Student's t), doi 10.1080/01621459.1989.10478852.
"""

from collections.abc import Callable
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jax.scipy.special import gammaln, xlogy
from jaxtyping import Array, Float

from ._links import Link


class Observed(NamedTuple):
    """What the log-likelihood of a row depends on, besides its predictor.

    Attributes:
        y: the response; of a binomial family the share of successes.
        trials: m, one for families without trials.
        shape: α or σ; one for families without a shape.
        freedom: ν of Student's t.
    """

    y: Float[Array, "..."]
    trials: Float[Array, "..."]
    shape: Float[Array, ""]
    freedom: float


class Family(NamedTuple):
    """A family.

    Attributes:
        links: the links that it may have, the usual one first.
        log_likelihood: of every row, of its link, predictor and `Observed`; for φ = 1 if there is
            a dispersion.
        information: the expected information of a row about μ, of μ and `Observed`, for φ = 1.
        deviance: of every row, of μ and `Observed`; None if the family has none.
        domain: what responses may be, in words, and a test of them.
        shape: what the shape is called: None if there is none.
        likelihood: for a family with a dispersion, the log-likelihood of all rows for
            φ = deviance / n, of y, μ and the deviance; None for φ = 1.
    """

    links: tuple[str, ...]
    log_likelihood: Callable[[Link, Array, Observed], Array]
    information: Callable[[Array, Observed], Array]
    deviance: Callable[[Array, Observed], Array] | None
    domain: tuple[str, Callable[[np.ndarray], np.ndarray]]
    shape: str | None = None
    likelihood: Callable[[Array, Array, Array], Array] | None = None

    @property
    def dispersed(self) -> bool:
        """Whether φ is estimated."""
        return self.likelihood is not None


def _gaussian(link: Link, eta: Array, row: Observed) -> Array:
    return -(jnp.square(row.y - link.mean(eta)) + jnp.log(2 * jnp.asarray(jnp.pi, eta.dtype))) / 2


def _gaussian_likelihood(y: Array, mu: Array, deviance: Array) -> Array:  # noqa: ARG001
    return -y.size / 2 * (jnp.log(2 * jnp.pi * deviance / y.size) + 1)


def _binomial(link: Link, eta: Array, row: Observed) -> Array:
    assert link.log_complement is not None
    successes, failures = row.trials * row.y, row.trials * (1 - row.y)
    ways = gammaln(row.trials + 1) - gammaln(successes + 1) - gammaln(failures + 1)
    # Where there is no failure, a probability of failure of zero is no surprise.
    certain = jnp.where(successes > 0, link.log_mean(eta), 0) * successes
    return ways + certain + jnp.where(failures > 0, link.log_complement(eta), 0) * failures


def _poisson(link: Link, eta: Array, row: Observed) -> Array:
    log_mean = jnp.where(row.y > 0, link.log_mean(eta), 0)
    return row.y * log_mean - link.mean(eta) - gammaln(row.y + 1)


def _gamma(link: Link, eta: Array, row: Observed) -> Array:
    return -row.y / link.mean(eta) - link.log_mean(eta)


def _gamma_likelihood(y: Array, mu: Array, deviance: Array) -> Array:
    size = y.size / deviance
    ratio = y / mu
    each = size * (jnp.log(size * ratio) - ratio) - jnp.log(y) - gammaln(size)
    return jnp.sum(each)


def _negative_binomial(link: Link, eta: Array, row: Observed) -> Array:
    size, mean = 1 / row.shape, link.mean(eta)
    ways = gammaln(row.y + size) - gammaln(size) - gammaln(row.y + 1)
    successes = jnp.where(row.y > 0, jnp.log(row.shape) + link.log_mean(eta), 0) * row.y
    return ways + successes - (row.y + size) * jnp.log1p(row.shape * mean)


def _student_t(link: Link, eta: Array, row: Observed) -> Array:
    nu = jnp.asarray(row.freedom, eta.dtype)
    z = (row.y - link.mean(eta)) / row.shape
    constant = gammaln((nu + 1) / 2) - gammaln(nu / 2) - jnp.log(jnp.pi * nu) / 2
    return constant - jnp.log(row.shape) - (nu + 1) / 2 * jnp.log1p(jnp.square(z) / nu)


def _binomial_deviance(mu: Array, row: Observed) -> Array:
    y = row.y
    away = xlogy(y, y) - xlogy(y, mu) + xlogy(1 - y, 1 - y) - xlogy(1 - y, 1 - mu)
    return 2 * row.trials * away


def _negative_binomial_deviance(mu: Array, row: Observed) -> Array:
    y, size = row.y, 1 / row.shape
    ratio = jnp.log1p(row.shape * y) - jnp.log1p(row.shape * mu)
    return 2 * (xlogy(y, y) - xlogy(y, mu) - (y + size) * ratio)


def _counts(y: np.ndarray) -> np.ndarray:
    return (y >= 0) & (y == np.round(y))


FAMILIES = {
    "gaussian": Family(
        links=("identity", "log"),
        log_likelihood=_gaussian,
        information=lambda mu, row: jnp.ones_like(mu),  # noqa: ARG005
        deviance=lambda mu, row: jnp.square(row.y - mu),
        domain=("a number", np.isfinite),
        likelihood=_gaussian_likelihood,
    ),
    "binomial": Family(
        links=("logit", "probit", "cloglog"),
        log_likelihood=_binomial,
        information=lambda mu, row: row.trials / (mu * (1 - mu)),
        deviance=_binomial_deviance,
        domain=("0, 1 or a share between them", lambda y: (y >= 0) & (y <= 1)),
    ),
    "poisson": Family(
        links=("log", "identity", "sqrt"),
        log_likelihood=_poisson,
        information=lambda mu, row: 1 / mu,  # noqa: ARG005
        deviance=lambda mu, row: 2 * (xlogy(row.y, row.y) - xlogy(row.y, mu) - row.y + mu),
        domain=("a whole number, 0 or more", _counts),
    ),
    "gamma": Family(
        links=("log", "inverse", "identity"),
        log_likelihood=_gamma,
        information=lambda mu, row: 1 / jnp.square(mu),  # noqa: ARG005
        deviance=lambda mu, row: 2 * (row.y / mu - 1 - jnp.log(row.y / mu)),
        domain=("positive", lambda y: y > 0),
        likelihood=_gamma_likelihood,
    ),
    "negative-binomial": Family(
        links=("log", "identity", "sqrt"),
        log_likelihood=_negative_binomial,
        information=lambda mu, row: 1 / (mu * (1 + row.shape * mu)),
        deviance=_negative_binomial_deviance,
        domain=("a whole number, 0 or more", _counts),
        shape="alpha",
    ),
    "student-t": Family(
        links=("identity", "log"),
        log_likelihood=_student_t,
        information=lambda mu, row: (
            (row.freedom + 1) / ((row.freedom + 3) * jnp.square(row.shape)) * jnp.ones_like(mu)
        ),
        deviance=None,
        domain=("a number", np.isfinite),
        shape="sigma",
    ),
}
