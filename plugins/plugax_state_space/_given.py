"""A state-space problem built from its parts: your own model, your own observations."""

from collections.abc import Callable
from typing import Any

import equinox as eqx

from plugax import AbstractIntegrator, plugins

from ._check import check_state_space, substeps_of
from ._cycle import Cycle, cycles_of
from ._gaussian import Gaussian
from ._geometry import Geometry
from ._observation_error import ObservationError, errors_at
from ._state_space import AbstractStateSpace, ObservationOperator
from .covariances import AbstractCovariance


class StateSpace(AbstractStateSpace):
    """A model that runs in time, and observations of it.

        x_k = M_k(x_{k−1}) + η_k,  η_k ~ N(0, Q);   y_k = H(t_k, x_k) + ε_k,  ε_k ~ N(0, R)

    Arguments:
        model: the vector field f(t, x); x is any pytree of arrays. With the integrator `map` it is
            the next state itself.
        times: the times of the observations, increasing; the first may be `start` [model time
            units].
        observations: y, `(times, observed)`, NaN where missing. If their number varies, there are
            as many columns as the largest number.
        observation_operator: H(t, x), an array of one axis; or a linear operator of lineax.
        observation_error: R; if it varies, a list with one covariance for every time, or a function
            of time that returns one.
        initial: the distribution of the state at `start`.
        dt: the longest time step; every interval between observations is divided into equal steps
            [model time units]. A map makes steps of dt, equally many in each interval.
        start: the time of the initial state [model time units].
        integrator: advances the model, by name or as an object.
        model_error: Q, the covariance of the error that the model makes from one observation time
            to the next; None for a perfect model.
        climatology: the distribution of the model's states over all times, from which optimal
            interpolation, 3DVar and 4DVar take their background errors.
        geometry: positions of variables and observations, which localisation needs.
        truth: the true states at the observation times, if they are known; without them the metrics
            of errors are left out.
        burn_in: cycles up to this time are left out of the summary [model time units].

    Errors: `PlugaxError` if the parts do not fit together.
    """

    model: Callable[..., Any]
    integrator: AbstractIntegrator
    substeps: int = eqx.field(static=True)
    observation_operator: ObservationOperator
    observation_error: AbstractCovariance
    model_error: AbstractCovariance | None
    initial: Gaussian
    climatology: Gaussian | None
    geometry: Geometry | None
    cycles: Cycle
    burn_in: float = eqx.field(static=True)

    def __init__(
        self,
        model: Callable[..., Any],
        times: Any,
        observations: Any,
        observation_operator: ObservationOperator,
        observation_error: ObservationError,
        initial: Gaussian,
        *,
        dt: float,
        start: float = 0.0,
        integrator: AbstractIntegrator | str = "rk4",
        model_error: AbstractCovariance | None = None,
        climatology: Gaussian | None = None,
        geometry: Geometry | None = None,
        truth: Any = None,
        burn_in: float = 0.0,
    ):
        self.model = model
        self.integrator = plugins.integrator(integrator)
        self.observation_operator = observation_operator
        self.observation_error, varying = errors_at(times, observation_error)
        self.model_error = model_error
        self.initial = initial
        self.climatology = climatology
        self.geometry = geometry
        self.cycles = cycles_of(times, observations, start=start, truth=truth, error=varying)
        discrete = getattr(self.integrator, "discrete", False)
        self.substeps = substeps_of(times, start=start, dt=dt, discrete=discrete)
        self.burn_in = float(burn_in)

    def __check_init__(self):
        check_state_space(self)
