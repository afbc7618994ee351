"""Generalised linear models: yes or no, shares, counts, positive and heavy-tailed responses."""

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, PRNGKeyArray

from plugax import AbstractProblem, FullBatch, PlugaxError
from plugax import Table as ShownTable

from ._families import FAMILIES, Family, Observed
from ._fit_tables import tables_of
from ._generalised_data import generalised_data_of
from ._generalised_prediction import predict
from ._generalised_statistics import statistics_of
from ._links import LINKS, Link
from ._ordinary import coefficients_of, predictions_of
from ._prediction import Prediction
from ._terms import Term

if TYPE_CHECKING:
    from plugax import Solution


class GeneralisedLinearModel(AbstractProblem):
    """Fit the mean of a response by a function of a linear combination of terms.

    g(μ) = η = X β + offset, and y has a distribution of the family about its mean μ. The unknowns
    are the coefficients β in the order of `terms`, the intercept first; for the families
    negative-binomial and student-t followed by log α or log σ. The loss is the negative
    log-likelihood (for φ = 1 if the family has a dispersion, which has the same minimum).

    Arguments:
        data: a file of columns with a header, or arrays by name, as for `linear-regression`.
        response: the column to be explained: 0 or 1, a share of `trials`, a count, a positive
            number or any number, as the family says.
        family: the distribution: gaussian, binomial, poisson, gamma, negative-binomial or
            student-t.
        terms: the explanatory terms, as for `linear-regression`; by default all other columns.
        intercept: whether there is a constant term.
        link: g: logit, probit or cloglog for shares; log, identity or sqrt for counts; log,
            inverse or identity for positive numbers; identity or log for any; by default the first
            of these.
        trials: for the binomial family: the column with the number of trials of a row, of which the
            response is the number of successes.
        offset: a column that is added to η, such as the logarithm of an exposure.
        freedom: ν of student-t, the degrees of freedom; small ones have heavy tails.

    Errors: `PlugaxError` for data as for `LinearRegression`, a response outside the family's range
    (with its place), a link that the family does not have, and for data whose likelihood has no
    maximum, such as classes that a term separates.

    With many terms, `penalised-regression` keeps the coefficients small.

    Laws: with the usual link of the binomial and Poisson families, Xᵀ(y − μ) = 0 at the minimum. A
    model with one column for every group has the groups' means.

    Source: Nelder and Wedderburn 1972, doi 10.2307/2344614.
    """

    recipes: ClassVar[Mapping[str, Mapping[str, Any]]] = {"newton": {}, "bfgs": {}, "lbfgs": {}}
    precision: ClassVar[str | None] = "float64"
    scores: ClassVar[tuple[str, ...]] = ("log_likelihood", "aic")
    may_be_infinite: ClassVar[tuple[str, ...]] = ("standard_errors",)
    figures_from: ClassVar[str | None] = "plugax_regression._generalised_figures:figures"

    columns: Float[Array, "terms points"]
    response: Float[Array, " points"]
    trials: Float[Array, " points"]
    offset: Float[Array, " points"]
    start: Float[Array, " unknowns"]
    explanatory: Float[Array, " points"] | None
    terms: tuple[str, ...] = eqx.field(static=True)
    response_name: str = eqx.field(static=True)
    formulas: tuple[Term, ...] = eqx.field(static=True)
    family: str = eqx.field(static=True)
    link: str = eqx.field(static=True)
    freedom: float = eqx.field(static=True)
    has_offset: bool = eqx.field(static=True)

    def __init__(
        self,
        data: str | os.PathLike | Mapping[str, Any],
        response: str,
        family: Literal[
            "gaussian", "binomial", "poisson", "gamma", "negative-binomial", "student-t"
        ],
        terms: tuple[str, ...] | None = None,
        intercept: bool = True,
        link: Literal["logit", "probit", "cloglog", "log", "identity", "sqrt", "inverse"]
        | None = None,
        trials: str | None = None,
        offset: str | None = None,
        freedom: float = 4.0,
    ):
        known = FAMILIES[family]
        self.family, self.link = family, known.links[0] if link is None else link
        if self.link not in known.links:
            raise PlugaxError(
                f"The family {family} has the links {', '.join(known.links)}; got {link!r}."
            )
        if not freedom > 0:
            raise PlugaxError(f"freedom must be positive; got {freedom:g}.")
        self.freedom = float(freedom)
        own = generalised_data_of(
            data, response, family, terms, intercept=intercept, trials=trials, offset=offset
        )
        self.columns, self.response = own.columns, own.response
        self.trials, self.offset = own.trials, own.offset
        self.terms, self.formulas = own.terms, own.formulas
        self.response_name, self.explanatory = own.response_name, own.explanatory
        self.has_offset = offset is not None
        self.start = self._start()

    @property
    def design(self) -> Float[Array, "points terms"]:
        """X, a column for every term."""
        return self.columns.T

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the unknowns: the terms, and the logarithm of the shape if there is one."""
        shape = self.known_family.shape
        return self.terms if shape is None else (*self.terms, f"log {shape}")

    @property
    def known_family(self) -> Family:
        """The family with its functions."""
        return FAMILIES[self.family]

    @property
    def known_link(self) -> Link:
        """The link with its functions."""
        return LINKS[self.link]

    @property
    def data(self) -> FullBatch:
        """X, y with its trials, and the offset; all points at every step."""
        return FullBatch((self.design, (self.response, self.trials), self.offset))

    def init(self, key: PRNGKeyArray) -> Float[Array, " unknowns"]:  # noqa: ARG002 - always the same
        """The coefficients of least squares of g(y), y moved a little into the range of means."""
        return self.start

    def loss(
        self,
        unknowns: Float[Array, " unknowns"],
        batch: Any,
        key: PRNGKeyArray,  # noqa: ARG002 - nothing is random here
    ) -> tuple[Float[Array, ""], dict[str, Array]]:
        """−log-likelihood; the metric `coefficients` is β."""
        design, (y, trials), offset = batch
        coefficients, shape = self.split(unknowns)
        eta = predictions_of(design, coefficients) + offset
        rows = Observed(y, trials, shape, self.freedom)
        likelihoods = self.known_family.log_likelihood(self.known_link, eta, rows)
        return -jnp.sum(likelihoods), {"coefficients": coefficients}

    def split(
        self, unknowns: Float[Array, " unknowns"]
    ) -> tuple[Float[Array, " terms"], Float[Array, ""]]:
        """β, and the shape: α, σ, or 1 if there is none."""
        if self.known_family.shape is None:
            return unknowns, jnp.ones((), unknowns.dtype)
        return unknowns[:-1], jnp.exp(unknowns[-1])

    def evaluate(self, unknowns: Float[Array, " unknowns"]) -> dict[str, Any]:
        """The coefficients with their statistics, lists in the order of `terms`.

        `coefficients`, `terms`, `standard_errors` (from the expected information), `z_values` or,
        if a dispersion is estimated, `t_values`, `p_values`, `log_likelihood`, `aic`, `bic`,
        `degrees_of_freedom`, `correlations`; `deviance`, `null_deviance` (of the intercept alone),
        `deviance_explained` (the part of it that is gone, a pseudo-R²) and `dispersion` (Pearson's
        χ² per degree of freedom) for families that have them; the shape, `alpha` or `sigma`, with
        its standard error.
        """
        return statistics_of(self, unknowns, None)

    def evaluate_held(
        self, unknowns: Float[Array, " unknowns"], held: Bool[Array, " unknowns"]
    ) -> dict[str, Any]:
        """The statistics of `evaluate` if some unknowns were held: known, with error 0."""
        return {**statistics_of(self, unknowns, held), "held": held[: len(self.terms)]}

    def tables(self, solution: "Solution") -> tuple[ShownTable, ...]:
        """The coefficients with their statistics and 95 % intervals, and their correlations."""
        freedom = None if self.known_family.dispersed else np.inf
        return tables_of(solution.metrics, "term", "coefficient", freedom=freedom)

    def predict(  # pyright: ignore[reportIncompatibleMethodOverride]
        self, solution: "Solution", inputs: Any, *, level: float = 0.95, offset: Any = 0.0
    ) -> Prediction:
        """The mean response at other places, with its band.

        The band is symmetric about η and is carried to μ by the link; the standard error is that
        of μ to first order.

        Arguments:
            solution: a solution of this problem, or of a variant.
            inputs: a file or arrays by name, or one array if only one column explains the response.
            level: the probability of the band.
            offset: the offset at these places.
        """
        return predict(self, solution, inputs, level, offset)

    def _start(self) -> Float[Array, " unknowns"]:
        """The start: β from least squares of g(y), weights aside; the shape from its residuals."""
        y, family = self.response, self.family
        if family == "binomial":
            inside = (self.trials * y + 0.5) / (self.trials + 1)
        elif family in ("poisson", "negative-binomial"):
            inside = y + jnp.where(y == 0, 0.1, 0.0).astype(y.dtype)
        elif self.link == "log":
            inside = jnp.maximum(y, 1e-3 * jnp.max(jnp.abs(y)))
        else:
            inside = y
        eta = self.known_link.predictor(inside) - self.offset
        coefficients = coefficients_of(self.design, eta)
        if self.known_family.shape is None:
            return coefficients
        mean = self.known_link.mean(predictions_of(self.design, coefficients) + self.offset)
        if self.known_family.shape == "sigma":
            shape = 1.4826 * jnp.median(jnp.abs(y - mean))
            shape = jnp.where(shape > 0, shape, jnp.std(y) + jnp.finfo(y.dtype).tiny)
        else:
            shape = jnp.sum(jnp.square(y - mean) - mean) / jnp.sum(jnp.square(mean))
            shape = jnp.maximum(shape, 0.1)
        return jnp.append(coefficients, jnp.log(shape))
