"""What mixtures of all kinds share: the likelihood, the steps of EM, and what is reported.

    p(x) = Σ_k w_k p_k(x),    r_k(x) = w_k p_k(x) / p(x).

The likelihood has no maximum where a component shrinks onto a few rows: there it grows without
bounds. Such a component has collapsed; the metric `smallest_spread` is then not a number, by which
every run that comes there ends as a failure.

Sources: McLachlan and Peel 2000, Finite Mixture Models, doi 10.1002/0471721182; ICL: Biernacki,
Celeux and Govaert 2000, doi 10.1109/34.865189.
"""

import abc
import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.scipy.special import logsumexp
from jaxtyping import Array, Float, Int, PRNGKeyArray, PyTree

from plugax import FullBatch, PlugaxError, Table

from ._forms import FORMS, Form, Moments, Shape
from ._incomplete_data import AbstractIncompleteData
from ._parameters import Mixture, Parameters, logits_of
from ._pieces import sum_over_pieces
from ._remarks import remarks_on
from ._rows import Rows, points_at
from ._start import drawn_groups
from ._tables import tables_of

if TYPE_CHECKING:
    from plugax import Solution


class AbstractMixture(AbstractIncompleteData):
    """Fit the density of rows by a weighted sum of densities of one family.

    A subclass is a family of densities that depend on the distance q = ‖P (z − μ)‖².

    - `rows`: the standardised data.
    - `components`: K.
    - `covariance`: full, tied, diagonal or spherical.
    - `start`: how groups of rows are drawn: mixed, k-means or random.
    - `least_spread`: of a component, relative to that of all data, below which it has collapsed.
    """

    # From twenty starts, since most likelihoods have several maxima.
    recipes: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "restart": {"inner": {"name": "em"}, "starts": 20},
        "em": {},
        "bfgs": {},
        "newton": {},
        "gradient": {"optimizer": {"name": "adam", "learning_rate": 0.02}, "steps": 2000},
    }
    precision: ClassVar[str | None] = "float64"
    scores: ClassVar[tuple[str, ...]] = ("bic", "log_likelihood")
    may_be_infinite: ClassVar[tuple[str, ...]] = ("freedom",)
    figures_from: ClassVar[str | None] = "plugax_mixtures._figures:figures"

    rows: eqx.AbstractVar[Rows]
    components: eqx.AbstractVar[int]
    covariance: eqx.AbstractVar[str]
    start: eqx.AbstractVar[str]
    least_spread: eqx.AbstractVar[float]

    @abc.abstractmethod
    def kernel(
        self, unknowns: Parameters, q: Float[Array, "components rows"]
    ) -> Float[Array, "components rows"]:
        """The logarithm of the density at q, but for log det P."""

    @abc.abstractmethod
    def expected_masses(
        self, unknowns: Parameters, q: Float[Array, "components rows"]
    ) -> Float[Array, "components rows"] | None:
        """u, the weights that rows have within a component; None for 1."""

    @abc.abstractmethod
    def tail_sums(
        self,
        responsibilities: Float[Array, "components rows"],
        masses: Float[Array, "components rows"] | None,
    ) -> Float[Array, " components"] | None:
        """The sums over rows from which the degrees of freedom follow, or None."""

    @abc.abstractmethod
    def most_likely_tails(
        self,
        unknowns: Parameters,
        sizes: Float[Array, " components"],
        sums: Float[Array, " components"] | None,
    ) -> Float[Array, " components"] | None:
        """The tails for which these sums are most likely."""

    @abc.abstractmethod
    def first_tails(self, freedom: Any) -> Float[Array, " components"] | None:
        """The tails of degrees of freedom, or of a start if these are None."""

    @abc.abstractmethod
    def freedom_at(self, unknowns: Parameters) -> Float[Array, " components"]:
        """ν of every component."""

    @property
    def form(self) -> Form:
        """The form of the covariances."""
        return FORMS[self.covariance]

    @property
    def data(self) -> FullBatch:
        """The standardised rows, all at every step."""
        return FullBatch(self.rows.z.T)

    @property
    def parameters(self) -> int:
        """How many numbers a mixture has."""
        axes = len(self.rows.columns)
        shape = self.form.count(self.components, axes)
        tails = self.components if self.first_tails(None) is not None else 0
        return self.components - 1 + self.components * axes + shape + tails

    def init(self, key: PRNGKeyArray) -> Parameters:
        """Shares, means and covariances of groups of rows; see the option `start`."""
        z, scaled = self.rows.z, self.rows.scaled
        groups = drawn_groups(key, z, scaled, self.components, kind=self.start)
        shape = self.form.shape_of(self.form.shared(groups.covariances, groups.weights))
        return Parameters(logits_of(groups.weights), groups.means, *shape, self.first_tails(None))

    def unknowns_of(
        self, weights: Any, means: Any, covariances: Any, freedom: Any = None
    ) -> Parameters:
        """The unknowns of a mixture that is known, as for `px.starting_at`.

        Arguments:
            weights: K positive numbers, whose sum is 1.
            means: K × d, in the units of the data.
            covariances: K × d × d, in the units of the data, in the form of the problem: all equal
                if it is tied.
            freedom: ν of every component, if it is estimated.
        """
        rows, axes = self.rows, len(self.rows.columns)
        shapes = (self.components,), (self.components, axes), (self.components, axes, axes)
        given = [np.asarray(part, float) for part in (weights, means, covariances)]
        if tuple(part.shape for part in given) != shapes:
            raise PlugaxError(
                f"weights, means and covariances must have the shapes {shapes}; got "
                f"{tuple(part.shape for part in given)}."
            )
        inverse = np.linalg.inv(np.asarray(rows.unit, float))
        spread = inverse @ given[2] @ inverse.T
        if not (np.all(given[0] > 0) and np.all(np.linalg.eigvalsh(spread) > 0)):
            raise PlugaxError("weights must be positive, and covariances positive definite.")
        dtype = rows.z.dtype
        shape = self.form.shape_of(jnp.asarray(spread, dtype))
        means = jnp.asarray((given[1] - np.asarray(rows.centre, float)) @ inverse.T, dtype)
        logits = logits_of(jnp.asarray(given[0], dtype))
        return Parameters(logits, means, *shape, self.first_tails(freedom))

    def loss(
        self,
        unknowns: Parameters,
        batch: Float[Array, "rows axes"],
        key: PRNGKeyArray,  # noqa: ARG002 - nothing is random here
    ) -> tuple[Float[Array, ""], dict[str, Array]]:
        """−log-likelihood of the data in their own units.

        Metrics: `smallest_spread`, the smallest standard deviation of a component along an axis
        relative to that of all rows, not a number below `least_spread`; `smallest_size`, the
        expected number of rows of the smallest component.
        """

        def summed(rows: Float[Array, "rows axes"], counted: Float[Array, " rows"]) -> Array:
            joint, _, _ = self._joint(unknowns, rows.T)
            return jnp.sum(counted * logsumexp(joint, axis=0))

        rows = batch.astype(unknowns.means.dtype)
        likelihood = sum_over_pieces(summed, rows)
        return self._loss_of(likelihood, len(rows)), self._metrics(unknowns, len(rows))

    def expectation(
        self,
        unknowns: Parameters,
        batch: Float[Array, "rows axes"],
        key: PRNGKeyArray,  # noqa: ARG002 - nothing is random here
    ) -> tuple[Float[Array, ""], dict[str, Array], PyTree]:
        """The loss with its metrics, and the moments of every component."""

        def summed(rows: Float[Array, "rows axes"], counted: Float[Array, " rows"]) -> PyTree:
            joint, y, q = self._joint(unknowns, rows.T)
            each = logsumexp(joint, axis=0)
            shares = jnp.exp(joint - each[None]) * counted[None]
            masses = self.expected_masses(unknowns, q)
            weights = shares if masses is None else shares * masses
            moments = Moments(
                sizes=jnp.sum(shares, axis=1),
                masses=jnp.sum(weights, axis=1),
                first=jnp.einsum("kn,kin->ki", weights, y, precision="highest"),
                second=self.form.second(weights, y),
            )
            return jnp.sum(counted * each), moments, self.tail_sums(shares, masses)

        rows = batch.astype(unknowns.means.dtype)
        likelihood, moments, tails = sum_over_pieces(summed, rows)
        metrics = self._metrics(unknowns, len(rows))
        return self._loss_of(likelihood, len(rows)), metrics, (unknowns, moments, tails)

    def _loss_of(self, likelihood: Float[Array, ""], rows: int) -> Float[Array, ""]:
        """The loss of the log-likelihood of standardised rows."""
        return rows * self.rows.log_volume.astype(likelihood.dtype) - likelihood

    def _metrics(self, unknowns: Parameters, rows: int) -> dict[str, Array]:
        spread = jnp.exp(-jnp.max(unknowns.log_scales))
        return {
            "smallest_spread": jnp.where(spread < self.least_spread, jnp.nan, spread),
            "smallest_size": rows * jnp.exp(jnp.min(unknowns.log_weights)),
        }

    def maximisation(self, statistics: PyTree) -> Parameters:
        """Shares, means and covariances of the moments, and the degrees of freedom."""
        present, moments, sums = statistics
        shape, moved = self.form.updated(Shape(present.log_scales, present.lower), moments)
        tails = self.most_likely_tails(present, moments.sizes, sums)
        return Parameters(logits_of(moments.sizes), present.means + moved, *shape, tails)

    def mixture(self, unknowns: Parameters) -> Mixture:
        """The mixture of these unknowns, in the units of the data, by the mean of the first column.

        Arguments:
            unknowns: of this problem.
        """
        rows, dtype = self.rows, unknowns.means.dtype
        unit, centre = rows.unit.astype(dtype), rows.centre.astype(dtype)
        shape = Shape(unknowns.log_scales, unknowns.lower)
        roots = self.form.roots(shape, *unknowns.means.shape)
        identity = jnp.broadcast_to(jnp.eye(len(centre), dtype=dtype), roots.shape)
        inverse = jax.scipy.linalg.solve_triangular(roots, identity, lower=True)
        scaled = jnp.einsum("ij,kjl->kil", unit, inverse, precision="highest")
        means = jnp.einsum("ij,kj->ki", unit, unknowns.means, precision="highest") + centre[None]
        order = self._order(unknowns)
        covariances = jnp.einsum("kil,kjl->kij", scaled, scaled, precision="highest")
        weights = jnp.exp(unknowns.log_weights)
        freedom = self.freedom_at(unknowns)
        return Mixture(weights[order], means[order], covariances[order], freedom[order])

    def responsibilities(self, unknowns: Parameters) -> Float[Array, "rows components"]:
        """The probability with which every row of the data is of each component, in their order.

        Arguments:
            unknowns: of this problem.
        """
        return self._responsibilities(unknowns, self.rows.z)[0]

    def evaluate(self, unknowns: Parameters) -> dict[str, Any]:
        """The components, in the order of their means in the first column, and criteria.

        `weights`, `means`, `covariances` (of t distributions the scale matrices), `sizes` (the
        expected numbers of rows), `columns` (the names), `freedom` of t distributions;
        `log_likelihood`, `parameters` (how many), `aic`, `bic`, and `icl`, BIC and twice the
        entropy of the responsibilities.
        """
        found = self.mixture(unknowns)
        shares, each = self._responsibilities(unknowns, self.rows.z)
        number = self.rows.z.shape[1]
        likelihood = jnp.sum(each) - number * self.rows.log_volume.astype(each.dtype)
        entropy = -jnp.sum(jnp.where(shares > 0, shares * jnp.log(jnp.maximum(shares, 1e-30)), 0))
        bic = math.log(number) * self.parameters - 2 * likelihood
        metrics = {
            "weights": found.weights,
            "means": found.means,
            "covariances": found.covariances,
            "sizes": jnp.sum(shares, axis=0),
            "columns": list(self.rows.columns),
            "log_likelihood": likelihood,
            "parameters": self.parameters,
            "aic": 2 * self.parameters - 2 * likelihood,
            "bic": bic,
            "icl": bic + 2 * entropy,
        }
        return metrics | self._freedom_metric(found)

    def _freedom_metric(self, found: Mixture) -> dict[str, Any]:  # noqa: ARG002 - normal ones
        """`freedom`, for a family that has it."""
        return {}

    def remarks(self, series: Mapping[str, np.ndarray]) -> tuple[str, ...]:
        """Components that collapsed, or that hold hardly any rows."""
        return remarks_on(series, len(self.rows.columns), self.least_spread)

    def tables(self, solution: "Solution") -> tuple[Table, ...]:
        """The components with weights, means and standard deviations, and their covariances."""
        return tables_of(solution.metrics, self.covariance)

    def predict(  # pyright: ignore[reportIncompatibleMethodOverride]
        self, solution: "Solution", inputs: Any, *, probabilities: bool = False
    ) -> np.ndarray:
        """The component of every row of a table, 1 to K in the order of `evaluate`.

        Arguments:
            solution: a solution of this problem, or of a variant.
            inputs: a file, arrays by name, or one array with a row for each point.
            probabilities: those of the components, shape (rows, K), instead of the likeliest.

        Errors: `PlugaxError` for a column that lacks or a cell that cannot be used.
        """
        shares, _ = self._at(solution, inputs)
        return shares if probabilities else 1 + np.argmax(shares, axis=1)

    def predict_table(self, solution: "Solution", data: Any) -> dict[str, np.ndarray]:
        """A row for each row: component, probability of each, and log p(x) in the data's units."""
        shares, densities = self._at(solution, data)
        found = {"component": 1 + np.argmax(shares, axis=1)}
        found |= {f"probability {k + 1}": shares[:, k] for k in range(self.components)}
        return found | {"log_density": densities}

    def _at(self, solution: "Solution", inputs: Any) -> tuple[np.ndarray, np.ndarray]:
        """Responsibilities and log-densities of other rows."""
        z = self.rows.standardised(points_at(inputs, self.rows.columns))
        unknowns = jax.tree.map(jnp.asarray, solution.unknowns)
        shares, each = self._responsibilities(unknowns, z)
        return np.asarray(shares), np.asarray(each) - float(self.rows.log_volume)

    def _responsibilities(
        self, unknowns: Parameters, z: Float[Array, "axes rows"]
    ) -> tuple[Float[Array, "rows components"], Float[Array, " rows"]]:
        """Responsibilities in the order of the components, and log p(z)."""
        joint, _, _ = self._joint(unknowns, z.astype(unknowns.means.dtype))
        each = logsumexp(joint, axis=0)
        return jnp.exp(joint - each[None])[self._order(unknowns)].T, each

    def _joint(
        self, unknowns: Parameters, z: Float[Array, "axes rows"]
    ) -> tuple[
        Float[Array, "components rows"],
        Float[Array, "components axes rows"],
        Float[Array, "components rows"],
    ]:
        """log w p(z), the distances y, and their squares."""
        shape = Shape(unknowns.log_scales, unknowns.lower)
        y = self.form.distances(shape, unknowns.means, z)
        q = jnp.sum(jnp.square(y), axis=1)
        constant = unknowns.log_weights + self.form.log_determinants(shape, len(z))
        return constant[:, None] + self.kernel(unknowns, q), y, q

    def _order(self, unknowns: Parameters) -> Int[Array, " components"]:
        """The components by the mean of the first column."""
        return jnp.argsort(unknowns.means[:, 0])
