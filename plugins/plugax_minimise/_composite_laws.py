"""The laws of composite problems, for the conformance kit."""

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
from jaxtyping import Array, Float, PRNGKeyArray, PyTree

from plugax import FullBatch
from plugax.problems import Metrics
from plugax.testing import Laws

from ._composite import AbstractComposite
from ._vector import as_vector

# Unit roundings of double precision; sums of a few hundred numbers lose no more than this.
ROUNDING = 1e-10


class Sparse(AbstractComposite):
    """½ Σ c (u − m)² + λ Σ|u|, c from 1 to 4: the minimum is m shrunk by λ/c, with one zero in it.

    Of two arrays, as the unknowns of other problems are.
    """

    def init(self, key: PRNGKeyArray) -> PyTree:
        """Beside the minimum."""
        answer = self.reference()
        return {
            "x": answer["x"] + 0.5 + 0.1 * jr.normal(key, (2,)),
            "s": answer["s"] - 0.4,
        }

    @property
    def data(self) -> FullBatch:
        """The centre m, all at every step."""
        return FullBatch({"x": jnp.asarray([2.0, 0.1], float), "s": jnp.asarray(-1.5, float)})

    def smooth(
        self,
        unknowns: PyTree,
        batch: PyTree,
        key: PRNGKeyArray,  # noqa: ARG002 - nothing is random here
    ) -> tuple[Float[Array, ""], Metrics]:
        """½ Σ c (u − m)²."""
        gaps = jax.tree.map(lambda u, m: u - m.astype(u.dtype), unknowns, batch)
        c = jnp.asarray([1, 4], gaps["x"].dtype)
        return jnp.sum(c * gaps["x"] ** 2) / 2 + gaps["s"] ** 2, {}

    def penalty(self, unknowns: PyTree) -> Float[Array, ""]:
        """½ Σ|u|."""
        return (jnp.sum(jnp.abs(unknowns["x"])) + jnp.abs(unknowns["s"])) / 2

    def proximal(self, unknowns: PyTree, length: Float[Array, ""]) -> PyTree:
        """Each number moved towards zero by ℓ/2."""

        def shrink(u: Array) -> Array:
            return jnp.sign(u) * jnp.maximum(jnp.abs(u) - length / 2, 0)

        return jax.tree.map(shrink, unknowns)

    def reference(self) -> PyTree:
        """m shrunk by λ/c."""
        return {"x": jnp.asarray([1.5, 0.0], float), "s": jnp.asarray(-1.25, float)}


def check_composite(problem: AbstractComposite, key: PRNGKeyArray) -> None:
    """The loss is f + g, and the proximal map is that of g.

    Arguments:
        problem: the problem.
        key: the random key for the unknowns.

    Errors: `AssertionError` if a law is broken.
    """
    name = type(problem).__name__
    with jax.enable_x64(True):
        to_double = lambda leaf: leaf.astype(float) if eqx.is_inexact_array(leaf) else leaf  # noqa: E731
        unknowns = jax.tree.map(to_double, problem.init(key))
        batch = problem.data.first(key)
        vector, rebuild = as_vector(unknowns)
        near, far, probe = jr.normal(key, (3, vector.size), vector.dtype)
        one, other = vector + near, vector + 3 * far
        value = problem.loss(unknowns, batch, key)[0]
        parts = problem.smooth(unknowns, batch, key)[0] + problem.penalty(unknowns)
        if not abs(value - parts) <= ROUNDING * (1 + abs(value)):
            raise AssertionError(f"{name}: the loss is f + g. Found: {value}, but f + g = {parts}.")
        length = jnp.asarray(0.7, vector.dtype)

        def proximal(at: Array) -> Array:
            return as_vector(problem.proximal(rebuild(at), length))[0]

        def defined(at: Array) -> Array:
            return problem.penalty(rebuild(at)) + jnp.sum((at - one) ** 2) / (2 * length)

        least, shift = proximal(one), proximal(other) - proximal(one)
        for size in (1e-3, 1e-1, 1.0):
            if defined(least) > defined(least + size * probe) + ROUNDING:
                raise AssertionError(f"{name}: proximal(u, ℓ) minimises g(v) + ‖v − u‖²/(2ℓ).")
        if jnp.sum(shift**2) > jnp.sum((other - one) * shift) + ROUNDING * vector.size:
            raise AssertionError(f"{name}: the proximal map is firmly nonexpansive.")
        if problem.separable:
            moved = proximal(one.at[0].add(1.0)) - least
            if jnp.max(jnp.abs(moved[1:]), initial=0) > 0:
                raise AssertionError(
                    f"{name}: a separable proximal map treats every number by itself. Set "
                    "separable = False."
                )


COMPOSITE = Laws(reference=Sparse, checks=(check_composite,))
