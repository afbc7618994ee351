"""Joint estimation: parameters of a model, or of its observations, as part of the state.

    x_k = M_k(x_{k−1}; θ_{k−1}) + η_k
    θ_k = θ_{k−1} + ζ_k
    y_k = H(t_k, x_k; θ_k) + ε_k

with η ~ N(0, Q) and ζ ~ N(0, D). Parameters are not observed. They are corrected through their
correlations with the state, which come from an ensemble or from a window of observations.

Source: A. H. Jazwinski, Stochastic Processes and Filtering Theory (1970); J. L. Anderson,
Mon. Wea. Rev. 129 (2001), doi 10.1175/1520-0493(2001)129<2884:AEAKFF>2.0.CO;2, for ensembles.
"""

from collections.abc import Callable, Mapping
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Float, PyTree

from plugax import AbstractIntegrator
from plugax.problems import Metrics

from ._augmented_check import Selection, pick
from ._check import check_state_space
from ._cycle import Cycle
from ._gaussian import Gaussian
from ._geometry import Geometry
from ._state_space import AbstractStateSpace, ObservationOperator
from .covariances import AbstractCovariance, BlockCovariance, FactorCovariance


class AugmentedState(eqx.Module):
    """A state x and the parameters θ that are estimated with it."""

    state: PyTree[Float[Array, "..."]]
    parameters: PyTree[Float[Array, "..."]]


class AugmentedStateSpace(AbstractStateSpace):
    """A state-space problem whose state is an `AugmentedState`; made by `augmented`.

    `model` and `observation_operator` are those of the state alone, with the parameters as the
    problem had them.
    """

    problem: AbstractStateSpace
    picked: Selection = eqx.field(static=True)
    initial: Gaussian
    climatology: Gaussian | None
    model_error: AbstractCovariance | None
    geometry: Geometry | None

    def __init__(
        self,
        problem: AbstractStateSpace,
        where: Callable[[Any], PyTree],
        initial: Gaussian,
        drift: AbstractCovariance | None,
    ):
        state, count = problem.initial.covariance, initial.covariance.size
        self.problem = problem
        self.picked = pick(problem, where, initial, drift)
        self.initial = _join(problem.initial, initial)
        self.climatology = problem.climatology and _join(problem.climatology, initial)
        self.model_error = _join_errors(problem.model_error, state.size, drift, count)
        self.geometry = problem.geometry and _extend(problem.geometry, count)

    def __check_init__(self):
        check_state_space(self)

    def forecast(self, state: AugmentedState, cycle: Cycle) -> AugmentedState:
        """The state advanced by the model with these parameters, which do not change."""
        forecast = self._replace(state.parameters).forecast(state.state, cycle)
        return AugmentedState(forecast, state.parameters)

    def observe(self, time: Float[Array, ""], state: AugmentedState) -> Float[Array, " observed"]:
        """H(t, x; θ)."""
        return self._replace(state.parameters).observe(time, state.state)

    def verified(self, state: AugmentedState) -> PyTree:
        """The part of the state x that the truth is given for."""
        return self.problem.verified(state.state)

    def diagnose(self, state: AugmentedState) -> Metrics:
        """All parameters in one row, and each scalar parameter under its own name."""
        leaves = jax.tree.leaves(state.parameters)
        named = zip(self.picked.names, leaves, strict=True)
        return {
            **self._replace(state.parameters).diagnose(state.state),
            "parameters": ravel_pytree(state.parameters)[0],
            **{name: leaf for name, leaf in named if leaf.ndim == 0},
        }

    def _replace(self, parameters: PyTree) -> AbstractStateSpace:
        """The problem with these parameters in place of its own."""
        leaves, structure = jax.tree.flatten(self.problem)
        for place, leaf in zip(self.picked.places, jax.tree.leaves(parameters), strict=True):
            leaves[place] = leaf
        return jax.tree.unflatten(structure, leaves)

    @property
    def recipes(self) -> Mapping[str, Mapping[str, Any]]:  # pyright: ignore[reportIncompatibleVariableOverride]
        """The recipes of the problem."""
        return self.problem.recipes

    @property
    def model(self) -> Callable[..., Any]:  # pyright: ignore[reportIncompatibleMethodOverride, reportIncompatibleVariableOverride]
        """The model of the problem."""
        return self.problem.model

    @property
    def integrator(self) -> AbstractIntegrator:  # pyright: ignore[reportIncompatibleVariableOverride]
        """The integrator of the problem."""
        return self.problem.integrator

    @property
    def substeps(self) -> int:  # pyright: ignore[reportIncompatibleVariableOverride]
        """The number of substeps of the problem."""
        return self.problem.substeps

    @property
    def observation_operator(self) -> ObservationOperator:  # pyright: ignore[reportIncompatibleMethodOverride, reportIncompatibleVariableOverride]
        """The observation operator of the problem."""
        return self.problem.observation_operator

    @property
    def observation_error(self) -> AbstractCovariance:  # pyright: ignore[reportIncompatibleVariableOverride]
        """The observation error of the problem."""
        return self.problem.observation_error

    @property
    def cycles(self) -> Cycle:  # pyright: ignore[reportIncompatibleVariableOverride]
        """The cycles of the problem."""
        return self.problem.cycles

    @property
    def burn_in(self) -> float:  # pyright: ignore[reportIncompatibleVariableOverride]
        """The burn-in of the problem."""
        return self.problem.burn_in


def augmented(
    problem: AbstractStateSpace,
    where: Callable[[Any], PyTree],
    initial: Gaussian,
    *,
    drift: AbstractCovariance | None = None,
) -> AugmentedStateSpace:
    """The problem of estimating some of its parameters together with its state.

        ss.augmented(problem, lambda problem: problem.model.forcing, initial)

    An analysis is an `AugmentedState` with `state` and `parameters`. The metrics of a cycle hold
    all parameters in one row, `parameters`, and each scalar parameter under its place in the
    problem, such as `model_forcing`. Errors and spread are those of the state.

    The parameters have no position (NaN in the geometry), so localisation does not affect them. In
    a climatology they are independent of the state: methods that take their background errors from
    the climatology, such as 3DVar, cannot estimate parameters of the model.

    Arguments:
        problem: the problem; its own values of the parameters are not used.
        where: picks arrays of floating-point numbers in the problem's `model` or
            `observation_operator`: one, several as a tuple, or a pytree of them.
        initial: the distribution of the parameters at the start; its mean has the structure of
            what `where` picks.
        drift: covariance D of the random change of the parameters from one observation time to the
            next; None for constant parameters.

    Errors: `PlugaxError` if `where` picks something else, or if `initial` or `drift` does not fit
    what it picks.
    """
    return AugmentedStateSpace(problem, where, initial, drift)


def _join(state: Gaussian, parameters: Gaussian) -> Gaussian:
    covariance = BlockCovariance((state.covariance, parameters.covariance))
    return Gaussian(AugmentedState(state.mean, parameters.mean), covariance)


def _join_errors(
    error: AbstractCovariance | None, size: int, drift: AbstractCovariance | None, count: int
) -> AbstractCovariance | None:
    if error is None and drift is None:
        return None
    return BlockCovariance((error or _zero(size), drift or _zero(count)))


def _zero(size: int) -> AbstractCovariance:
    return FactorCovariance(jnp.zeros((size, 0)))


def _extend(geometry: Geometry, count: int) -> Geometry:
    nowhere = np.full((count, geometry.states.shape[1]), np.nan)
    return Geometry(
        np.concatenate([np.asarray(geometry.states), nowhere]),
        np.asarray(geometry.observations),
        period=geometry.period,
        distance=geometry.distance,
    )
