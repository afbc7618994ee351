"""Ensembles of states as matrices with one row per member, and their observations."""

import functools

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Float, Int, PRNGKeyArray, PyTree

from plugax_state_space import AbstractStateSpace, Cycle

from .linear_algebra._factor import Factor

Ensemble = Float[Array, "members state"]


class ObservedEnsemble(eqx.Module):
    """An ensemble in the space of the observations of a cycle, in standard deviations of R.

    Attributes:
        anomalies: Y = R^{-½} (H(x) − mean H(x)), one row per member; 0 where nothing was observed.
        innovation: d = R^{-½} (y − mean H(x)).
        count: how many observations there are.
    """

    anomalies: Float[Array, "members observed"]
    innovation: Float[Array, " observed"]
    count: Int[Array, ""]

    @functools.cached_property
    def factor(self) -> Factor:
        """The factor of I + Y Yᵀ / (N − 1), computed once for the analysis and its diagnostics.

        Inside a loop the compiler does not notice that two of them are the same.
        """
        return Factor(self.anomalies)


def draw(problem: AbstractStateSpace, key: PRNGKeyArray, members: int) -> Ensemble:
    """Draws from the initial distribution."""
    one = lambda key: ravel_pytree(problem.initial.sample(key))[0]  # noqa: E731
    return jax.vmap(one)(jr.split(key, members))


def as_unknowns(problem: AbstractStateSpace, row: Float[Array, " state"]) -> PyTree:
    """A row with the structure of the problem's states."""
    return ravel_pytree(problem.initial.mean)[1](row)


def forecast(
    problem: AbstractStateSpace, ensemble: Ensemble, cycle: Cycle, key: PRNGKeyArray
) -> Ensemble:
    """Every member run to the time of a cycle, each with its own draw of the model error."""
    one = lambda row: ravel_pytree(problem.forecast(as_unknowns(problem, row), cycle))[0]  # noqa: E731
    ensemble = jax.vmap(one)(ensemble)
    error = problem.model_error_of(cycle)
    if error is None:
        return ensemble
    noise = jax.vmap(error.sample)(jr.split(key, len(ensemble)))
    return ensemble + noise.astype(ensemble.dtype)


def see(problem: AbstractStateSpace, ensemble: Ensemble, cycle: Cycle) -> ObservedEnsemble:
    """The ensemble in the space of the observations of a cycle."""
    return seen_from(problem, observed_of(problem, ensemble, cycle), cycle)


def observed_of(
    problem: AbstractStateSpace, ensemble: Ensemble, cycle: Cycle
) -> Float[Array, "members observed"]:
    """H(x) of every member."""
    one = lambda row: problem.observe(cycle.time, as_unknowns(problem, row))  # noqa: E731
    return jax.vmap(one)(ensemble)


def seen_from(
    problem: AbstractStateSpace, observed: Float[Array, "members observed"], cycle: Cycle
) -> ObservedEnsemble:
    """The ensemble in the space of the observations of a cycle, from H(x) of its members."""
    mean, anomalies = mean_and_anomalies(observed)
    whiten = problem.error_of(cycle).whiten
    count = mean.size if cycle.available is None else jnp.sum(cycle.available)
    return ObservedEnsemble(
        anomalies=jax.vmap(whiten)(anomalies),
        innovation=whiten(cycle.observations.astype(mean.dtype) - mean),
        count=jnp.asarray(count),
    )


def mean_and_anomalies(
    ensemble: Float[Array, "members numbers"],
) -> tuple[Float[Array, " numbers"], Float[Array, "members numbers"]]:
    """The mean, and the anomalies about it."""
    mean = jnp.mean(ensemble, 0)
    return mean, ensemble - mean[None]
