"""Links: how the mean μ of a response follows from the linear predictor η = X β.

    identity   μ = η                     log        μ = exp η
    inverse    μ = 1/η                   sqrt       μ = η²
    logit      μ = 1/(1 + exp(−η))       probit     μ = Φ(η)
    cloglog    μ = 1 − exp(−exp η)

The logarithms of μ and 1 − μ are computed from η, since μ itself may round to 0 or 1.

Source: McCullagh and Nelder 1989, Generalized Linear Models, doi 10.1201/9780203753736.
"""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax.scipy.special import log_ndtr, ndtr, ndtri
from jaxtyping import Array


class Link(NamedTuple):
    """A link.

    Attributes:
        mean: μ of η.
        predictor: η of μ.
        log_mean: log μ of η.
        log_complement: log(1 − μ) of η; None if μ is not a probability.
    """

    mean: Callable[[Array], Array]
    predictor: Callable[[Array], Array]
    log_mean: Callable[[Array], Array]
    log_complement: Callable[[Array], Array] | None = None


def _log_one_less_exp(x: Array) -> Array:
    """log(1 − exp(−x)) for x > 0, without a loss of digits at either end."""
    small = x < 0.7
    return jnp.where(
        small,
        jnp.log(-jnp.expm1(-jnp.where(small, x, 0.5))),
        jnp.log1p(-jnp.exp(-jnp.where(small, 0.7, x))),
    )


LINKS = {
    "identity": Link(lambda eta: eta, lambda mu: mu, jnp.log),
    "log": Link(jnp.exp, jnp.log, lambda eta: eta),
    "inverse": Link(lambda eta: 1 / eta, lambda mu: 1 / mu, lambda eta: -jnp.log(eta)),
    "sqrt": Link(jnp.square, jnp.sqrt, lambda eta: 2 * jnp.log(jnp.abs(eta))),
    "logit": Link(
        jax.nn.sigmoid,
        lambda mu: jnp.log(mu) - jnp.log1p(-mu),
        jax.nn.log_sigmoid,
        lambda eta: jax.nn.log_sigmoid(-eta),
    ),
    "probit": Link(ndtr, ndtri, log_ndtr, lambda eta: log_ndtr(-eta)),
    "cloglog": Link(
        lambda eta: -jnp.expm1(-jnp.exp(eta)),
        lambda mu: jnp.log(-jnp.log1p(-mu)),
        lambda eta: _log_one_less_exp(jnp.exp(eta)),
        lambda eta: -jnp.exp(eta),
    ),
}
