"""Eight schools: the hierarchical model on which samplers are tried first."""

from collections.abc import Mapping
from typing import ClassVar

import equinox as eqx
import jax.numpy as jnp
from jax.scipy.stats import cauchy, norm
from jaxtyping import Array, Float

from ._posterior import AbstractPosterior, Parameters
from .spaces import AbstractSpace, Positive, Real

EFFECTS = (28.0, 8.0, -3.0, 7.0, -1.0, 1.0, 18.0, 12.0)
ERRORS = (15.0, 10.0, 16.0, 11.0, 9.0, 11.0, 10.0, 18.0)


class EightSchools(AbstractPosterior):
    """Effects θⱼ of coaching on test scores in eight schools, from estimates yⱼ with errors σⱼ.

    yⱼ ~ N(θⱼ, σⱼ), θⱼ ~ N(μ, τ), μ ~ N(0, 5), τ ~ half-Cauchy(0, 5), all in points of the test.
    In θ the density has a funnel where τ is small, into which no step size fits; with θ = μ + τ z,
    not centred, it has none. Rubin 1981, doi 10.3102/10769986006004377; the priors of Gelman 2006,
    doi 10.1214/06-BA117A.

    Arguments:
        centred: whether the chain moves in θ instead of in z.
    """

    # With a target of 0.8, one transition in some thousand diverges even without the funnel.
    recipes: ClassVar = {
        "nuts": {"target": 0.95, "steps": 2000},
        "hmc": {"target": 0.95, "steps": 2000},
    }

    centred: bool = eqx.field(static=True, default=False)

    @property
    def spaces(self) -> Mapping[str, AbstractSpace]:
        """The spaces of μ, τ and θ, or z."""
        return {"mu": Real(), "tau": Positive(), "theta" if self.centred else "z": Real((8,))}

    def log_posterior(self, parameters: Parameters) -> Float[Array, ""]:
        """log prior plus log likelihood."""
        mu, tau = parameters["mu"], parameters["tau"]
        theta = {**parameters, **self.derived(parameters)}["theta"]
        effects, errors = (jnp.asarray(x, mu.dtype) for x in (EFFECTS, ERRORS))
        prior = (
            norm.logpdf(theta, mu, tau) if self.centred else norm.logpdf(parameters["z"], 0.0, 1.0)
        )
        return (
            norm.logpdf(mu, 0.0, 5.0)
            + cauchy.logpdf(tau, 0.0, 5.0)
            + jnp.sum(prior)
            + jnp.sum(norm.logpdf(effects, theta, errors))
        )

    def derived(self, parameters: Parameters) -> Parameters:
        """θ, if the chain moves in z."""
        if self.centred:
            return {}
        return {"theta": parameters["mu"] + parameters["tau"] * parameters["z"]}
