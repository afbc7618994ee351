"""Hybrid ensemble-variational 4DVar: background errors of the day beside those of the climate."""

import math
from typing import Any

import equinox as eqx
import jax
import jax.lax as lax
import jax.numpy as jnp
import jax.random as jr
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Float, PRNGKeyArray, PyTree

from plugax import PlugaxError, Windows
from plugax_state_space import AbstractCovariance, AbstractStateSpace, Cycle, FactorCovariance

from .._background import background_error, no_background
from .._ensemble import Ensemble, as_unknowns, draw, mean_and_anomalies
from .._options import factor
from .._replacement import NonFinite
from .._rows import Row
from ..ensemble._etkf import ETKF
from ..scores._verification import Metrics
from ._four_d_var import trajectory_in_segments
from ._incremental import AbstractIncremental, States


def _part(value: Any) -> Float[Array, ""]:
    """A number that is not negative.

    Errors: `PlugaxError` if it is negative.
    """
    if isinstance(value, int | float) and not (value >= 0 and math.isfinite(value)):
        raise PlugaxError(f"scale and ensemble_weight must not be negative; got {value}.")
    return value if isinstance(value, jnp.ndarray) else jnp.asarray(value, float)


def _part_or_none(value: Any) -> Float[Array, ""] | None:
    """A number that is not negative; None for 0, so that this part of B is left out."""
    none = value is None or (isinstance(value, int | float) and value == 0)
    return None if none else _part(value)


class HybridState(eqx.Module):
    """The run state of a hybrid method, at the end of the last window.

    Attributes:
        analysis: the state, which is also the background of the next window.
        anomalies: the anomalies of the ensemble about it.
    """

    analysis: Row
    anomalies: Ensemble


