"""Mixtures of Student's t distributions, on which outliers have little influence.

    p_k(x) ∝ det Σ_k^(−½) (1 + q/ν_k)^(−(ν_k + d)/2),    q = (x − μ_k)ᵀ Σ_k⁻¹ (x − μ_k)

is a normal distribution whose covariance is divided by a hidden u, of a gamma distribution. The
expected u of a row is (ν + d)/(ν + q): a row far away counts less. ν follows from

    log(ν'/2) − ψ(ν'/2) = −1 − E[log u − u] / E[r],

the right side from sums over rows; log of the left side is nearly linear in log ν', so Newton's
method needs few steps.

Source: Peel and McLachlan 2000, Robust mixture modelling using the t distribution, doi
10.1023/A:1008981510081.
"""

import math
import os
from collections.abc import Mapping
from typing import Any, ClassVar, Literal

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jax.scipy.special import digamma, gammaln, polygamma
from jaxtyping import Array, Float

from plugax import PlugaxError

from ._abstract_mixture import AbstractMixture
from ._check import check_mixture
from ._parameters import MOST_FREEDOM, Mixture, Parameters, freedom_of, tails_of
from ._rows import Rows, rows_of

FIRST_FREEDOM, LEAST_FREEDOM = 10.0, 1e-2
NEWTON_STEPS = 8


class StudentTMixture(AbstractMixture):
    """Fit the density of rows by a weighted sum of Student's t densities.

    Each component has a mean, a scale matrix Σ and degrees of freedom ν, few of which make heavy
    tails. The loss is the negative log-likelihood, in the units of the data; the unknowns are those
    of `gaussian-mixture`, Σ in place of the covariance, and t of 1/ν = t² + 1/1000 if the degrees
    of freedom are estimated: a component with ν = 1000 is normal for all that data can tell.

    Arguments:
        data: a file of columns with a header, arrays by name, or one array with a row for each
            point.
        components: K.
        columns: the columns to use; by default all.
        covariance: the form of the scale matrices: full, tied, diagonal or spherical, as for
            `gaussian-mixture`.
        freedom: ν of all components, if it is known; by default it is estimated for each.
        start: the first components: k-means, groups that k-means finds from centres drawn by
            k-means++; random, the rows about random ones; or mixed, either, as the seed says.
        least_spread: a component whose scale along an axis is less than this part of the standard
            deviation of all rows has collapsed, and the run fails.

    Errors: `PlugaxError` as for `gaussian-mixture`, and for a ν that is not positive.

    Law: for a large ν the likelihood is that of `gaussian-mixture`.

    Source: Peel and McLachlan 2000, doi 10.1023/A:1008981510081.
    """

    example: ClassVar[Mapping[str, Any]] = {"problem": {"components": 2}}

    rows: Rows
    components: int = eqx.field(static=True)
    covariance: str = eqx.field(static=True)
    start: str = eqx.field(static=True)
    least_spread: float = eqx.field(static=True)
    freedom: float | None = eqx.field(static=True)

    def __init__(
        self,
        data: str | os.PathLike | Mapping[str, Any] | Any,
        components: int,
        columns: tuple[str, ...] | None = None,
        covariance: Literal["full", "tied", "diagonal", "spherical"] = "full",
        freedom: float | None = None,
        start: Literal["mixed", "k-means", "random"] = "mixed",
        least_spread: float = 1e-3,
    ):
        check_mixture(components, covariance, start, least_spread)
        if freedom is not None and not 0 < freedom < np.inf:
            raise PlugaxError(f"freedom must be a positive number; got {freedom:g}.")
        self.rows = rows_of(data, columns, covariance, components)
        self.components, self.covariance = components, covariance
        self.start, self.least_spread = start, float(least_spread)
        self.freedom = None if freedom is None else float(freedom)

    def kernel(
        self, unknowns: Parameters, q: Float[Array, "components rows"]
    ) -> Float[Array, "components rows"]:
        """log Γ((ν + d)/2) − log Γ(ν/2) − ½ d log πν − ½ (ν + d) log(1 + q/ν)."""
        freedom, axes = self.freedom_at(unknowns), len(self.rows.columns)
        constant = gammaln((freedom + axes) / 2) - gammaln(freedom / 2)
        constant = constant - axes / 2 * jnp.log(math.pi * freedom)
        return constant[:, None] - (freedom[:, None] + axes) / 2 * jnp.log1p(q / freedom[:, None])

    def expected_masses(
        self, unknowns: Parameters, q: Float[Array, "components rows"]
    ) -> Float[Array, "components rows"]:
        """u = (ν + d)/(ν + q)."""
        freedom = self.freedom_at(unknowns)[:, None]
        return (freedom + len(self.rows.columns)) / (freedom + q)

    def tail_sums(
        self,
        responsibilities: Float[Array, "components rows"],
        masses: Float[Array, "components rows"] | None,
    ) -> Float[Array, " components"] | None:
        """Σ r (log u − u); None if ν is known."""
        if self.freedom is not None or masses is None:
            return None
        return jnp.sum(responsibilities * (jnp.log(masses) - masses), axis=1)

    def most_likely_tails(
        self,
        unknowns: Parameters,
        sizes: Float[Array, " components"],
        sums: Float[Array, " components"] | None,
    ) -> Float[Array, " components"] | None:
        """The root ν' by Newton's method for log(log x − ψ(x)) in log x, x = ν'/2."""
        if sums is None:
            return None
        half = (self.freedom_at(unknowns) + len(self.rows.columns)) / 2
        excess = jnp.log(half) - digamma(half) - 1 - sums / sizes
        # No more than that of the largest ν.
        excess = jnp.maximum(excess, jnp.asarray(1 / MOST_FREEDOM, excess.dtype))
        log_x = jnp.log(0.5 / excess + 0.2)
        for _ in range(NEWTON_STEPS):
            x = jnp.exp(log_x)
            value = jnp.log(x) - digamma(x)
            slope = (1 - x * polygamma(1, x)) / value
            log_x = log_x - jnp.clip(jnp.log(value / excess) / slope, -1, 1)
        return tails_of(jnp.clip(2 * jnp.exp(log_x), LEAST_FREEDOM, MOST_FREEDOM))

    def first_tails(self, freedom: Any) -> Float[Array, " components"] | None:
        """Those of ν, 10 at first; None if ν is known."""
        if self.freedom is not None:
            return None
        given = FIRST_FREEDOM if freedom is None else freedom
        given = jnp.asarray(np.broadcast_to(given, self.components), self.rows.z.dtype)
        return tails_of(given)

    def freedom_at(self, unknowns: Parameters) -> Float[Array, " components"]:
        """ν."""
        if unknowns.tails is not None:
            return freedom_of(unknowns.tails)
        assert self.freedom is not None
        return jnp.full(self.components, self.freedom, unknowns.means.dtype)

    def _freedom_metric(self, found: Mixture) -> dict[str, Any]:
        return {"freedom": found.freedom}
