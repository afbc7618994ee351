"""The iterative ensemble Kalman smoother."""

import dataclasses
from typing import ClassVar

import equinox as eqx
import jax
import jax.lax as lax
import jax.numpy as jnp
import jax.random as jr
from jaxtyping import Array, Bool, Float, Int, PRNGKeyArray, PyTree

from plugax import AbstractSolver, PlugaxError
from plugax_state_space import AbstractStateSpace, Cycle

from .._ensemble import Ensemble, as_unknowns, draw, forecast, mean_and_anomalies
from .._options import check_choice, check_members, factor, optional_factor
from .._replacement import NonFinite
from ..linear_algebra._rotation import rotate_anomalies
from ..scores._diagnostics import Diagnostic, diagnostics_of
from ..scores._verification import Keep, Metrics, ensemble_metrics, rmse, spread
from ..scores._verified import verified_truth
from ._ensemble_gauss_newton import minimise
from ._growing_windows import GrowingWindows
from ._spread import inflate
from ._window_run import Run, run_through


class SmootherState(eqx.Module):
    """The state of an IEnKS.

    Attributes:
        start: the ensemble at the start of the next window.
        front: the analysis at the last observation time so far.
        truth: the truth at the start of the next window, if it is known.
        known: whether it is known: a problem does not give the truth at the start of its series.
    """

    start: Ensemble
    front: Ensemble
    truth: Float[Array, " verified"] | None
    known: Bool[Array, ""]


