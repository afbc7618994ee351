"""Strong-constraint 4DVar over one window, as least squares in a control variable.

    x₀ = x_b + B^½ v
    J(v) = ½‖v‖² + ½‖R^{-½} (H(M(x₀)) − y)‖²

M runs the model from the start of the window to every observation time, H is applied to each of
these states, and R is diagonal. With the control variable v the background part is a plain square,
so B is never inverted; this is the preconditioning that operational centres use.

Sources: F.-X. Le Dimet and O. Talagrand, Tellus A 38 (1986), doi 10.3402/tellusa.v38i2.11706;
P. Courtier, J.-N. Thépaut and A. Hollingsworth, Q. J. R. Meteorol. Soc. 120 (1994),
doi 10.1002/qj.49712051912 (Gauss–Newton on J is their incremental 4DVar).
"""

from collections.abc import Callable
from typing import Any, ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from plugax import AbstractIntegrator, AbstractLeastSquares, FullBatch
from plugax_state_space import AbstractCovariance

from ._check import check_four_d_var


class AbstractFourDVar(AbstractLeastSquares):
    """4DVar of any model; `FourDVar` documents the parts, each subclass says where they come from.

    The unknown is v, and a solver starts from v = 0, the background. Every step's metrics hold the
    two parts of the cost, `cost_background` and `cost_observations`.
    """

    recipes: ClassVar = {
        "gauss-newton": {"steps": 100},
        "levenberg-marquardt": {"steps": 100},
        "bfgs": {"steps": 1000},
        "lbfgs": {"steps": 2000},
        "newton": {"steps": 100},
        "gradient": {"optimizer": {"name": "lbfgs"}, "steps": 200},
    }
    precision: ClassVar = "float64"
    figures_from: ClassVar = "plugax_lorenz96._figures:figures_of"
    days_per_time_unit: ClassVar[float | None] = None

    model: eqx.AbstractVar[Callable[..., Any]]
    background: eqx.AbstractVar[Float[Array, " state"]]
    background_error: eqx.AbstractVar[AbstractCovariance]
    observations: eqx.AbstractVar[Float[Array, "observation_times observed"]]
    observation_operator: eqx.AbstractVar[Callable[..., Any]]
    observation_std: eqx.AbstractVar[Float[Array, "..."]]
    dt: eqx.AbstractVar[Float[Array, ""]]
    truth: eqx.AbstractVar[Float[Array, "times state"] | None]
    integrator: eqx.AbstractVar[AbstractIntegrator]
    window_steps: eqx.AbstractVar[int]
    observe_every: eqx.AbstractVar[int]
    forecast_steps: eqx.AbstractVar[int]

    def __check_init__(self):
        check_four_d_var(self)

    @property
    def control_size(self) -> int:
        """How many numbers v has, as many as the control variable of the covariance."""
        return self.background_error.control_size

    @property
    def data(self) -> FullBatch:
        """The observations of the window, all at every step."""
        return FullBatch(self.observations)

    def init(self, key: PRNGKeyArray) -> Float[Array, " control"]:  # noqa: ARG002
        """The background: v = 0."""
        return jnp.zeros(self.control_size, self.background.dtype)

    def initial_state(self, unknowns: Float[Array, " control"]) -> Float[Array, " state"]:
        """x₀ = x_b + B^½ v."""
        return self.background.astype(unknowns.dtype) + self.background_error.root(unknowns)

    def observe(
        self, unknowns: Float[Array, " control"]
    ) -> Float[Array, "observation_times observed"]:
        """H(M(x₀)), the observations without errors at the observation times."""
        states = self.integrator.trajectory(
            self.model,
            self.initial_state(unknowns),
            dt=self.dt.astype(unknowns.dtype),
            steps=self.window_steps,
            every=self.observe_every,
        )
        return jax.vmap(self.observation_operator)(self._observation_times(states.dtype), states)

    def residuals(
        self,
        unknowns: Float[Array, " control"],
        batch: Float[Array, "observation_times observed"],
        key: PRNGKeyArray | None = None,  # noqa: ARG002
    ) -> tuple[dict[str, Array], dict[str, Array]]:
        """v, and R^{-½} (H(M(x₀)) − y) for the observations y in `batch`; the parts of the cost."""
        misfit = self._misfit(self.observe(unknowns), batch)
        metrics = {
            "cost_background": jnp.sum(jnp.square(unknowns)) / 2,
            "cost_observations": jnp.sum(jnp.square(misfit)) / 2,
        }
        return {"background": unknowns, "observations": misfit}, metrics

    def trajectories(self, unknowns: Float[Array, " control"]) -> Float[Array, "2 times state"]:
        """The runs from the background and from the analysis: start, window and forecast."""
        starts = jnp.stack([self.initial_state(v) for v in (jnp.zeros_like(unknowns), unknowns)])
        run = lambda start: self.integrator.trajectory(  # noqa: E731
            self.model,
            start,
            dt=self.dt.astype(unknowns.dtype),
            steps=self.window_steps + self.forecast_steps,
        )
        return jnp.concatenate([starts[:, None], jax.vmap(run)(starts)], axis=1)

    def evaluate(self, unknowns: Float[Array, " control"]) -> dict[str, Array]:
        """The cost and its parts, the fit to the observations, and the errors if truth is known."""
        _, parts = self.residuals(unknowns, self.observations)
        runs = self.trajectories(unknowns)
        window = slice(self.observe_every, self.window_steps + 1, self.observe_every)
        times = self._observation_times(runs.dtype)
        observe = jax.vmap(self.observation_operator)
        observed = jax.vmap(lambda states: observe(times, states))(runs[:, window])
        std = jnp.broadcast_to(self.observation_std, self.observations.shape)
        count = jnp.sum(jnp.isfinite(std)).astype(unknowns.dtype)  # infinite where missing
        chi_squared = jnp.sum(
            jnp.square(jax.vmap(self._misfit, (0, None))(observed, self.observations)), (1, 2)
        )
        cost = parts["cost_background"] + parts["cost_observations"]
        metrics = {
            "cost": cost,
            **parts,
            "chi_squared_per_observation": 2 * cost / count,
            "background_misfit": jnp.sqrt(chi_squared[0] / count),
            "analysis_misfit": jnp.sqrt(chi_squared[1] / count),
        }
        return metrics if self.truth is None else metrics | self._errors(runs, self.truth)

    def _observation_times(self, dtype: jnp.dtype) -> Float[Array, " observation_times"]:
        numbers = jnp.arange(1, len(self.observations) + 1).astype(dtype)
        return self.dt.astype(dtype) * self.observe_every * numbers

    def _misfit(self, observed, observations):
        std = self.observation_std.astype(observed.dtype)
        return (observed - observations.astype(observed.dtype)) / jnp.broadcast_to(
            std, observed.shape
        )

    def _errors(self, runs, truth):
        rmse = rmse_by_time(runs, truth)
        in_window = jnp.sqrt(jnp.mean(jnp.square(rmse[:, : self.window_steps + 1]), 1))
        return {
            "background_rmse": rmse[0, 0],
            "analysis_rmse": rmse[1, 0],
            "background_window_rmse": in_window[0],
            "analysis_window_rmse": in_window[1],
            "background_forecast_rmse": rmse[0, -1],
            "forecast_rmse": rmse[1, -1],
        }


def rmse_by_time(
    runs: Float[Array, "runs times state"], truth: Float[Array, "times state"]
) -> Float[Array, "runs times"]:
    """√(mean over the variables of (x − truth)²), for every run and time."""
    return jnp.sqrt(jnp.mean(jnp.square(runs - truth[None].astype(runs.dtype)), axis=2))
