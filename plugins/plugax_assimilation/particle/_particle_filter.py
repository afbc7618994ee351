"""The bootstrap particle filter."""

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

import equinox as eqx
import jax
import jax.lax as lax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray, PyTree

from plugax import AbstractSolver, PlugaxError
from plugax_state_space import AbstractStateSpace, Cycle

from .._ensemble import Ensemble, as_unknowns, draw, forecast, observed_of, seen_from
from .._options import check_choice, check_members, optional_factor
from .._replacement import NonFinite, has_finite_observations, is_sound, replace_unsound
from ..scores._verification import Keep, Metrics, rmse
from ..scores._verified import verified_row
from ._effective_size import effective_size
from ._particle_scores import ParticleDiagnostic, diagnose_particles, particle_diagnostics_of
from ._resampling import residual, systematic


def _part(value: Any) -> Float[Array, ""]:
    if isinstance(value, int | float) and not 0 <= value <= 1:
        raise PlugaxError(f"threshold must be from 0 to 1; got {value}.")
    return value if isinstance(value, jnp.ndarray) else jnp.asarray(value, float)


# Fewer effective particles do not represent a distribution.
FEWEST_PARTICLES = 2


class Particles(eqx.Module):
    """The state of a particle filter.

    Attributes:
        states: one row per particle.
        log_weights: logarithms of the weights, which add up to 1.
    """

    states: Ensemble
    log_weights: Float[Array, " members"]