class IEnKS(AbstractSolver[AbstractStateSpace, SmootherState]):
    """Iterative ensemble Kalman smoother, square root (transform) form; one step is one window.

    The window is from t_{k−L} to t_k. Its newest S observation times are assimilated, each of them
    once, by Gauss–Newton iterations for the weights w of the ensemble at the window's start,

        J(w) = ½ (N − 1) ‖w‖² + ½ Σ ‖R^{-½} (y − H(M(x̄ + wᵀ A)))‖²

    with the sensitivity Y of the observations to w taken from the ensemble (x̄ + wᵀ A, T A) itself:
    Y = T⁻¹ R^{-½} (H(M(x)) − mean), T = (I + Y Yᵀ / (N − 1))^{-½}. Then the ensemble is inflated,
    rotated, and run to the start of the next window, S observation times later. The analysis at t_k
    comes out of the last iteration's run: with one iteration and L = 1 it is that of the ETKF.

    If the lag is longer than the shift, the first windows are shorter: they begin at the start of
    the series, and grow by S until they have the length L. The model error, if there is one, is
    drawn for every member in every window and kept in all iterations; it is not estimated. The
    answer is the mean at the last observation time. A window whose newest times have no observation
    is the forecast alone, without inflation, noise or rotation.

    Metrics beside those of all ensemble methods, of the time t_k: `smoothed_rmse` and
    `smoothed_spread`, of the window's start, and `iterations`. The truth at the start of the series
    is not known: for windows that start there, `smoothed_rmse` is that of t_k.

    Diagnostics are those of filters: the forecast is the run of the first iteration, and the
    analysis is the one at t_k, before inflation. Innovations, and what remains of them after the
    analysis, are those of all S observation times.

    A member that is not finite at the start of a window, or is lost in its first run, is replaced
    by a copy of a sound one, from start to end. A later iteration in which a member is lost does
    not count; the answer is the result before it.

    Arguments:
        members: N, the size of the ensemble, at least 2.
        lag: L, the length of the window [observation times].
        shift: S, from one window to the next, at most L [observation times].
        iterations: of Gauss–Newton, at most.
        tolerance: the iterations end when the mean changes by less than this part of the standard
            deviation of the ensemble before the analysis.
        inflation: the factor for the anomalies after the analysis.
        additive: standard deviation of independent noise that is added to every member at the start
            of the next window, without changing the mean [model units].
        rotate: rotate the ensemble at random after the analysis; mean and covariance do not change.
        xN: if given, the prior is that of an ensemble of finite size (IEnKS-N), which finds the
            inflation itself, `inflation_factor`; 1 for a random ensemble, more for a more certain
            one.
        non_finite: what to do when a member or its observations are no longer finite: stop the run,
            or replace the member by a copy of a sound one; `replaced_members` counts these. Copies
            separate again through rotation, additive noise or the model's error.
        keep: what of every analysis is stored in the history: nothing, the mean, or all members.
        diagnostics: further metrics of every window: crps, rank-histogram, innovations, signal.

    Law: with a perfect linear model and linear observations one iteration is enough, and mean and
    covariance are those of the Kalman filter at t_k, and of the Kalman smoother before.

    Errors: `PlugaxError` if lag, shift or iterations are out of range.

    Source: M. Bocquet and P. Sakov, Nonlin. Processes Geophys. 20 (2013),
    doi 10.5194/npg-20-803-2013; Q. J. R. Meteorol. Soc. 140 (2014), doi 10.1002/qj.2236; and
    Nonlin. Processes Geophys. 19 (2012), doi 10.5194/npg-19-383-2012, for IEnKS-N.
    """

    requires: ClassVar = AbstractStateSpace

    members: int = eqx.field(static=True, default=25)
    lag: int = eqx.field(static=True, default=1)
    shift: int = eqx.field(static=True, default=1)
    iterations: int = eqx.field(static=True, default=3)
    tolerance: Float[Array, ""] = eqx.field(converter=factor, default=1e-3)
    inflation: Float[Array, ""] = eqx.field(converter=factor, default=1.02)
    additive: Float[Array, ""] | None = eqx.field(converter=optional_factor, default=None)
    rotate: bool = eqx.field(static=True, default=True)
    xN: Float[Array, ""] | None = eqx.field(converter=optional_factor, default=None)
    non_finite: NonFinite = eqx.field(static=True, default="stop")
    keep: Keep = eqx.field(static=True, default="mean")
    diagnostics: tuple[Diagnostic, ...] = eqx.field(
        static=True, converter=diagnostics_of, default=()
    )

    def __check_init__(self):
        check_members(self.members)
        check_choice("non_finite", self.non_finite, ("stop", "replace"))
        check_choice("keep", self.keep, ("nothing", "mean", "members"))
        for name in ("lag", "shift", "iterations"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or value < 1:
                raise PlugaxError(f"{name} must be a whole number, at least 1; got {value!r}.")
        if self.shift > self.lag:
            raise PlugaxError(
                f"shift must be at most the lag, {self.lag}, or observations would be skipped; "
                f"got {self.shift}."
            )

    def data(self, problem: AbstractStateSpace) -> GrowingWindows:
        """Windows of the lag's length, shorter ones at the beginning."""
        return GrowingWindows(problem.cycles, self.lag, self.shift)

    def init(
        self,
        problem: AbstractStateSpace,
        unknowns: PyTree,  # noqa: ARG002 - the mean of what is drawn here
        key: PRNGKeyArray,
    ) -> SmootherState:
        """Draws from the initial distribution."""
        start, truth = draw(problem, key, self.members), problem.cycles.truth
        if truth is not None:
            truth = verified_truth(jax.tree.map(lambda leaf: leaf[0], problem.cycles))
        return SmootherState(start, start, truth, jnp.zeros((), bool))

    def step(
        self, problem: AbstractStateSpace, state: SmootherState, batch: Cycle, key: PRNGKeyArray
    ) -> tuple[SmootherState, Metrics]:
        """One window."""
        model_key, rotation_key, noise_key, replacement_key = jr.split(key, 4)
        keys = jax.vmap(lambda j: jr.fold_in(model_key, j))(jnp.arange(self.lag))
        older = self.lag - self.shift
        # The window starts after the cycles before the series, which only a window that is longer
        # than the shift can have.
        first = jnp.sum(batch.duration == 0) if older else 0

        def advance(j: Int[Array, ""], ensemble: Ensemble) -> Ensemble:
            return forecast(problem, ensemble, *jax.tree.map(lambda x: x[j], (batch, keys)))

        def before(ensemble: Ensemble) -> Ensemble:
            return lax.fori_loop(first, older, advance, ensemble) if older else ensemble

        newest, newest_keys = jax.tree.map(lambda leaf: leaf[older:], (batch, keys))

        def run(ensemble: Ensemble) -> Run:
            return run_through(
                problem,
                ensemble,
                before=before,
                cycles=newest,
                keys=newest_keys,
                replacement=replacement_key if self.non_finite == "replace" else None,
            )

        found = minimise(
            state.start,
            run,
            iterations=self.iterations,
            tolerance=self.tolerance.astype(state.start.dtype),
            certainty=None if self.xN is None else self.xN.astype(state.start.dtype),
            any_root=self.rotate,
        )
        front = found.front
        mean, anomalies = mean_and_anomalies(found.ensemble)
        if self.rotate:
            # With the quicker root the members are not a random draw before they are rotated.
            centre, around = mean_and_anomalies(front)
            both = rotate_anomalies(rotation_key, jnp.concatenate([anomalies, around], 1))
            anomalies, around = jnp.split(both, 2, 1)
            front = centre[None] + around
        start = mean[None] + inflate(
            anomalies,
            noise_key,
            inflation=self.inflation,
            additive=self.additive,
        )
        if batch.available is not None:
            # Without observations the window is a forecast, and no spread was taken away.
            observed = found.forecast.seen.count > 0
            start = jnp.where(observed, start, found.forecast.start)
            front = jnp.where(observed, front, found.forecast.front)
        after = lax.fori_loop(first, self.shift, advance, start)
        last = jax.tree.map(lambda leaf: leaf[-1], batch)
        metrics = ensemble_metrics(
            problem,
            last,
            prior=found.forecast.front,
            posterior=front,
            seen=found.forecast.seen,
            residual=found.residual,
            keep=self.keep,
            diagnostics=self.diagnostics,
        )
        metrics["iterations"] = found.iterations.astype(start.dtype)
        if found.forecast.lost is not None:
            metrics["replaced_members"] = found.forecast.lost
        if self.xN is not None:
            metrics["inflation_factor"] = found.inflation
        mean, anomalies = mean_and_anomalies(start)
        metrics["smoothed_spread"] = spread(problem, anomalies)
        truth, known = state.truth, state.known
        if truth is not None:
            error = rmse(problem, mean, dataclasses.replace(last, truth=truth))
            metrics["smoothed_rmse"] = jnp.where(known, error, metrics["analysis_rmse"])
            moved = jnp.asarray(first < self.shift)
            then = verified_truth(jax.tree.map(lambda leaf: leaf[self.shift - 1], batch))
            truth, known = jnp.where(moved, then, truth), known | moved
        return SmootherState(after, front, truth, known), metrics

    def converged(
        self,
        problem: AbstractStateSpace,  # noqa: ARG002 - a smoother runs through its data
        state: SmootherState,  # noqa: ARG002
    ) -> None:
        """No test: all windows are run."""
        return

    def unknowns(self, problem: AbstractStateSpace, state: SmootherState) -> PyTree:
        """The mean at the last observation time."""
        return as_unknowns(problem, jnp.mean(state.front, 0))
