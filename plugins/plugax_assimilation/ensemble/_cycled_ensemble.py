"""What ensemble filters share: a cycle of forecast, analysis and inflation.

    x_f = M(x_a) + η      every member
    x_a = analysis(x_f; H(x_f), y)
    A_a ← Ω λ relaxed(A_a)      A_a the anomalies, λ the inflation, Ω a random rotation

A method defines `analyse`, the second line. A cycle without observations is the first line alone.
"""

import abc
from typing import Any, ClassVar

import equinox as eqx
import jax.numpy as jnp
import jax.random as jr
from jaxtyping import Array, Float, PRNGKeyArray

from plugax import AbstractSolver
from plugax.solvers import State
from plugax_state_space import AbstractStateSpace, Cycle

from .._ensemble import (
    Ensemble,
    ObservedEnsemble,
    forecast,
    mean_and_anomalies,
    observed_of,
    seen_from,
)
from .._options import check_choice, check_members, factor, optional_factor, weight
from .._replacement import NonFinite, has_finite_observations, is_sound, replace_unsound
from ..linear_algebra._rotation import rotate_anomalies
from ..scores._diagnostics import Diagnostic, diagnostics_of
from ..scores._verification import Keep, Metrics, ensemble_metrics
from ._spread import (
    inflate,
    inflation_at,
    relax_to_perturbations,
    relax_to_spread,
    scale_anomalies,
    spread_ratio,
)


