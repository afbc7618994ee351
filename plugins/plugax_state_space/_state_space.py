"""State-space problems: a model that runs in time, and noisy observations of it.

    x_k = M_k(x_{k−1}) + η_k,   η_k ~ N(0, Q)
    y_k = H(t_k, x_k) + ε_k,    ε_k ~ N(0, R)
    x_0 ~ N(m₀, P₀)

M_k runs the model from one observation time to the next. The unknowns are the present state, so
they change from cycle to cycle: the answer is the analysis at the last observation time, and the
quality of a method is measured by means over all cycles, which `summary` computes.
"""

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import equinox as eqx
import jax
import jax.lax as lax
import jax.numpy as jnp
import lineax as lx
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray, PyTree

from plugax import AbstractIntegrator, Sequence
from plugax.errors import UnsuitableProblemError
from plugax.problems import AbstractConstraint, AbstractProblem, Metrics, Unconstrained

from ._burn_in import after_burn_in
from ._consistency import consistency, remarks_of
from ._cycle import Cycle
from ._gaussian import Gaussian
from ._geometry import Geometry
from .covariances import AbstractCovariance, RestrictedCovariance

ObservationOperator = Callable[..., Any] | lx.AbstractLinearOperator
"""H(t, x), or a linear H."""

TIMES = ("time", "smoothed_time")
"""Metrics that are times; no mean of them is taken."""