class ParticleFilter(AbstractSolver[AbstractStateSpace, Particles]):
    """Bootstrap particle filter (sequential importance resampling); one step is one cycle.

        x_i ← M(x_i) + η_i,    w_i ← w_i p(y | x_i) / Σ w p
        p(y | x) ∝ exp(−½ ‖R^{-½} (y − H(x))‖²)

    If the effective size 1 / Σ w² falls below a given part of N, particles are drawn by their
    weights, and all weights are equal again. With regularisation every drawn particle is then moved
    by a draw from N(0, h² P), P the weighted covariance,
    h = regularisation × (4 / ((n + 2) N))^{1 / (n + 4)} for n numbers in the state, so that copies
    separate even if the model makes no error. The answer is the weighted mean, before particles are
    drawn. A cycle without observations is the forecast: no particle is drawn or moved.

    Metrics besides `loss`, errors and (weighted) spreads: `effective_size` of the analysis, in
    which copies of a particle count as one, and `resampled`, the number of resamplings.

    Arguments:
        members: N, the number of particles, at least 2.
        resampling: how particles are drawn.
        threshold: the part of N that the effective size must fall below, from 0 (never) to 1.
        regularisation: how far drawn particles are moved, in units of the bandwidth that is best
            for a normal distribution; 0 if the model error already moves them.
        non_finite: what to do when a particle or its observations are no longer finite: stop the
            run, or continue with a copy of a sound particle, of weight zero, in its place;
            `replaced_members` counts these. If no sound particle has a weight, the run stops.
        keep: what of every analysis is stored in the history: nothing, the mean, or all members.
            Members are stored after resampling, or else with their `weights`.
        diagnostics: further metrics of every cycle: crps, innovations.

    Law: weights do not depend on a constant factor of the likelihood.

    Source: N. J. Gordon, D. J. Salmond and A. F. M. Smith, IEE Proc. F 140 (1993),
    doi 10.1049/ip-f-2.1993.0015; C. Musso, N. Oudjane and F. Le Gland, in Sequential Monte Carlo
    Methods in Practice (2001), doi 10.1007/978-1-4757-3437-9_12, for the regularisation.
    """

    requires: ClassVar = AbstractStateSpace

    members: int = eqx.field(static=True, default=1000)
    resampling: Literal["systematic", "residual"] = eqx.field(static=True, default="systematic")
    threshold: Float[Array, ""] = eqx.field(converter=_part, default=0.5)
    regularisation: Float[Array, ""] | None = eqx.field(converter=optional_factor, default=1.0)
    non_finite: NonFinite = eqx.field(static=True, default="stop")
    keep: Keep = eqx.field(static=True, default="mean")
    diagnostics: tuple[ParticleDiagnostic, ...] = eqx.field(
        static=True, converter=particle_diagnostics_of, default=()
    )

    def __check_init__(self):
        check_members(self.members)
        check_choice("resampling", self.resampling, ("systematic", "residual"))
        check_choice("non_finite", self.non_finite, ("stop", "replace"))
        check_choice("keep", self.keep, ("nothing", "mean", "members"))

    def init(
        self,
        problem: AbstractStateSpace,
        unknowns: PyTree,  # noqa: ARG002 - the mean of what is drawn here
        key: PRNGKeyArray,
    ) -> Particles:
        """Draws from the initial distribution, all of one weight."""
        states = draw(problem, key, self.members)
        return Particles(states, _equal(self.members, states.dtype))

    def step(
        self, problem: AbstractStateSpace, state: Particles, batch: Cycle, key: PRNGKeyArray
    ) -> tuple[Particles, Metrics]:
        """One cycle."""
        model_key, after_key, replacement_key = jr.split(key, 3)
        states, before = forecast(problem, state.states, batch, model_key), state.log_weights
        told = {}
        seen_as = observed_of(problem, states, batch)
        if self.non_finite == "replace":
            kept = is_sound(states) & has_finite_observations(seen_as, batch.available)
            before = jax.nn.log_softmax(jnp.where(kept, before, -jnp.inf))
            # Zero times a number that is not finite is NaN.
            (states, seen_as), lost = replace_unsound((states, seen_as), replacement_key, kept)
            told["replaced_members"] = lost
        seen = seen_from(problem, seen_as, batch)
        misfits = seen.innovation[None] - seen.anomalies
        log_weights = before - jnp.sum(jnp.square(misfits), 1) / 2
        log_weights = jax.nn.log_softmax(log_weights)
        weights = jnp.exp(log_weights)
        size = 1 / jnp.sum(jnp.square(weights))
        low = size < self.threshold.astype(size.dtype) * self.members
        if batch.available is not None:
            low &= seen.count > 0  # without observations nothing is drawn
        drawn = lambda particles: self._draw(particles, after_key)  # noqa: E731
        after = lax.cond(low, drawn, lambda particles: particles, Particles(states, log_weights))
        mean, prior_mean = weights @ states, jnp.exp(before) @ states
        innovation = jnp.exp(before) @ misfits
        variances = jnp.exp(before) @ jnp.sum(jnp.square(misfits - innovation[None]), 1)
        metrics = {
            "loss": jnp.sum(jnp.square(innovation)) / 2,
            "expected_loss": (variances + seen.count.astype(variances.dtype)) / 2,
            "time": batch.time,
            "effective_size": effective_size(states, weights),
            "resampled": low.astype(int),
            "spread": _spread(problem, states, mean, weights),
            "forecast_spread": _spread(problem, states, prior_mean, jnp.exp(before)),
        }
        if batch.truth is not None:
            metrics["analysis_rmse"] = rmse(problem, mean, batch)
            metrics["forecast_rmse"] = rmse(problem, prior_mean, batch)
        metrics |= diagnose_particles(
            problem,
            batch,
            states=states,
            misfits=misfits,
            count=seen.count,
            prior=jnp.exp(before),
            posterior=weights,
            wanted=self.diagnostics,
        )
        metrics |= told | problem.diagnose(as_unknowns(problem, mean))
        if self.keep == "mean":
            metrics["analysis"] = mean
        if self.keep == "members":
            metrics |= {"analysis": after.states, "weights": jnp.exp(after.log_weights)}
        return after, metrics

    def converged(
        self,
        problem: AbstractStateSpace,  # noqa: ARG002 - a filter runs through its data
        state: Particles,  # noqa: ARG002
    ) -> None:
        """No test: all cycles are run."""
        return

    def unknowns(self, problem: AbstractStateSpace, state: Particles) -> PyTree:
        """The weighted mean."""
        return as_unknowns(problem, jnp.exp(state.log_weights) @ state.states)

    def remarks(
        self,
        problem: AbstractStateSpace,  # noqa: ARG002
        series: Mapping[str, np.ndarray],
    ) -> tuple[str, ...]:
        """A warning if most analyses are based on hardly more than one particle."""
        sizes = series.get("effective_size", np.zeros(0))
        if not len(sizes) or not np.median(sizes) < FEWEST_PARTICLES:
            return ()
        return (
            f"The particles have collapsed: half of the analyses are based on fewer than "
            f"{FEWEST_PARTICLES} of {self.members}. Try more members, a larger regularisation or a "
            "model_error; many variables or precise observations need an ensemble filter.",
        )

    def _draw(self, particles: Particles, key: PRNGKeyArray) -> Particles:
        """The same number of particles, drawn by weight and then of equal weight."""
        draw_key, move_key = jr.split(key)
        weights = jnp.exp(particles.log_weights)
        chosen = {"systematic": systematic, "residual": residual}[self.resampling]
        states = particles.states[chosen(draw_key, weights)]
        if self.regularisation is not None:
            members, numbers = states.shape
            width = (4 / ((numbers + 2) * members)) ** (1 / (numbers + 4))
            width = self.regularisation.astype(states.dtype) * width
            states = states + width * _moves(move_key, particles.states, weights)
        return Particles(states, _equal(self.members, states.dtype))


def _equal(members: int, dtype: jnp.dtype) -> Float[Array, " members"]:
    return jnp.full((members,), -jnp.log(members), dtype)


def _moves(key: PRNGKeyArray, states: Ensemble, weights: Float[Array, " members"]) -> Ensemble:
    """Draws from the normal distribution with the weighted covariance."""
    members, numbers = states.shape
    mean = weights @ states
    factor = jnp.sqrt(weights)[:, None] * (states - mean[None])
    if numbers < members:
        # The triangular factor of a QR decomposition has the same square, and fewer rows.
        factor = jnp.linalg.qr(factor, mode="r")
    return jr.normal(key, (members, len(factor)), states.dtype) @ factor


def _spread(
    problem: AbstractStateSpace,
    states: Ensemble,
    mean: Float[Array, " state"],
    weights: Float[Array, " members"],
) -> Float[Array, ""]:
    """√(mean over the verified numbers of the weighted variance)."""
    variance = weights @ jnp.square(states - mean[None])
    return jnp.sqrt(jnp.mean(verified_row(problem, variance)))
