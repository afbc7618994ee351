"""The first example of most introductions to JAX: a straight line through noisy points."""

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, PRNGKeyArray

from plugax import check_memory

from ._linear import AbstractLinearRegression
from ._linear_prediction import predict
from ._linear_predictor import Batch
from ._ordinary import predictions_of
from ._prediction import Prediction

if TYPE_CHECKING:
    from plugax import Solution


class Regression(AbstractLinearRegression):
    """Find the straight line y = β₀ + β₁ x that noisy points were drawn from.

    The points have x uniform in [−1, 1] and y = intercept + slope x + noise, the noise normal. The
    unknowns are (intercept, slope).

    With n points, L(β) = (1/n) ‖X β − y‖², the mean squared error: the residuals of this least-
    squares problem are √(2/n) (X β − y), so that half their squared norm is that mean. So neither
    the loss nor a good learning rate depends on how many points there are.

    Gradient descent with learning rate η multiplies the error of the coefficients by I − η H, where
    H = (2/n) XᵀX is close to diag(2, ⅔): with η = 0.05 the intercept converges three times as fast
    as the slope, and a step whose root mean square is below δ ends at most √2 δ / (η λ) away from
    the minimum, λ being the smallest eigenvalue of H.

    Arguments:
        points: the number of points, at least 3.
        slope: slope of the line that they are drawn from.
        intercept: intercept (bias) of this line, the value at x = 0.
        noise: standard deviation of the noise.
        start: intercept and slope that iterative solvers start from.
        data_seed: seed of the points, which are the same in single and double precision.

    Errors: `ValueError` for too few points, which leave no degree of freedom for the noise, for
    negative noise and for a negative seed.
    """

    recipes: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "least-squares": {},
        "gradient": {
            "optimizer": {"name": "sgd", "learning_rate": 0.05},
            "tolerance": 1e-3,
            "steps": 200,
        },
        "gauss-newton": {},
        "levenberg-marquardt": {},
        "bfgs": {},
    }
    figures_from: ClassVar = "plugax_regression._figures:figures_of"

    columns: Float[Array, "2 points"]
    response: Float[Array, " points"]
    start: Float[Array, " 2"]
    truth: Float[Array, " 2"]
    noise: Float[Array, ""]
    terms: tuple[str, ...] = eqx.field(static=True)

    def __init__(
        self,
        points: int = 100,
        slope: float = 3.0,
        intercept: float = 2.0,
        noise: float = 1.0,
        start: tuple[float, float] = (-1.0, 1.0),
        data_seed: int = 0,
    ):
        if points < 3:
            raise ValueError(
                f"points must be at least 3, one more than a line has coefficients; got {points}."
            )
        if not noise >= 0:
            raise ValueError(f"noise, a standard deviation, must not be negative; got {noise}.")
        if len(start) != 2:
            raise ValueError(f"start must hold two numbers, intercept and slope; got {start}.")
        if data_seed < 0:
            raise ValueError(f"data_seed must not be negative; got {data_seed}.")
        check_memory(8 * 6 * points, f"A line through {points} points")
        # NumPy's generator, since JAX's draws other numbers in single than in double precision.
        random = np.random.default_rng(data_seed)
        x = random.uniform(-1, 1, points)
        y = intercept + slope * x + noise * random.standard_normal(points)
        self.columns = jnp.asarray(np.stack([np.ones(points), x]), float)
        self.response = jnp.asarray(y, float)
        self.start = jnp.asarray(start, float)
        self.truth = jnp.asarray([intercept, slope], float)
        self.noise = jnp.asarray(noise, float)
        self.terms = ("intercept", "x")

    def reseeded(self, seed: int) -> "Regression":
        """Other points of the same line."""
        intercept, slope = map(float, self.truth)
        return Regression(
            points=len(self.response),
            slope=slope,
            intercept=intercept,
            noise=float(self.noise),
            start=(float(self.start[0]), float(self.start[1])),
            data_seed=seed,
        )

    def residuals(
        self,
        unknowns: Float[Array, " terms"],
        batch: Batch,
        key: PRNGKeyArray,  # noqa: ARG002 - nothing is random here
    ) -> tuple[Float[Array, " points"], dict[str, Array]]:
        """√(2/n) (X β − y) for the n points of a batch; the metric `coefficients` is β."""
        design, response = batch
        scale = math.sqrt(2 / response.size)
        return scale * (predictions_of(design, unknowns) - response), {"coefficients": unknowns}

    def evaluate(self, unknowns: Float[Array, " terms"]) -> dict[str, Any]:
        """The coefficients with their classical statistics, lists in the order of `terms`.

        The metrics of `LinearRegression`, for the given coefficients, which are not quite the best
        ones if a solver stopped early.
        """
        return self.metrics_of(unknowns, None)

    def evaluate_held(
        self, unknowns: Float[Array, " terms"], held: Bool[Array, " terms"]
    ) -> dict[str, Any]:
        """The statistics of `evaluate` if some coefficients were held: known, with error 0."""
        return self.metrics_of(unknowns, held)

    def predict(  # pyright: ignore[reportIncompatibleMethodOverride]
        self, solution: "Solution", inputs: Any, *, level: float = 0.95
    ) -> Prediction:
        """The line at other x, with the bands of the line and of a new point.

        Arguments:
            solution: a solution of this problem.
            inputs: x, of any shape.
            level: the probability of the bands.
        """
        x = np.asarray(inputs, float)
        rows = np.stack([np.ones(x.size), x.ravel()], axis=1)
        return predict(self, solution, rows, level, x.shape)
