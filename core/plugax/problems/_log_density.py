"""Log-densities: what a sampler draws from, and whose mode a minimiser finds."""

import abc

from jaxtyping import Array, Float, PRNGKeyArray, PyTree

from ._problem import AbstractProblem, Metrics


class AbstractLogDensity(AbstractProblem):
    """A density known up to a constant factor: p(u) ∝ exp(ℓ(u)).

    Law: `loss` is −ℓ(u), so the minimum of the loss is the mode of the density.
    """

    @abc.abstractmethod
    def log_density(
        self, unknowns: PyTree, batch: PyTree, key: PRNGKeyArray
    ) -> tuple[Float[Array, ""], Metrics]:
        """ℓ(u) on one batch, scaled so that its mean over batches is that of all data."""

    def loss(
        self, unknowns: PyTree, batch: PyTree, key: PRNGKeyArray
    ) -> tuple[Float[Array, ""], Metrics]:
        """−ℓ(u), and the metrics of the log-density."""
        value, metrics = self.log_density(unknowns, batch, key)
        return -value, metrics