class AbstractCycledEnsemble(AbstractSolver[AbstractStateSpace, State]):
    """An ensemble that is run, analysed and inflated, cycle by cycle.

    Inflation, relaxation, noise and rotation make up for the spread that an analysis takes away, so
    they act only after an analysis: a cycle without observations is the forecast alone. A method
    without localisation also inflates variables that observations never reach; their spread grows
    without bound if the model does not limit it. `rtps` instead of `inflation` avoids this.

    Law: cycles without observations change nothing but the times of the forecasts.

    Arguments:
        members: N, the size of the ensemble, at least 2.
        inflation: λ, the factor for the anomalies after the analysis. In a localised method it
            fades with the distance from the observations, and between them it restores no more
            spread than the analysis took away.
        prior_inflation: the factor for the anomalies before the analysis.
        additive: standard deviation of independent noise that is added to every member after the
            analysis, without changing the mean [model units].
        rtpp: α of the relaxation to prior perturbations, from 0 to 1.
        rtps: α of the relaxation to prior spread, from 0 to 1.
        rotate: rotate the ensemble at random after the analysis; mean and covariance do not change.
        non_finite: what to do when a member or its observations are no longer finite: stop the run,
            or replace the member by a copy of a sound one; `replaced_members` counts these. Copies
            separate again through rotation, additive noise or the model's error.
        keep: what of every analysis is stored in the history: nothing, the mean, or all members.
        diagnostics: further metrics of every cycle: crps, rank-histogram, innovations, signal.

    Errors: `PlugaxError` if an option is outside its range.
    """

    requires: ClassVar = AbstractStateSpace

    members: int = eqx.field(static=True, default=40)
    inflation: Float[Array, ""] = eqx.field(converter=factor, default=1.0)
    prior_inflation: Float[Array, ""] | None = eqx.field(converter=optional_factor, default=None)
    additive: Float[Array, ""] | None = eqx.field(converter=optional_factor, default=None)
    rtpp: Float[Array, ""] | None = eqx.field(converter=weight, default=None)
    rtps: Float[Array, ""] | None = eqx.field(converter=weight, default=None)
    rotate: bool = eqx.field(static=True, default=False)
    non_finite: NonFinite = eqx.field(static=True, default="stop")
    keep: Keep = eqx.field(static=True, default="mean")
    diagnostics: tuple[Diagnostic, ...] = eqx.field(
        static=True, converter=diagnostics_of, default=()
    )

    def __check_init__(self):
        check_members(self.members)
        check_choice("non_finite", self.non_finite, ("stop", "replace"))
        check_choice("keep", self.keep, ("nothing", "mean", "members"))

    @abc.abstractmethod
    def analyse(
        self,
        problem: AbstractStateSpace,
        ensemble: Ensemble,
        seen: ObservedEnsemble,
        key: PRNGKeyArray,
    ) -> tuple[Ensemble, Metrics]:
        """The analysis ensemble, and metrics of the method; takes what `prepare` returns last.

        Arguments:
            problem: the problem.
            ensemble: the forecast. With a lag it has the earlier ensembles as further columns, to
                which the same transform is applied.
            seen: the forecast in the space of the observations.
            key: random key of the method's own draws.
        """

    def inflation_weights(
        self,
        problem: AbstractStateSpace,  # noqa: ARG002
        cycle: Cycle,  # noqa: ARG002 - observations are everywhere where no distance is known
        dtype: jnp.dtype,  # noqa: ARG002
    ) -> Float[Array, " state"] | None:
        """How strongly observations affect each number of the state, 0 to 1; None for 1 everywhere.

        The inflation there is 1 + (λ − 1) times the weight, and additive noise has the weight as a
        factor. Takes what `prepare` returns last.

        Arguments:
            problem: the problem.
            cycle: the cycle, with its observations.
            dtype: dtype of the weights.
        """
        return None

    def run_cycle(
        self,
        problem: AbstractStateSpace,
        ensemble: Ensemble,
        earlier: Float[Array, "members earlier"] | None,
        cycle: Cycle,
        key: PRNGKeyArray,
        *prepared: Any,
    ) -> tuple[Float[Array, "members columns"], Metrics]:
        """The ensemble after one cycle, and the cycle's metrics.

        Arguments:
            problem: the problem.
            ensemble: the analysis of the previous cycle.
            earlier: the members at earlier times, whose columns are returned after those of the
                analysis; or None.
            cycle: the cycle.
            key: random key of all draws.
            prepared: what `prepare` has returned.
        """
        model_key, replacement_key, analysis_key, after_key = jr.split(key, 4)
        prior = forecast(problem, ensemble, cycle, model_key)
        numbers, told = prior.shape[1], {}
        if earlier is not None:
            prior = jnp.concatenate([prior, earlier], 1)
        seen_as = observed_of(problem, prior[:, :numbers], cycle)
        if self.non_finite == "replace":
            kept = is_sound(prior) & has_finite_observations(seen_as, cycle.available)
            (prior, seen_as), lost = replace_unsound((prior, seen_as), replacement_key, kept)
            told["replaced_members"] = lost
        # Data without gaps need no branch, and so no extra time.
        observed = None if cycle.available is None else jnp.any(cycle.available)
        weights = self.inflation_weights(problem, cycle, prior.dtype, *prepared)
        if self.prior_inflation is not None:
            mean, anomalies = mean_and_anomalies(prior)
            inflation = inflation_at(weights, self.prior_inflation.astype(prior.dtype))
            inflated = mean[None] + scale_anomalies(anomalies, inflation)
            prior = inflated if observed is None else jnp.where(observed, inflated, prior)
            seen_as = observed_of(problem, prior[:, :numbers], cycle)
            if self.non_finite == "replace":
                # H(x) may not be defined any more, if it has a square root, for example.
                kept = has_finite_observations(seen_as, cycle.available)
                again_key = jr.fold_in(replacement_key, 1)
                (prior, seen_as), lost = replace_unsound((prior, seen_as), again_key, kept)
                told["replaced_members"] += lost
        now = prior[:, :numbers]
        seen = seen_from(problem, seen_as, cycle)
        posterior, more = self.analyse(problem, prior, seen, analysis_key, *prepared)
        posterior = self._spread_out(prior, posterior, weights, numbers, after_key)
        if observed is not None:
            posterior = jnp.where(observed, posterior, prior)
        after, residual = posterior[:, :numbers], None
        if self.non_finite == "replace" and "innovations" in self.diagnostics:
            # A member whose observations are not finite now is replaced only in the next cycle.
            seen_after = observed_of(problem, after, cycle)
            kept = has_finite_observations(seen_after, cycle.available)
            seen_after, _ = replace_unsound(seen_after, replacement_key, kept)
            residual = seen_from(problem, seen_after, cycle).innovation
        metrics = ensemble_metrics(
            problem,
            cycle,
            prior=now,
            posterior=after,
            seen=seen,
            keep=self.keep,
            diagnostics=self.diagnostics,
            residual=residual,
        )
        return posterior, metrics | told | more

    def _spread_out(
        self,
        prior: Ensemble,
        posterior: Ensemble,
        weights: Float[Array, " state"] | None,
        numbers: int,
        key: PRNGKeyArray,
    ) -> Ensemble:
        """The posterior after relaxation, inflation and rotation; noise for its first columns."""
        rotation_key, noise_key = jr.split(key)
        mean, anomalies = mean_and_anomalies(posterior)
        if self.rtpp is not None:
            anomalies = relax_to_perturbations(anomalies, mean_and_anomalies(prior)[1], self.rtpp)
        if self.rtps is not None:
            anomalies = relax_to_spread(anomalies, mean_and_anomalies(prior)[1], self.rtps)
        inflation = inflation_at(weights, self.inflation.astype(anomalies.dtype))
        if weights is not None:
            # Away from the observations no more than the analysis took away, or the spread there
            # might grow from cycle to cycle without bound.
            taken = jnp.maximum(spread_ratio(mean_and_anomalies(prior)[1], anomalies), 1)
            inflation = jnp.where(weights < 1, jnp.minimum(inflation, taken), inflation)
        if self.rotate:
            anomalies = rotate_anomalies(rotation_key, anomalies)
        return mean[None] + inflate(
            anomalies,
            noise_key,
            inflation=inflation,
            additive=self.additive,
            weights=weights,
            numbers=numbers,
        )
