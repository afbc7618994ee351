"""The laws of likelihoods with hidden variables, and one with a known answer."""

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
from jaxtyping import Array, Float, PRNGKeyArray, PyTree

from plugax import FullBatch
from plugax.problems import Metrics
from plugax.testing import Laws

from ._incomplete_data import AbstractIncompleteData

# In units of the loss: sums of a few hundred numbers in double precision lose no more than this.
ROUNDING = 1e-10


class Linkage(AbstractIncompleteData):
    """197 animals in four groups of probabilities ½ + π/4, (1 − π)/4, (1 − π)/4 and π/4.

    The unknown is logit π. How the first group, of 125, divides into ½ and π/4 is hidden. The
    answer is the root of 197 π² − 15 π − 68, π = (15 + √53809)/394.

    Source: Dempster, Laird and Rubin 1977, doi 10.1111/j.2517-6161.1977.tb01600.x, example of the
    introduction; data of Rao 1965.
    """

    def init(self, key: PRNGKeyArray) -> Float[Array, ""]:
        """A π between about a tenth and a third."""
        return -1.5 + jr.uniform(key, (), float)

    @property
    def data(self) -> FullBatch:
        """The numbers of the four groups."""
        return FullBatch(jnp.asarray([125, 18, 20, 34], float))

    def expectation(
        self,
        unknowns: Float[Array, ""],
        batch: Float[Array, "4"],
        key: PRNGKeyArray,  # noqa: ARG002 - nothing is random here
    ) -> tuple[Float[Array, ""], Metrics, PyTree]:
        """−Σ y log p; the expected numbers in the parts of π/4 and of (1 − π)/4."""
        first, second, third, fourth = batch.astype(unknowns.dtype)
        share, rest = jax.nn.sigmoid(unknowns), jax.nn.sigmoid(-unknowns)
        loss = -first * jnp.log(0.5 + share / 4) - (second + third) * jnp.log(rest / 4)
        hidden = first * (share / 4) / (0.5 + share / 4)
        return loss - fourth * jnp.log(share / 4), {}, (hidden + fourth, second + third)

    def maximisation(self, statistics: PyTree) -> Float[Array, ""]:
        """logit π' of the expected numbers."""
        inside, outside = statistics
        return jnp.log(inside / outside)

    def reference(self) -> Float[Array, ""]:
        """The logit of (15 + √53809)/394."""
        share = (15 + jnp.sqrt(jnp.asarray(53809, float))) / 394
        return jnp.log(share / (1 - share))


def check_expectation_maximisation(problem: AbstractIncompleteData, key: PRNGKeyArray) -> None:
    """A step of EM keeps structure and shapes of the unknowns, and never increases the loss.

    Arguments:
        problem: the problem.
        key: the random key for the unknowns.

    Errors: `AssertionError` if the law is broken.
    """
    name = type(problem).__name__
    with jax.enable_x64(True):

        def to_double(leaf: PyTree) -> PyTree:
            return leaf.astype(float) if eqx.is_inexact_array(leaf) else leaf

        problem = jax.tree.map(to_double, problem)
        unknowns = jax.tree.map(to_double, problem.init(key))
        batch = jax.tree.map(to_double, problem.data.first(key))
        before = float(problem.loss(unknowns, batch, key)[0])
        loss, _, statistics = problem.expectation(unknowns, batch, key)
        if not abs(float(loss) - before) <= ROUNDING * (1 + abs(before)):
            raise AssertionError(
                f"{name}: the first result of expectation is the loss. Found: {float(loss)}, but "
                f"the loss is {before}."
            )
        after = problem.maximisation(statistics)
        shapes, found = (
            eqx.filter_eval_shape(lambda: unknowns),
            eqx.filter_eval_shape(lambda: after),
        )
        if not eqx.tree_equal(shapes, found):
            raise AssertionError(
                f"{name}: maximisation returns unknowns as init makes them. Found: {found}, "
                f"expected {shapes}."
            )
        then = float(problem.loss(after, batch, key)[0])
        if not then <= before + ROUNDING * (1 + abs(before)):
            raise AssertionError(
                f"{name}: a step of EM does not increase the loss. Found: {before} before it and "
                f"{then} after it."
            )


INCOMPLETE_DATA = Laws(reference=Linkage, checks=(check_expectation_maximisation,))
