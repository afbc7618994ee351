"""The state-space problem for tests of solvers, with its known answer."""

from collections.abc import Callable
from typing import Any, ClassVar

import equinox as eqx
import jax
import jax.lax as lax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, PyTree

from plugax import AbstractIntegrator

from .. import AbstractStateSpace, Cycle, Gaussian, Geometry
from .._cycle import cycles_of
from ..covariances import AbstractCovariance, ScalarCovariance

# A rotation that mixes all three variables, slowly damped: the climate has variance 1 if the model
# error has variance 1 − 0.98².
DAMPING, ANGLE, SPREAD, CYCLES = 0.98, 0.3, 0.2, 160


class EulerSteps(AbstractIntegrator):
    """x_{n+1} = x_n + dt f(t_n, x_n); the kit needs no plugin."""

    def trajectory(
        self, field: Any, y0: PyTree, *, dt: Any, steps: int, every: int = 1, t0: Any = 0.0
    ) -> PyTree:
        """The states every `every` steps."""

        def step(y: PyTree, n: Array) -> tuple[PyTree, PyTree]:
            change = field(t0 + dt * n.astype(dt.dtype), y)
            y = jax.tree.map(lambda y, k: y + dt.astype(y.dtype) * k, y, change)
            return y, y

        states = lax.scan(step, y0, jnp.arange(steps))[1]
        return jax.tree.map(lambda leaf: leaf[every - 1 :: every], states)


class Linear(eqx.Module):
    """dx/dt = A x."""

    matrix: Array

    def __call__(self, t: Any, x: Array) -> Array:
        """The tendency."""
        del t
        return self.matrix.astype(x.dtype) @ x


def _itself(t: Any, x: Array) -> Array:
    del t
    return x


class Tracking(AbstractStateSpace):
    """x_k = M x_{k−1} + η, y_k = x_k + ε: three numbers on a damped rotation, linear and Gaussian.

    At every second time one of the three observations is missing. The best answer is that of the
    Kalman filter, `kalman`.

    Source: R. E. Kalman, J. Basic Eng. 82 (1960), doi 10.1115/1.3662552.
    """

    recipes: ClassVar = {}

    model: Callable[..., Any]
    integrator: AbstractIntegrator
    observation_operator: Callable[..., Any]
    observation_error: AbstractCovariance
    model_error: AbstractCovariance | None
    initial: Gaussian
    climatology: Gaussian | None
    geometry: Geometry | None
    cycles: Cycle
    substeps: int = eqx.field(static=True, default=1)
    burn_in: float = eqx.field(static=True, default=0.0)

    def __init__(self):
        random = np.random.default_rng(0)
        matrix, noise = _matrix(), np.sqrt(1 - DAMPING**2)
        truth = [random.normal(size=3)]
        for _ in range(CYCLES):
            truth.append(matrix @ truth[-1] + noise * random.normal(size=3))
        truth = np.stack(truth[1:])
        observations = truth + SPREAD * random.normal(size=truth.shape)
        missing = np.arange(0, CYCLES, 2)
        observations[missing, missing % 3] = np.nan
        self.model = Linear(jnp.asarray((matrix - np.eye(3)) / 0.5, float))
        self.integrator = EulerSteps()
        self.observation_operator = _itself
        self.observation_error = ScalarCovariance(SPREAD, 3)
        self.model_error = ScalarCovariance(float(noise), 3)
        self.initial = self.climatology = Gaussian(np.zeros(3), ScalarCovariance(1.0, 3))
        self.geometry = Geometry(np.arange(3.0), np.arange(3.0))
        self.cycles = cycles_of(0.5 * np.arange(1, CYCLES + 1), observations, truth=truth)

    def kalman(self) -> np.ndarray:
        """The means of the Kalman filter's analyses, `(times, 3)`."""
        matrix, mean, covariance = _matrix(), np.zeros(3), np.eye(3)
        observations, available = (
            np.asarray(part, float) for part in (self.cycles.observations, self.cycles.available)
        )
        means = []
        for y, here in zip(observations, available > 0, strict=True):
            mean = matrix @ mean
            covariance = matrix @ covariance @ matrix.T + (1 - DAMPING**2) * np.eye(3)
            observe = np.eye(3)[here]
            seen = observe @ covariance @ observe.T + SPREAD**2 * np.eye(len(observe))
            gain = np.linalg.solve(seen, observe @ covariance).T
            mean = mean + gain @ (y[here] - observe @ mean)
            covariance = covariance - gain @ observe @ covariance
            means.append(mean)
        return np.stack(means)


def _matrix() -> np.ndarray:
    """DAMPING times the rotation by ANGLE about (1, 1, 1), by the formula of Rodrigues."""
    x, y, z = np.ones(3) / np.sqrt(3)
    cross = np.asarray([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    return DAMPING * (np.eye(3) + np.sin(ANGLE) * cross + (1 - np.cos(ANGLE)) * cross @ cross)
