"""Linear models of the user's own data: their predictions and figures."""

from typing import TYPE_CHECKING, Any, ClassVar

import equinox as eqx
import numpy as np
from jaxtyping import Array, Float

from ._linear_prediction import predict
from ._linear_predictor import AbstractLinearPredictor
from ._own_data import rows_at
from ._prediction import Prediction
from ._terms import Term

if TYPE_CHECKING:
    from plugax import Solution


class AbstractLinearModel(AbstractLinearPredictor):
    """A linear model of data that were given; its fields are those of `OwnData`.

    With a covariance L Lᵀ of the response, `columns` and `response` are multiplied by L⁻¹, and
    `factor` holds L, or its diagonal; None for 1.
    """

    figures_from: ClassVar = "plugax_regression._diagnostics:linear_figures"

    factor: eqx.AbstractVar[Float[Array, "..."] | None]
    response_name: eqx.AbstractVar[str]
    formulas: eqx.AbstractVar[tuple[Term, ...]]
    explanatory: eqx.AbstractVar[Float[Array, " points"] | None]

    def predict(  # pyright: ignore[reportIncompatibleMethodOverride]
        self, solution: "Solution", inputs: Any, *, level: float = 0.95
    ) -> Prediction:
        """The response at other places, with the bands of its mean and of a new observation.

        A new observation has the weight 1, or the variance 1 in the unit of the covariance.

        Arguments:
            solution: a solution of this problem, or of a variant.
            inputs: a file or arrays by name, or one array if only one column explains the response.
            level: the probability of the bands.
        """
        rows = rows_at(inputs, self.formulas, intercept=len(self.terms) > len(self.formulas))
        return predict(self, solution, rows, level, rows.shape[:1])

    def predict_table(self, solution: "Solution", data: Any) -> dict[str, np.ndarray]:
        """The response of every row, its standard error, and the 95 % bands of `predict`."""
        found = self.predict(solution, data)
        bands = {"confidence": found.confidence, "prediction": found.prediction}
        return {self.response_name: found.value, "standard_error": found.standard_error} | {
            f"{name}_{end}": values
            for name, band in bands.items()
            if band is not None
            for end, values in zip(("lower", "upper"), band, strict=True)
        }

    def observed(self) -> tuple[np.ndarray, np.ndarray]:
        """X and y as they were given, without weights."""
        design, response = np.asarray(self.design, float), np.asarray(self.response, float)
        if self.factor is None:
            return design, response
        factor = np.asarray(self.factor, float)
        if factor.ndim == 1:
            return design * factor[:, None], response * factor
        return factor @ design, factor @ response
