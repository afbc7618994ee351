"""The path of a penalised model over its strength, and the choice of one by cross-validation."""

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, PRNGKeyArray

from plugax import AbstractProblem, PlugaxError, Sequence

from ._penalised import PenalisedRegression, gram_of
from ._penalised_prediction import mean_at

if TYPE_CHECKING:
    from plugax import Solution


class PenalisedPath(AbstractProblem):
    """Fit a penalised model for every strength λ of a grid, and choose one by cross-validation.

    Each step is one λ of a geometric grid, from the smallest for which all coefficients are 0 down.
    The unknowns are those of 1 + `folds` models: one of all rows, and one without the rows of each
    fold, on which its deviance is then measured. The loss is the sum of the losses of these models
    (`PenalisedRegression`). Columns are standardised once, by all rows.

    Arguments:
        data: a file of columns with a header, or arrays by name, as for `linear-regression`.
        response: the column to be explained, as for `generalised-linear-model`.
        penalty: lasso or elastic-net; or ridge, for which the grid begins where that of an elastic
            net with α = 0.001 does.
        mixing: α of the elastic net, between 0 and 1.
        family: the distribution: gaussian, binomial, poisson or gamma.
        terms: the explanatory terms, as for `linear-regression`; by default all other columns.
        intercept: whether there is a constant term; it is not penalised.
        standardise: whether the penalty is on the coefficients of columns divided by their standard
            deviations.
        trials: for the binomial family: the column with the number of trials of a row.
        offset: a column that is added to X β.
        strengths: how many λ there are.
        ratio: the smallest λ over the largest; by default 1e-4, or 1e-2 if there are more terms
            than rows.
        folds: how many parts the rows are divided into; 0 for no cross-validation.
        fold_seed: the seed of that division.
        choice: the λ whose coefficients are the answer: one-standard-error, the largest whose
            deviance is within one standard error of the smallest, or minimum, that of the smallest.

    Errors: `PlugaxError` as for `PenalisedRegression`, and for a number of folds that is 1,
    negative or more than the rows.

    Source: Friedman, Hastie and Tibshirani 2010, doi 10.18637/jss.v033.i01; Hastie, Tibshirani and
    Friedman 2009, The Elements of Statistical Learning, section 7.10, doi
    10.1007/978-0-387-84858-7.
    """

    recipes: ClassVar[Mapping[str, Mapping[str, Any]]] = {"regularisation-path": {}}
    precision: ClassVar[str | None] = "float64"
    scores: ClassVar[tuple[str, ...]] = ("held_out_deviance", "nonzero")
    laws: ClassVar[str | None] = "plugax_regression._path_laws:PATH"

    model: PenalisedRegression
    grid: Float[Array, " strengths"]
    fold: Int[Array, " points"]
    grams: Float[Array, "models terms terms"] | None
    folds: int = eqx.field(static=True)
    choice: str = eqx.field(static=True)

    def __init__(
        self,
        data: str | os.PathLike | Mapping[str, Any],
        response: str,
        penalty: Literal["lasso", "ridge", "elastic-net"] = "lasso",
        mixing: float = 0.5,
        family: Literal["gaussian", "binomial", "poisson", "gamma"] = "gaussian",
        terms: tuple[str, ...] | None = None,
        intercept: bool = True,
        standardise: bool = True,
        trials: str | None = None,
        offset: str | None = None,
        strengths: int = 100,
        ratio: float | None = None,
        folds: int = 10,
        fold_seed: int = 0,
        choice: Literal["one-standard-error", "minimum"] = "one-standard-error",
    ):
        self.model = PenalisedRegression(
            data,
            response,
            0.0,
            penalty,
            mixing,
            family,
            terms,
            intercept=intercept,
            standardise=standardise,
            trials=trials,
            offset=offset,
        )
        rows, dtype = self.model.response.size, self.model.response.dtype
        if folds < 0 or folds == 1 or folds > rows:
            raise PlugaxError(f"folds must be 0, or from 2 to the {rows} rows; got {folds}.")
        if strengths < 1:
            raise PlugaxError(f"strengths must be 1 or more; got {strengths}.")
        if ratio is None:
            ratio = 1e-4 if rows > len(self.model.terms) else 1e-2
        if not 0 < ratio < 1:
            raise PlugaxError(f"ratio must be between 0 and 1; got {ratio:g}.")
        mixed = eqx.tree_at(lambda m: m.mixing, self.model, jnp.maximum(self.model.mixing, 1e-3))
        self.grid = mixed.greatest_strength() * jnp.geomspace(1, ratio, strengths, dtype=dtype)
        self.folds, self.choice = folds, choice
        order = np.random.default_rng(fold_seed).permutation(rows)
        self.fold = jnp.asarray(order % folds if folds else order * 0, "int32")
        self.grams = None
        if self.model.gram is not None:
            self.grams = jax.vmap(lambda counted: gram_of(self.model.columns, counted))(
                self.counted
            )

    @property
    def counted(self) -> Float[Array, "models points"]:
        """1 for the rows that a model is fitted to, all rows for the first model."""
        left_out = jnp.arange(-1, self.folds, dtype=self.fold.dtype)[:, None] == self.fold[None]
        return (~left_out).astype(self.model.response.dtype)

    @property
    def data(self) -> Sequence:
        """One λ at every step."""
        return Sequence(self.grid)

    @classmethod
    def suits(cls, requires: type[AbstractProblem]) -> bool:
        """Whether a solver knows that each step is another problem, and keeps all answers."""
        return issubclass(requires, PenalisedPath)

    def init(self, key: PRNGKeyArray) -> Float[Array, "models terms"]:
        """All models with an intercept alone."""
        start = self.model.init(key)
        return jnp.broadcast_to(start[None], (1 + self.folds, start.size))

    def models(self, strength: Float[Array, ""]) -> PenalisedRegression:
        """The models of one strength, with a leading axis on the leaves that differ, `varying`."""
        model = eqx.tree_at(lambda m: (m.strength, m.counted), self.model, (strength, self.counted))
        return model if self.grams is None else eqx.tree_at(lambda m: m.gram, model, self.grams)

    @property
    def varying(self) -> PenalisedRegression:
        """Which leaves of `models` have the leading axis: 0 for these, None for the others."""
        axes = jax.tree.map(lambda _: None, self.model)
        axes = eqx.tree_at(lambda m: m.counted, axes, 0, is_leaf=lambda leaf: leaf is None)
        if self.grams is None:
            return axes
        return eqx.tree_at(lambda m: m.gram, axes, 0, is_leaf=lambda leaf: leaf is None)

    def loss(
        self,
        unknowns: Float[Array, "models terms"],
        batch: Float[Array, ""],
        key: PRNGKeyArray,
    ) -> tuple[Float[Array, ""], dict[str, Array]]:
        """The sum of the models' losses."""

        def of(model: PenalisedRegression, b: Float[Array, " terms"]) -> Float[Array, ""]:
            return model.loss(b, model.data.first(), key)[0]

        losses = eqx.filter_vmap(of, in_axes=(self.varying, 0))(self.models(batch), unknowns)
        return jnp.sum(losses), {}

    def constrained(self, unknowns: Float[Array, "models terms"]) -> Float[Array, "models terms"]:
        """β of every model for the last λ, in the units of the data."""
        return jax.vmap(self.model.constrained)(unknowns)

    def evaluate(self, unknowns: Float[Array, "models terms"]) -> dict[str, Any]:  # noqa: ARG002
        """The terms; all else the solver chooses among its steps."""
        return {"terms": list(self.model.terms)}

    def remarks(self, series: Mapping[str, np.ndarray]) -> tuple[str, ...]:
        """Why there are no standard errors."""
        return self.model.remarks(series)

    def predict(  # pyright: ignore[reportIncompatibleMethodOverride]
        self, solution: "Solution", inputs: Any, *, offset: Any = 0.0
    ) -> Float[np.ndarray, " places"]:
        """The mean response at other places, for the strength that the solver chose.

        Arguments:
            solution: a solution of this problem.
            inputs: a file or arrays by name, or one array if only one column explains the response.
            offset: the offset at these places.
        """
        coefficients = np.asarray(solution.metrics["coefficients"], float)
        return mean_at(self.model, coefficients, inputs, offset)

    def predict_table(self, solution: "Solution", data: Any) -> dict[str, np.ndarray]:
        """The mean response of every row."""
        return {self.model.response_name: self.predict(solution, data)}
