"""Nonlinear regression: the parameters of a model that the user writes as a function."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Bool, Float, PRNGKeyArray, PyTree

from plugax import AbstractLeastSquares, FullBatch, Table

from ._combinations import combinations_of
from ._fit_tables import tables_of
from ._likelihood import criteria_of
from ._nonlinear_prediction import held_in, predict
from ._observations import as_observations, check_model, check_points, predictors, spread
from ._parameters import as_parameters, as_vector, names_of
from ._prediction import Prediction
from ._robust import robust_residuals, scale_of
from ._uncertainty import Uncertainty, uncertainty_of
from ._unit import unit_of
from ._whitening import log_determinant, whiten

if TYPE_CHECKING:
    from plugax import Solution


class NonlinearRegression(AbstractLeastSquares):
    """Fit the parameters θ of a model f(θ, x) to observations y.

    The loss is ½ Σ ((f(θ, x) − y) / σ)², half the (weighted) sum of squares, as in SciPy's
    `least_squares`; in R's `nls` the weights are 1/σ². If the squares of y / σ are too small or too
    large for a floating-point number, the residuals are in a power of two of that unit, `unit`.

    Arguments:
        model: f, called as `model(parameters, x)` with all of x at once; returns an array in the
            shape of y.
        x: the explanatory variables: an array, or a pytree of arrays.
        y: the observations, an array of any shape.
        start: the parameters to start from: any pytree of numbers, such as a dictionary.
        sigma: standard deviations of the observations, one or as many as there are; or their
            covariance, a matrix with a row and a column for each; None for equal ones.
        absolute_sigma: whether `sigma` is in the unit of y. If not, only the ratios between the
            sigmas count, and their size is estimated from the residuals; as in SciPy's `curve_fit`.
        robust: a loss in which outliers count less than their squares: huber, soft-l1, cauchy,
            arctan or bisquare; None for squares. The covariance is then that of Huber's
            M-estimates, estimated from the residuals whatever the value of `absolute_sigma`.
        robust_scale: the size of a residual (f(θ, x) − y) / σ beyond which it counts less. With
            `absolute_sigma` the default is the scale of 95 % efficiency for normal errors.

    Errors: `PlugaxError` for values that are not finite numbers, sigmas that are not positive,
    fewer observations than parameters, and a model that cannot be called in this way or returns the
    wrong shape.

    Laws: with `absolute_sigma=False`, multiplying all sigmas by c changes only the residuals' sum
    of squares and standard deviation in `evaluate`; multiplying y, σ and the model by c does not
    change the parameters.

    Source: of robust losses, Huber 1964, doi 10.1214/aoms/1177703732.
    """

    recipes: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        # Another step or two, for two to three more digits of parameters and their deviations; and
        # first steps no longer than the parameters: some models (NIST's BoxBOD) have plateaus far
        # away, from which no step leads back.
        "levenberg-marquardt": {"rtol": 1e-12, "radius": 1.0},
        "gauss-newton": {},
        "bfgs": {},
    }
    precision: ClassVar[str | None] = "float64"
    figures_from: ClassVar = "plugax_regression._diagnostics:nonlinear_figures"

    model: Callable[..., Any]
    x: PyTree[Array]
    y: Float[Array, "..."]
    start: PyTree
    sigma: Float[Array, "..."] | None
    absolute_sigma: bool = eqx.field(static=True)
    robust: str | None = eqx.field(static=True)
    robust_scale: Float[Array, ""] | None
    unit: float = eqx.field(static=True)

    def __init__(
        self,
        model: Callable[..., Any],
        x: Any,
        y: Any,
        start: PyTree,
        *,
        sigma: Any = None,
        absolute_sigma: bool = False,
        robust: str | None = None,
        robust_scale: float | None = None,
    ):
        self.model = model
        self.x = predictors(x)
        self.y = as_observations(y)
        self.start = as_parameters(start)
        self.sigma = spread(sigma, self.y, absolute=absolute_sigma)
        self.absolute_sigma = absolute_sigma
        self.robust = robust
        scale = scale_of(robust, robust_scale, known=absolute_sigma)
        self.robust_scale = None if scale is None else jnp.asarray(scale, float)
        self.unit = unit_of(np.asarray(whiten(self.sigma, self.y)))
        check_points(self.y.size, names_of(self.start))
        check_model(model, self.start, self.x, self.y.shape)

    def init(self, key: PRNGKeyArray) -> PyTree:  # noqa: ARG002 - always the same
        """The parameters to start from."""
        return self.start

    @property
    def data(self) -> FullBatch:
        """All observations at every step."""
        return FullBatch((self.x, self.y, self.sigma))

    def residuals(
        self,
        unknowns: PyTree,
        batch: PyTree,
        key: PRNGKeyArray,  # noqa: ARG002 - nothing is random here
    ) -> tuple[Float[Array, "..."], dict[str, Array]]:
        """(f(θ, x) − y) / σ, or the transformed residuals whose squares are the robust loss."""
        residuals = self._residuals(unknowns, *batch)
        if self._loss is not None:
            residuals = robust_residuals(*self._loss, residuals)
        return residuals, {}

    def predictions(self, unknowns: PyTree) -> Float[Array, "..."]:
        """f(θ, x), in the shape of y."""
        return self.model(unknowns, self.x)

    def covariance(self, unknowns: PyTree, held: PyTree = None) -> Float[Array, "n n"]:
        """The covariance of the parameters, rows and columns in the order of the metric `names`.

        s² (JᵀJ)⁻¹, with s = 1 if `absolute_sigma`, to first order in the parameters' errors. The
        variance of an undetermined parameter is infinite, and so is its covariance with parameters
        that can compensate for it. Without degrees of freedom to estimate s from, all variances are
        infinite. Held parameters have zeros.

        Arguments:
            unknowns: the parameters at the minimum.
            held: which parameters were held, in their structure (see
                `AbstractProblem.evaluate_held`).
        """
        return self.uncertainty(unknowns, _flags(held)).covariance

    def evaluate(self, unknowns: PyTree) -> dict[str, Any]:
        """The parameters with their standard deviations, lists in the order of `names`.

        `parameters`, `names`, `standard_deviations` (the square roots of the covariance's
        diagonal), `residual_sum_of_squares` (Σ r², weighted by σ), `residual_standard_deviation`
        (the root of that per degree of freedom), `degrees_of_freedom` (observations less the rank
        of the Jacobian), `log_likelihood`, `aic`, `bic` and the matrix `correlations`.

        With a robust loss the residuals' standard deviation is 1.4826 times the median of their
        sizes, and there are no `log_likelihood`, `aic` and `bic`, which are those of normal errors.
        """
        return self._evaluate(unknowns, None)

    def evaluate_held(self, unknowns: PyTree, held: PyTree) -> dict[str, Any]:
        """The results of `evaluate` if some parameters were held, as `held` says.

        Held parameters have the standard deviation 0, and use no degree of freedom.
        """
        flags = _flags(held)
        return {**self._evaluate(unknowns, flags), "held": flags}

    def _evaluate(self, unknowns: PyTree, held: Array | None) -> dict[str, Any]:
        uncertainty = self.uncertainty(unknowns, held)
        criteria = {} if self.robust is not None else self._criteria(uncertainty)
        return {
            "parameters": as_vector(unknowns)[0],
            "names": list(names_of(self.start)),
            "standard_deviations": uncertainty.standard_deviations,
            "residual_sum_of_squares": uncertainty.sum_of_squares,
            "residual_standard_deviation": uncertainty.deviation,
            "degrees_of_freedom": uncertainty.degrees_of_freedom,
            **criteria,
            "correlations": uncertainty.determination.correlations,
        }

    def _criteria(self, uncertainty: Uncertainty) -> dict[str, Array]:
        return criteria_of(
            None if self.absolute_sigma else uncertainty.log_variance,
            uncertainty.sum_of_squares,
            log_determinant(self.sigma, self.y.size),
            points=self.y.size,
            parameters=self.y.size - uncertainty.degrees_of_freedom,
        )

    def tables(self, solution: "Solution") -> tuple[Table, ...]:
        """The parameters with their deviations and 95 % intervals, and their correlations."""
        fit = tables_of(
            solution.metrics,
            "parameter",
            "estimate",
            names="names",
            estimates="parameters",
            errors="standard_deviations",
            freedom=np.inf if self.spread_known else None,
        )
        lost = ()
        if not np.all(np.isfinite(np.asarray(solution.metrics["standard_deviations"], float))):
            lost = self.undetermined(solution)
        return (*fit, Table({"not determined": lost})) if lost else fit

    def undetermined(self, solution: "Solution") -> tuple[str, ...]:
        """The combinations of parameters that the observations do not determine, one per text.

        Moving the parameters along one of them changes no prediction, to first order.

        Arguments:
            solution: a solution of this problem, or of a variant.
        """
        uncertainty = self.uncertainty(solution.unknowns, held_in(solution))
        null = np.asarray(uncertainty.determination.null)
        return combinations_of(null, solution.metrics["names"])

    def predict(  # pyright: ignore[reportIncompatibleMethodOverride]
        self, solution: "Solution", inputs: Any, *, level: float = 0.95, sigma: Any = None
    ) -> Prediction:
        """The model at other x, with the bands of the model and of a new observation.

        Arguments:
            solution: a solution of this problem, or of a variant.
            inputs: x, in the form that the model takes.
            level: the probability of the bands.
            sigma: the standard deviation of a new observation, in the unit of the problem's own
                `sigma`; by default that of all observations. If these differ, there is no band of
                a new observation.
        """
        return predict(self, solution, predictors(inputs), level=level, sigma=sigma)

    def uncertainty(self, unknowns: PyTree, held: Bool[Array, " n"] | None) -> Uncertainty:
        """How well the observations determine the parameters.

        Arguments:
            unknowns: the parameters at the minimum.
            held: which parameters were held, in the order of the metric `names`; None for none.
        """
        vector, parameters = as_vector(unknowns)

        def residuals(vector: Float[Array, " n"]) -> Float[Array, " m"]:
            return jnp.ravel(self._residuals(parameters(vector), self.x, self.y, self.sigma))

        return uncertainty_of(
            residuals,
            vector,
            held=held,
            absolute=self.absolute_sigma,
            unit=self.unit,
            robust=self._loss,
        )

    @property
    def spread_known(self) -> bool:
        """Whether the standard deviations of the observations are known, not estimated."""
        return self.absolute_sigma and self.robust is None

    @property
    def _loss(self) -> tuple[str, Float[Array, ""]] | None:
        """The robust loss and its scale, in the unit of the residuals."""
        if self.robust is None or self.robust_scale is None:
            return None
        return self.robust, self.robust_scale / self.unit

    def _residuals(self, parameters: PyTree, x: Any, y: Any, sigma: Any) -> Float[Array, "..."]:
        difference = whiten(sigma, self.model(parameters, x) - y)
        return difference if self.unit == 1 else difference / self.unit


def _flags(held: PyTree) -> Bool[Array, " n"] | None:
    """What is held, in the order of the parameters' names."""
    return None if held is None else ravel_pytree(held)[0]
