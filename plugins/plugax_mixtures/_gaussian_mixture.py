"""Mixtures of normal distributions."""

import math
import os
from collections.abc import Mapping
from typing import Any, ClassVar, Literal

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from ._abstract_mixture import AbstractMixture
from ._check import check_mixture
from ._parameters import Parameters
from ._rows import Rows, rows_of


class GaussianMixture(AbstractMixture):
    """Fit the density of rows by a weighted sum of normal densities.

    p(x) = Σ_k w_k N(x; μ_k, Σ_k). The loss is the negative log-likelihood −Σ log p(x), in the units
    of the data. The unknowns have no bounds (`Parameters`): logarithms of ratios of the weights,
    the means, and roots of the inverse covariances, all of data standardised to mean 0 and spread
    1. Components are reported by their means in the first column, smallest first.

    Arguments:
        data: a file of columns with a header, arrays by name, or one array with a row for each
            point.
        components: K.
        columns: the columns to use; by default all.
        covariance: full, one for each component; tied, one for all; diagonal, without correlations;
            spherical, a single variance for each component, of columns in one unit.
        start: the first components: k-means, groups that k-means finds from centres drawn by
            k-means++; random, the rows about random ones; or mixed, either, as the seed says.
        least_spread: a component whose standard deviation along an axis is less than this part of
            that of all rows has collapsed, and the run fails.

    Errors: `PlugaxError` for a column that lacks, a cell that is no number (with its place), a
    column that is constant or follows from others, and for fewer rows than components.

    Laws: at a maximum of the likelihood the weighted mean of the μ_k is the mean of the data. The
    fit does not depend on the units of the columns (for spherical, on their common unit).

    Source: McLachlan and Peel 2000, Finite Mixture Models, doi 10.1002/0471721182.
    """

    example: ClassVar[Mapping[str, Any]] = {"problem": {"components": 2}}

    rows: Rows
    components: int = eqx.field(static=True)
    covariance: str = eqx.field(static=True)
    start: str = eqx.field(static=True)
    least_spread: float = eqx.field(static=True)

    def __init__(
        self,
        data: str | os.PathLike | Mapping[str, Any] | Any,
        components: int,
        columns: tuple[str, ...] | None = None,
        covariance: Literal["full", "tied", "diagonal", "spherical"] = "full",
        start: Literal["mixed", "k-means", "random"] = "mixed",
        least_spread: float = 1e-3,
    ):
        check_mixture(components, covariance, start, least_spread)
        self.rows = rows_of(data, columns, covariance, components)
        self.components, self.covariance = components, covariance
        self.start, self.least_spread = start, float(least_spread)

    def kernel(
        self,
        unknowns: Parameters,  # noqa: ARG002 - nothing else to it
        q: Float[Array, "components rows"],
    ) -> Float[Array, "components rows"]:
        """−½ q − ½ d log 2π."""
        return -0.5 * q - 0.5 * len(self.rows.columns) * math.log(2 * math.pi)

    def expected_masses(
        self,
        unknowns: Parameters,  # noqa: ARG002
        q: Float[Array, "components rows"],  # noqa: ARG002
    ) -> None:
        """All rows weigh 1."""
        return

    def tail_sums(
        self,
        responsibilities: Float[Array, "components rows"],  # noqa: ARG002
        masses: Float[Array, "components rows"] | None,  # noqa: ARG002
    ) -> None:
        """None."""
        return

    def most_likely_tails(
        self,
        unknowns: Parameters,  # noqa: ARG002
        sizes: Float[Array, " components"],  # noqa: ARG002
        sums: Float[Array, " components"] | None,  # noqa: ARG002
    ) -> None:
        """None."""
        return

    def first_tails(self, freedom: Any) -> None:  # noqa: ARG002
        """None."""
        return

    def freedom_at(self, unknowns: Parameters) -> Float[Array, " components"]:
        """Infinite."""
        return jnp.full(self.components, jnp.inf, unknowns.means.dtype)
