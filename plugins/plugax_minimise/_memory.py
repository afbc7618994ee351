"""What a method with a line search stores of earlier gradients."""

import abc

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float


class AbstractMemory(eqx.Module):
    """What a method stores of earlier gradients, and from which its directions follow.

    Laws: `learn` with `usable` false changes nothing; with an empty memory the direction is that of
    steepest descent. Both are done without a branch, which would copy the memory.
    """

    @abc.abstractmethod
    def learn(
        self,
        step: Float[Array, " n"],
        change: Float[Array, " n"],
        gradient: Float[Array, " n"],
        usable: Bool[Array, ""],
    ) -> tuple["AbstractMemory", Float[Array, " n"]]:
        """The memory after a step, and the next direction.

        Arguments:
            step: the change of the unknowns.
            change: the change of the gradient.
            gradient: the present gradient.
            usable: whether a step was taken.
        """

    @abc.abstractmethod
    def keep(self, kept: Bool[Array, ""]) -> "AbstractMemory":
        """The memory itself, or an empty one."""

    @abc.abstractmethod
    def length(
        self,
        gradient: Float[Array, " n"],
        slope: Float[Array, ""],
        decrease: Float[Array, ""],
    ) -> Float[Array, ""]:
        """The first length to try.

        Arguments:
            gradient: the present gradient.
            slope: the slope along the direction, negative.
            decrease: the decrease of the loss in the previous step.
        """


def is_curved(
    curvature: Float[Array, ""], step: Float[Array, " n"], change: Float[Array, " n"]
) -> Bool[Array, ""]:
    """Whether s·y, the loss's curvature along the step, is positive by more than rounding."""
    sizes = jnp.linalg.norm(step) * jnp.linalg.norm(change)
    return curvature > jnp.finfo(step.dtype).eps * sizes


def first_length(gradient: Float[Array, " n"]) -> Float[Array, ""]:
    """The very first length, down the gradient: α ‖g‖ ≤ 1, and the step is at most −g."""
    return 1 / jnp.maximum(jnp.linalg.norm(gradient), 1)
