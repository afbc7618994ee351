"""What a method with a line search keeps of the gradients it has met."""

import abc

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float


class AbstractMemory(eqx.Module):
    """What a method keeps of the gradients it has met; its directions follow from that.

    Laws: what is learned with `usable` false changes nothing; with nothing kept, the direction is
    that of steepest descent. Both without a branch, which would copy the memory.
    """

    @abc.abstractmethod
    def learn(
        self,
        step: Float[Array, " n"],
        change: Float[Array, " n"],
        gradient: Float[Array, " n"],
        usable: Bool[Array, ""],
    ) -> tuple["AbstractMemory", Float[Array, " n"]]:
        """The memory after a step that was taken, and the direction to go next.

        Arguments:
            step: how the unknowns changed.
            change: how the gradient changed.
            gradient: the gradient now.
            usable: whether there was such a step.
        """

    @abc.abstractmethod
    def keep(self, kept: Bool[Array, ""]) -> "AbstractMemory":
        """The memory itself, or one that knows nothing."""

    @abc.abstractmethod
    def length(
        self,
        gradient: Float[Array, " n"],
        slope: Float[Array, ""],
        decrease: Float[Array, ""],
    ) -> Float[Array, ""]:
        """The first length to try.

        Arguments:
            gradient: the gradient now.
            slope: along the direction, negative.
            decrease: of the loss by the step before.
        """


def is_curved(
    curvature: Float[Array, ""], step: Float[Array, " n"], change: Float[Array, " n"]
) -> Bool[Array, ""]:
    """Whether s·y, the loss's curvature along the step, is positive by more than rounding."""
    sizes = jnp.linalg.norm(step) * jnp.linalg.norm(change)
    return curvature > jnp.finfo(step.dtype).eps * sizes


def first_length(gradient: Float[Array, " n"]) -> Float[Array, ""]:
    """The first length of all, down the gradient: α ‖g‖ ≤ 1, and no more than the gradient."""
    return 1 / jnp.maximum(jnp.linalg.norm(gradient), 1)
