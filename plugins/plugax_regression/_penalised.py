"""Generalised linear models with a penalty: lasso, ridge and elastic net."""

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from plugax import FullBatch, PlugaxError
from plugax import Table as ShownTable
from plugax_minimise import AbstractComposite

from ._families import FAMILIES, Family, Observed
from ._generalised_data import generalised_data_of
from ._generalised_statistics import null_predictor
from ._links import LINKS, Link
from ._ordinary import predictions_of
from ._penalised_prediction import mean_at
from ._penalised_statistics import statistics_of, table_of
from ._standardised import in_units, standardise
from ._terms import Term

if TYPE_CHECKING:
    from plugax import Solution

Batch = tuple[
    Float[Array, "points terms"], tuple[Float[Array, " points"], ...], Float[Array, " points"]
]


class PenalisedRegression(AbstractComposite):
    """Fit a generalised linear model whose coefficients are kept small by a penalty.

    With the deviance d of the family, μ = g⁻¹(β₀ + X β) and n rows, the loss is

        (1/n) Σ ½ d(y, μ) + λ (α ‖β‖₁ + ½ (1 − α) ‖β‖²).

    α is 1 for the lasso, 0 for ridge regression. There may be more terms than rows. The link g is
    the identity (gaussian), the logit (binomial) or the logarithm (poisson, gamma), so the loss is
    convex. Solvers work with coefficients of columns divided by their standard deviations; those
    of the solution are in the units of the data.

    Arguments:
        data: a file of columns with a header, or arrays by name, as for `linear-regression`.
        response: the column to be explained, as for `generalised-linear-model`.
        strength: λ; `penalised-path` chooses one by cross-validation.
        penalty: lasso, ridge or elastic-net.
        mixing: α of the elastic net, between 0 and 1.
        family: the distribution: gaussian, binomial, poisson or gamma.
        terms: the explanatory terms, as for `linear-regression`; by default all other columns.
        intercept: whether there is a constant term; it is not penalised.
        standardise: whether the penalty is on the coefficients of columns divided by their standard
            deviations, so that the units of the columns do not matter.
        trials: for the binomial family: the column with the number of trials of a row, of which the
            response is the number of successes; n is then the number of trials.
        offset: a column that is added to X β.

    Errors: `PlugaxError` for data as for `generalised-linear-model`, a term or a response that is
    the same in every row, a strength that is negative, and a mixing outside [0, 1].

    Laws: at the minimum |∂f/∂β_j| ≤ λα where β_j = 0, and ∂f/∂β_j = −λ (α sign β_j + (1 − α) β_j)
    elsewhere, f the first part of the loss. All coefficients are 0 exactly if λ is at least
    `greatest_strength`, max |Xᵀ(y − ȳ)|/(nα) for the usual links.

    Source: Friedman, Hastie and Tibshirani 2010, Regularization paths for generalized linear models
    via coordinate descent, doi 10.18637/jss.v033.i01.
    """

    recipes: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "proximal-newton": {},
        "proximal-gradient": {},
    }
    example: ClassVar[Mapping[str, Any]] = {"problem": {"strength": 0.1}}
    precision: ClassVar[str | None] = "float64"
    scores: ClassVar[tuple[str, ...]] = ("deviance_explained", "nonzero")
    figures_from: ClassVar[str | None] = "plugax_regression._penalised_figures:figures"

    columns: Float[Array, "terms points"]
    centre: Float[Array, " terms"]
    scale: Float[Array, " terms"]
    response: Float[Array, " points"]
    trials: Float[Array, " points"]
    offset: Float[Array, " points"]
    counted: Float[Array, " points"]
    saturated: Float[Array, " points"]
    null: Float[Array, " points"]
    gram: Float[Array, "terms terms"] | None
    strength: Float[Array, ""]
    mixing: Float[Array, ""]
    terms: tuple[str, ...] = eqx.field(static=True)
    response_name: str = eqx.field(static=True)
    formulas: tuple[Term, ...] = eqx.field(static=True)
    family: str = eqx.field(static=True)

    def __init__(
        self,
        data: str | os.PathLike | Mapping[str, Any],
        response: str,
        strength: float,
        penalty: Literal["lasso", "ridge", "elastic-net"] = "lasso",
        mixing: float = 0.5,
        family: Literal["gaussian", "binomial", "poisson", "gamma"] = "gaussian",
        terms: tuple[str, ...] | None = None,
        intercept: bool = True,
        standardise: bool = True,
        trials: str | None = None,
        offset: str | None = None,
    ):
        if not 0 <= strength < np.inf:
            raise PlugaxError(f"strength must be a number, 0 or more; got {strength:g}.")
        if not 0 <= mixing <= 1:
            raise PlugaxError(f"mixing must be between 0 and 1; got {mixing:g}.")
        own = generalised_data_of(
            data,
            response,
            family,
            terms,
            intercept=intercept,
            trials=trials,
            offset=offset,
            determined=False,
        )
        if len(own.terms) == intercept:
            raise PlugaxError("There is nothing to penalise: no term besides the intercept.")
        if intercept and bool(jnp.all(own.response == own.response[0])):
            raise PlugaxError(
                f"The response {own.response_name} is {float(own.response[0]):g} in every row; "
                "there is nothing to explain."
            )
        given = _standardise(own.columns, own.terms, scaled=standardise)
        self.columns, self.centre, self.scale = given
        self.response, self.trials, self.offset = own.response, own.trials, own.offset
        self.terms, self.formulas, self.response_name = own.terms, own.formulas, own.response_name
        self.family = family
        dtype = own.columns.dtype
        alpha = {"lasso": 1.0, "ridge": 0.0, "elastic-net": mixing}[penalty]
        self.strength, self.mixing = jnp.asarray(strength, dtype), jnp.asarray(alpha, dtype)
        self.counted = jnp.ones_like(own.response)
        rows = self.rows
        self.null = null_predictor(
            self.known_family,
            self.known_link,
            own.offset,
            rows,
            intercept=intercept,
            shifted=offset is not None,
        ) * jnp.ones_like(own.response)
        mean = self.known_link.mean(self.null)
        assert self.known_family.deviance is not None
        # The log-likelihood of μ = y, from a place where neither part can be infinite.
        self.saturated = self.known_family.deviance(mean, rows) / 2 + self._likelihoods(self.null)
        few = len(self.terms) <= len(self.response)
        constant = family == "gaussian" and few
        self.gram = gram_of(self.columns, self.counted) if constant else None

    @property
    def design(self) -> Float[Array, "points terms"]:
        """Z, a column for every term."""
        return self.columns.T

    @property
    def intercept(self) -> bool:
        """Whether the first term is the intercept."""
        return len(self.terms) > len(self.formulas)

    @property
    def penalised(self) -> Float[Array, " terms"]:
        """1 for a term with a penalty, 0 for the intercept."""
        return jnp.ones_like(self.scale).at[: int(self.intercept)].set(0)

    @property
    def known_family(self) -> Family:
        """The family with its functions."""
        return FAMILIES[self.family]

    @property
    def known_link(self) -> Link:
        """The usual link of the family."""
        return LINKS[self.known_family.links[0]]

    @property
    def rows(self) -> Observed:
        """What was observed."""
        return Observed(self.response, self.trials, jnp.ones((), self.response.dtype), 1.0)

    @property
    def data(self) -> FullBatch:
        """Z; y, its trials, which rows count, and the greatest log-likelihoods; the offset."""
        observed = (self.response, self.trials, self.counted, self.saturated)
        return FullBatch((self.design, observed, self.offset))

    def init(self, key: PRNGKeyArray) -> Float[Array, " terms"]:  # noqa: ARG002 - always the same
        """The model with an intercept alone."""
        start = jnp.zeros_like(self.scale)
        if not self.intercept:
            return start
        return start.at[0].set(self.null[0] - self.offset[0])

    def smooth(
        self,
        unknowns: Float[Array, " terms"],
        batch: Batch,
        key: PRNGKeyArray,  # noqa: ARG002 - nothing is random here
    ) -> tuple[Float[Array, ""], dict[str, Array]]:
        """(1/n) Σ ½ d; the metric `coefficients` is β."""
        design, (y, trials, counted, saturated), offset = batch
        eta = predictions_of(design, unknowns) + offset
        rows = Observed(y, trials, jnp.ones((), y.dtype), 1.0)
        lost = saturated - self.known_family.log_likelihood(self.known_link, eta, rows)
        value = jnp.sum(counted * lost) / jnp.sum(counted * trials)
        return value, {"coefficients": self.constrained(unknowns)}

    def penalty(self, unknowns: Float[Array, " terms"]) -> Float[Array, ""]:
        """λ (α ‖b‖₁ + ½ (1 − α) ‖b‖²), without the intercept."""
        size = self.penalised * jnp.abs(unknowns)
        mixed = self.mixing * jnp.sum(size) + (1 - self.mixing) / 2 * jnp.sum(jnp.square(size))
        return self.strength * mixed

    def proximal(
        self, unknowns: Float[Array, " terms"], length: Float[Array, ""]
    ) -> Float[Array, " terms"]:
        """sign b · max(|b| − ℓλα, 0)/(1 + ℓλ(1 − α))."""
        strength = length * self.strength * self.penalised
        rest = jnp.maximum(jnp.abs(unknowns) - strength * self.mixing, 0)
        return jnp.sign(unknowns) * rest / (1 + strength * (1 - self.mixing))

    def curvature(
        self,
        unknowns: Float[Array, " terms"],
        batch: Batch,
        key: PRNGKeyArray,  # noqa: ARG002 - nothing is random here
    ) -> Float[Array, "terms terms"]:
        """Zᵀ W Z/n, W the second derivatives of ½ d in η."""
        if self.gram is not None:
            return self.gram
        design, (y, trials, counted, _), offset = batch
        rows = Observed(y, trials, jnp.ones((), y.dtype), 1.0)

        def slope(eta: Array) -> Array:
            of = lambda eta: jnp.sum(self.known_family.log_likelihood(self.known_link, eta, rows))  # noqa: E731
            return -jax.grad(of)(eta)

        eta = predictions_of(design, unknowns) + offset
        weights = jax.jvp(slope, (eta,), (jnp.ones_like(eta),))[1] * counted
        total = jnp.sum(counted * trials)
        return jnp.matmul((design * weights[:, None]).T, design, precision="highest") / total

    def constrained(self, unknowns: Float[Array, " terms"]) -> Float[Array, " terms"]:
        """β, in the units of the data."""
        return in_units(unknowns, self.centre, self.scale, intercept=self.intercept)

    def greatest_strength(self) -> Float[Array, ""]:
        """The smallest λ for which all coefficients are 0; infinite for ridge regression."""
        batch = self.data.first()
        gradient = jax.grad(lambda b: self.smooth(b, batch, jax.random.key(0))[0])(
            self.init(jax.random.key(0))
        )
        return jnp.max(jnp.abs(gradient * self.penalised)) / self.mixing

    def evaluate(self, unknowns: Float[Array, " terms"]) -> dict[str, Any]:
        """The coefficients with what they explain; lists in the order of `terms`.

        `coefficients`, `terms`, `standardised` (b, those of columns in units of their standard
        deviation), `deviance`, `null_deviance` (of the intercept alone), `deviance_explained`,
        `nonzero` (the number of coefficients that are not 0), `effective_degrees_of_freedom`, and
        `violation` (the largest violation of the conditions of a minimum [unit of λ]).
        """
        return statistics_of(self, unknowns)

    def remarks(self, series: Mapping[str, np.ndarray]) -> tuple[str, ...]:  # noqa: ARG002
        """Why there are no standard errors."""
        return (
            "Coefficients under a penalty have no standard errors here: they are biased towards 0, "
            "and the same data chose which of them are 0.",
        )

    def tables(self, solution: "Solution") -> tuple[ShownTable, ...]:
        """The coefficients, in the units of the data and standardised."""
        return table_of(solution.metrics)

    def predict(  # pyright: ignore[reportIncompatibleMethodOverride]
        self, solution: "Solution", inputs: Any, *, offset: Any = 0.0
    ) -> Float[np.ndarray, " places"]:
        """The mean response at other places.

        Arguments:
            solution: a solution of this problem, or of a variant.
            inputs: a file or arrays by name, or one array if only one column explains the response.
            offset: the offset at these places.
        """
        return mean_at(self, np.asarray(solution.unknowns, float), inputs, offset)

    def predict_table(self, solution: "Solution", data: Any) -> dict[str, np.ndarray]:
        """The mean response of every row."""
        return {self.response_name: self.predict(solution, data)}

    def _likelihoods(self, eta: Float[Array, " points"]) -> Float[Array, " points"]:
        return self.known_family.log_likelihood(self.known_link, eta, self.rows)


# The argument of the same name hides the function.
_standardise = standardise


def gram_of(
    columns: Float[Array, "terms points"], counted: Float[Array, " points"]
) -> Float[Array, "terms terms"]:
    """Zᵀ Z/n of the rows that count."""
    return jnp.matmul(columns * counted[None], columns.T, precision="highest") / jnp.sum(counted)