class HybridFourDVar(AbstractIncremental[HybridState]):
    """Cycled strong-constraint 4DVar with background errors of climate and ensemble (EnVar).

        B = α C + β Aᵀ A / (N − 1)
        x_0 = x_b + B^½ v,  x_k = M_k(x_{k−1})
        J(v) = ½‖v‖² + ½ Σ_k ‖R_k^{-½} (y_k − H(x_k))‖²

    C is the covariance of the climate, A are the anomalies of N members at the start of the window,
    one row per member. The control has as many numbers as C^½ has columns, plus N.

    The ensemble is cycled along with 4DVar: it starts with draws from the initial distribution, an
    ETKF takes it through the observation times of the window one by one, and at the end of the
    window its mean is replaced by the analysis of 4DVar. Members are forecast with the model error,
    if the problem has one, so that B includes it; within a window the model of 4DVar makes no
    error. The answer is the analysis at the end of the last window. Windows do not overlap, since
    for the ensemble every observation may count only once.

    Covariances of the ensemble are not localised. α makes up for the sampling error of a small
    ensemble: for Lorenz96 with 40 variables, 0.0003 is enough with 20 members or more, and 0.003
    with 10.

    Metrics besides those of 4DVar, all at the window's end: `spread`, and `forecast_spread`, the
    spread just before the last observation time; `forecast_rmse`, however, is the error of the
    background, before all observations of the window.

    Arguments:
        scale: α; with 0 the background errors are those of the ensemble alone, and no climatology
            is needed.
        ensemble_weight: β; with 0 this is 4DVar.
        members: N, the size of the ensemble, at least 2.
        inflation: the factor for the anomalies after every analysis of the ensemble.
        rotate: rotate the ensemble at random after every analysis; mean and covariance do not
            change.
        non_finite: what to do when a member or its observations are no longer finite: stop the run,
            or replace the member by a copy of a sound one; `replaced_members` counts these.

    Laws: with β = 0 it is 4DVar; with linear M and H and a window of one observation time the
    analysis is x_f + K (y − H x_f), K = M B Mᵀ Hᵀ (H M B Mᵀ Hᵀ + R)⁻¹, x_f = M x_b; with α = 0,
    β = 1, no inflation and linear M and H mean and covariance are those of the Kalman filter that
    starts with the covariance of the first ensemble, whatever the windows.

    Source: T. M. Hamill and C. Snyder, Mon. Wea. Rev. 128 (2000),
    doi 10.1175/1520-0493(2000)128<2905:AHEKFV>2.0.CO;2; A. C. Lorenc, Q. J. R. Meteorol. Soc. 129
    (2003), doi 10.1256/qj.02.132, for the control.
    """

    window: int = eqx.field(static=True, default=4)
    scale: Float[Array, ""] | None = eqx.field(converter=_part_or_none, default=0.0003)
    ensemble_weight: Float[Array, ""] = eqx.field(converter=_part, default=1.0)
    members: int = eqx.field(static=True, default=24)
    inflation: Float[Array, ""] = eqx.field(converter=factor, default=1.013)
    rotate: bool = eqx.field(static=True, default=True)
    non_finite: NonFinite = eqx.field(static=True, default="stop")

    def __check_init__(self):
        self._filter()

    def unsuitable(self, problem: AbstractStateSpace) -> str | None:
        """A problem without a climatology, unless α is 0 or background errors are given."""
        return super().unsuitable(problem) or (
            no_background(problem, self.covariance) if self.scale is not None else None
        )

    def data(self, problem: AbstractStateSpace) -> Windows:
        """Step i sees the i-th window."""
        return Windows(problem.cycles, self.window, self.window)

    def init(self, problem: AbstractStateSpace, unknowns: PyTree, key: PRNGKeyArray) -> HybridState:
        """The first background, by default the mean of the initial distribution, and draws."""
        anomalies = mean_and_anomalies(draw(problem, key, self.members))[1]
        return HybridState(ravel_pytree(unknowns)[0], anomalies)

    def background_error(
        self, problem: AbstractStateSpace, anomalies: Ensemble
    ) -> AbstractCovariance:
        """B."""
        static = self.covariance
        if self.scale is not None:
            static = background_error(problem, static, self.scale)
        dtype = anomalies.dtype if static is None else static.dtype
        part = jnp.sqrt(self.ensemble_weight / (len(anomalies) - 1))
        # The parts of a sum have the same precision.
        of_the_day = FactorCovariance(part.astype(dtype) * anomalies.T.astype(dtype))
        return of_the_day if static is None else static + of_the_day

    def step(
        self, problem: AbstractStateSpace, state: HybridState, batch: Cycle, key: PRNGKeyArray
    ) -> tuple[HybridState, Metrics]:
        """One window."""
        start = self.background_error(problem, state.anomalies)

        def states_of(control: Float[Array, " control"]) -> States:
            first = state.analysis + start.root(control)
            return trajectory_in_segments(problem, first, batch, segments=self.checkpoints)

        nothing = jnp.zeros(start.control_size, state.analysis.dtype)
        states, metrics = self.minimise(problem, batch, states_of, nothing)
        anomalies, told = self._through(problem, state, batch, key)
        return HybridState(states[-1], anomalies), metrics | told

    def unknowns(self, problem: AbstractStateSpace, state: HybridState) -> PyTree:
        """The analysis at the end of the last window."""
        return as_unknowns(problem, state.analysis)

    def _filter(self) -> ETKF:
        """The filter that takes the ensemble through a window."""
        return ETKF(
            members=self.members,
            inflation=self.inflation,
            rotate=self.rotate,
            non_finite=self.non_finite,
            keep="nothing",
        )

    def _through(
        self, problem: AbstractStateSpace, state: HybridState, window: Cycle, key: PRNGKeyArray
    ) -> tuple[Ensemble, Metrics]:
        """The anomalies at the end of a window, and their metrics."""
        method = self._filter()
        keys = jax.vmap(lambda number: jr.fold_in(key, number))(jnp.arange(self.window))

        def run(ensemble: Ensemble, here: tuple[Cycle, PRNGKeyArray]) -> tuple[Ensemble, Metrics]:
            ensemble, told = method.run_cycle(problem, ensemble, None, *here)
            # The other metrics are not used, so the compiler leaves them out.
            return ensemble, {name: told[name] for name in _TOLD if name in told}

        first = state.analysis[None] + state.anomalies
        ensemble, told = lax.scan(run, first, (window, keys))
        of_window = {
            name: jnp.sum(values) if name == "replaced_members" else values[-1]
            for name, values in told.items()
        }
        return mean_and_anomalies(ensemble)[1], of_window


_TOLD = ("spread", "forecast_spread", "replaced_members")
