"""Warm-up: the step size and the inverse mass matrix are learnt from the chain's first steps.

Stan's scheme: a first stretch learns the step size alone, by dual averaging (Hoffman and Gelman
2014, https://jmlr.org/papers/v15/hoffman14a.html); then come windows, each twice as long as the one
before, at whose end the inverse mass matrix becomes the covariance of the window; a last stretch
learns the step size again. It is a state machine like the chain itself, so a chain that is cut
anywhere goes on to the bit.
"""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from blackjax.adaptation.mass_matrix import mass_matrix_adaptation
from blackjax.adaptation.step_size import dual_averaging_adaptation
from blackjax.adaptation.window_adaptation import build_schedule
from jaxtyping import Array, Bool, Float, Int, PyTree

from ._lenient import lenient


class Tuned(eqx.Module):
    """What has been learnt so far.

    Attributes:
        step_size: of the next transition.
        inverse_mass: the inverse mass matrix, or its diagonal.
        averaging: the state of the dual averaging.
        covariance: the state of the estimate of the covariance.
    """

    step_size: Float[Array, ""]
    inverse_mass: Float[Array, "..."]
    averaging: Any
    covariance: Any


def schedule(steps: int) -> Int[Array, "steps 2"]:
    """For every step of a warm-up: whether it is in a window, and whether it is the last of one."""
    with lenient():
        return jnp.asarray(build_schedule(steps), "int32").reshape((steps, 2))


class Tuning(eqx.Module):
    """The rules by which it is learnt.

    Arguments:
        target: the mean probability of acceptance that the step size shall lead to.
        dense: whether the mass matrix is full, instead of diagonal.
        first: the step size to begin with.
    """

    target: float | Float[Array, ""]
    dense: bool = eqx.field(static=True, default=False)
    first: float = 1.0

    def begin(self, position: PyTree) -> Tuned:
        """Nothing learnt: the step size to begin with, and the identity."""
        dtype = jnp.result_type(*jax.tree.leaves(position))
        size = sum(leaf.size for leaf in jax.tree.leaves(position))
        first = jnp.asarray(self.first, dtype)
        with lenient():
            covariance = _of_dtype(self._covariance[0](size), dtype)
            averaging = _of_dtype(self._averaging[0](first), dtype)
        return Tuned(first, covariance.inverse_mass_matrix, averaging, covariance)

    def learn(
        self,
        tuned: Tuned,
        position: PyTree,
        acceptance: Float[Array, ""],
        stage: Int[Array, "2"],
        last: Bool[Array, ""],
    ) -> Tuned:
        """What is known after one more transition.

        Arguments:
            tuned: what was known.
            position: where the transition led.
            acceptance: its probability of acceptance.
            stage: the row of the `schedule`.
            last: whether it is the last of the warm-up, after which the mean step size is kept.
        """
        dtype = tuned.step_size.dtype
        _, update, final = self._covariance
        begin, correct, _ = self._averaging
        with lenient():
            averaging = correct(tuned.averaging, acceptance)
            grown = update(tuned.covariance, position)
            covariance = _where(stage[0] == 1, grown, tuned.covariance)
            covariance = _where(stage[1] == 1, final(covariance), covariance)
            anew = begin(jnp.exp(averaging.log_step_size_avg))
            averaging = _of_dtype(_where(stage[1] == 1, anew, averaging), dtype)
        covariance = _of_dtype(covariance, dtype)
        log_step = jnp.where(last, averaging.log_step_size_avg, averaging.log_step_size)
        return Tuned(jnp.exp(log_step), covariance.inverse_mass_matrix, averaging, covariance)

    @property
    def _averaging(self) -> tuple:
        target: Any = self.target
        return dual_averaging_adaptation(target)

    @property
    def _covariance(self) -> tuple:
        return mass_matrix_adaptation(is_diagonal_matrix=not self.dense)


def _where(condition: Bool[Array, ""], yes: PyTree, no: PyTree) -> PyTree:
    return jax.tree.map(
        lambda a, b: jnp.where(condition, jnp.asarray(a, jnp.result_type(b)), b), yes, no
    )


def _of_dtype(tree: PyTree, dtype: Any) -> PyTree:
    """Numbers in the dtype of the chain; counts as they are."""

    def cast(leaf: Any) -> Array:
        array = jnp.asarray(leaf)
        inexact = jnp.issubdtype(array.dtype, jnp.inexact)
        return array.astype(dtype) if inexact else array.astype("int32")

    return jax.tree.map(cast, tree)