class AbstractStateSpace(AbstractProblem):
    """A state-space problem.

    `StateSpace` documents the parts; each subclass says where they come from.

    The state is any pytree of floating-point arrays. As a vector (in covariances and positions) its
    numbers are in the order of `jax.flatten_util.ravel_pytree`.

    Laws: the loss is half the squared distance of a one-cycle forecast from the observations, in
    standard deviations; `observe` and `forecast` are differentiable.
    """

    laws: ClassVar[str | None] = "plugax_state_space.laws:STATE_SPACE"

    precision: ClassVar = "float64"
    scores: ClassVar = ("analysis_rmse", "forecast_rmse", "spread")
    figures_from: ClassVar = "plugax_state_space._figures:figures_of"

    model: eqx.AbstractVar[Callable[..., Any]]
    integrator: eqx.AbstractVar[AbstractIntegrator]
    substeps: eqx.AbstractVar[int]
    observation_operator: eqx.AbstractVar[Any]  # an ObservationOperator; a subclass says which
    observation_error: eqx.AbstractVar[AbstractCovariance]
    model_error: eqx.AbstractVar[AbstractCovariance | None]
    initial: eqx.AbstractVar[Gaussian]
    climatology: eqx.AbstractVar[Gaussian | None]
    geometry: eqx.AbstractVar[Geometry | None]
    cycles: eqx.AbstractVar[Cycle]
    burn_in: eqx.AbstractVar[float]

    @property
    def data(self) -> Sequence:
        """Step i sees the i-th observation time."""
        return Sequence(self.cycles)

    def init(self, key: PRNGKeyArray) -> PyTree[Float[Array, "..."]]:  # noqa: ARG002
        """The mean of the initial distribution."""
        return self.initial.mean

    def in_variables(
        self, constraint: AbstractConstraint, start: PyTree | None
    ) -> "AbstractStateSpace":
        """The problem with another mean m₀ of the initial distribution.

        Errors: `UnsuitableProblemError` for any change of variables: the model advances the state
        and would keep no part of it fixed or within bounds.
        """
        if not isinstance(constraint, Unconstrained):
            raise UnsuitableProblemError(
                f"The unknowns of {type(self).__name__} are a state that its model advances: it "
                "can be neither held nor bounded. Build the constraint into the model, or let it "
                "advance a transformed state (a logarithm, say); px.starting_at sets another start."
            )
        none = lambda leaf: leaf is None  # noqa: E731 - where a tree of axes has no axis
        mean = lambda problem: jax.tree.leaves(problem.initial.mean, is_leaf=none)  # noqa: E731
        return eqx.tree_at(mean, self, jax.tree.leaves(start, is_leaf=none), is_leaf=none)

    def forecast(self, state: PyTree, cycle: Cycle) -> PyTree:
        """M_k(x), from the previous observation time to the time of the cycle."""
        if cycle.moves is None:
            return self._run(state, cycle)
        run = lambda state: self._run(state, cycle)  # noqa: E731
        return lax.cond(cycle.moves, run, lambda state: state, state)

    def _run(self, state: PyTree, cycle: Cycle) -> PyTree:
        """The model's steps to the time of a cycle."""
        states = self.integrator.trajectory(
            self.model,
            state,
            dt=cycle.duration / self.substeps,
            steps=self.substeps,
            every=self.substeps,
            t0=cycle.time - cycle.duration,
        )
        return jax.tree.map(lambda leaf: leaf[0], states)

    def trajectory(self, state: PyTree, window: Cycle) -> PyTree:
        """The model's states at the times of several cycles, from a state before the first."""

        def run(state: PyTree, cycle: Cycle) -> tuple[PyTree, PyTree]:
            state = self.forecast(state, cycle)
            return state, state

        return lax.scan(run, state, window)[1]

    def observe(self, time: Float[Array, ""], state: PyTree) -> Float[Array, " observed"]:
        """H(t, x), the observations of a state without errors."""
        if isinstance(self.observation_operator, lx.AbstractLinearOperator):
            return self.observation_operator.mv(state)
        return self.observation_operator(time, state)

    def error_of(self, cycle: Cycle) -> AbstractCovariance:
        """R of the observations of a cycle; missing observations are whitened to 0."""
        error = self.observation_error if cycle.error is None else cycle.error
        return error if cycle.available is None else error.restricted(cycle.available)

    def model_error_of(self, cycle: Cycle) -> AbstractCovariance | None:
        """Q of the forecast to a cycle, zero if no time passes; None for a perfect model."""
        if self.model_error is None or cycle.moves is None:
            return self.model_error
        return RestrictedCovariance(
            self.model_error, jnp.broadcast_to(cycle.moves, (self.model_error.size,))
        )

    def misfit(self, state: PyTree, cycle: Cycle) -> Float[Array, " observed"]:
        """R^{-½} (y − H(t, x)) of a state at the time of a cycle."""
        observed = self.observe(cycle.time, state)
        return self.error_of(cycle).whiten(cycle.observations.astype(observed.dtype) - observed)

    def loss(
        self,
        unknowns: PyTree,
        batch: Cycle,
        key: PRNGKeyArray,  # noqa: ARG002 - nothing here is random
    ) -> tuple[Float[Array, ""], Metrics]:
        """½‖R^{-½} (y − H(t, M(x)))‖²: how far the forecast from x is from the observations."""
        misfit = self.misfit(self.forecast(unknowns, batch), batch)
        return jnp.sum(jnp.square(misfit)) / 2, {}

    def verified(self, state: PyTree) -> PyTree:
        """The part of a state for which the truth is given, with the structure of the truth."""
        return state

    def diagnose(self, state: PyTree) -> Metrics:  # noqa: ARG002 - there is nothing more to say
        """Further numbers of an analysis for the metrics of its cycle."""
        return {}

    def summary(self, series: Mapping[str, np.ndarray]) -> Metrics:
        """Means over the cycles after the burn-in; counts (integers) are summed instead.

        Two ratios are added that are 1 if a method states its uncertainty correctly, the first for
        its analyses, the second for its forecasts: `spread_to_error`, the root mean square of
        `spread` over that of `analysis_rmse`, and `innovation_ratio`, the mean of `loss` over that
        of `expected_loss`, which is half the variance of the innovations in standard deviations of
        R, ½ tr (H P Hᵀ R⁻¹ + I).

        The metrics of a solver must hold `time`, the time of the analysis; a smoother that keeps
        its states gives their time as `smoothed_time`. A cycle exactly at the end of the burn-in is
        not counted, however its time is rounded.
        """
        if "time" not in series:
            return {}
        counted = after_burn_in(series["time"], self.burn_in)
        figures = {}
        for name, values in series.items():
            if values.dtype.kind in "iub":
                figures[name] = values[counted].sum(0)
            elif values.ndim == 1 and name not in TIMES:
                figures[name] = values[counted].mean() if counted.any() else np.nan
        return figures | consistency(series, counted)

    def remarks(self, series: Mapping[str, np.ndarray]) -> tuple[str, ...]:
        """Warnings: scores without meaning, wrong uncertainty, observations that are not finite."""
        return remarks_of(series, self.burn_in)
