"""BFGS: a quasi-Newton method that keeps the whole inverse Hessian.

    d = −H g,    H ← H + (s·y + y·H y) / (s·y)² s sᵀ − (H y sᵀ + s (H y)ᵀ) / s·y,

s being a step and y the change of the gradient along it. Before the first step there is no H; it
then begins as γ I with γ = 30 s·s / s·y. The first step goes down the gradient, where the loss
curves most, so other directions want more than s·s / s·y; and BFGS shortens an H that is too long
in few steps, but lengthens a short one in many. With 30, 4DVar of 40 unknowns takes 92 evaluations
and the Rosenbrock function of 100 takes 454; with the usual γ = s·y / y·y, 210 and 654.

H y is the difference of H g and the product with the gradient before, which is kept: one product
with the matrix makes both the update and the next direction.

Source: Nocedal and Wright 2006, Numerical Optimization, section 6.1,
doi 10.1007/978-0-387-40065-5.
"""

from typing import ClassVar

import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from ._descent import AbstractDescent
from ._memory import AbstractMemory, first_length, is_curved

OPTIMISM = 30


class InverseHessian(AbstractMemory):
    """The inverse Hessian as the steps so far have it.

    Attributes:
        matrix: H; without meaning where nothing is known.
        image: H g of the last gradient.
        experienced: whether anything is known.
    """

    matrix: Float[Array, "n n"]
    image: Float[Array, " n"]
    experienced: Bool[Array, ""]

    def learn(
        self,
        step: Float[Array, " n"],
        change: Float[Array, " n"],
        gradient: Float[Array, " n"],
        usable: Bool[Array, ""],
    ) -> tuple["InverseHessian", Float[Array, " n"]]:
        """H updated, if the curvature along the step is positive, and −H g."""
        curvature = step @ change
        usable = usable & is_curved(curvature, step, change)
        old = self.experienced
        scale = jnp.where(old, 1, OPTIMISM * (step @ step) / curvature)
        image = jnp.where(old, self.matrix @ gradient, scale * gradient)
        # H y
        across = jnp.where(old, image - self.image, scale * change)
        quadratic = (1 + change @ across / curvature) / curvature
        along = step @ gradient
        updated = image + step * (quadratic * along - across @ gradient / curvature)
        updated = updated - across * (along / curvature)
        # −s (H y)ᵀ / s·y and half of the term with s sᵀ, as one product of two vectors.
        half = step * (quadratic / 2) - across / curvature
        identity = jnp.eye(step.size, dtype=step.dtype)
        matrix = jnp.where(old, self.matrix, scale * identity)
        matrix = matrix + step[:, None] * half[None] + half[:, None] * step[None]
        image = jnp.where(usable, updated, image)
        memory = InverseHessian(jnp.where(usable, matrix, self.matrix), image, old | usable)
        return memory, -image

    def keep(self, kept: Bool[Array, ""]) -> "InverseHessian":
        """The memory itself, or one that knows nothing."""
        return InverseHessian(self.matrix, self.image, self.experienced & kept)

    def length(
        self,
        gradient: Float[Array, " n"],
        slope: Float[Array, ""],
        decrease: Float[Array, ""],
    ) -> Float[Array, ""]:
        """1, or less where that promises much more than the step before; at first a step of 1."""
        usual = jnp.clip(-2.02 * decrease / slope, 1e-3, 1)
        return jnp.where(self.experienced, usual, first_length(gradient))


class BFGS(AbstractDescent):
    """Minimisation of any smooth loss by the quasi-Newton method BFGS.

    It keeps a dense approximation of the inverse Hessian: made for up to a few thousand unknowns.
    The first step evaluates the starting point and goes nowhere.

    Converged means: the Hessian H has no negative eigenvalue, and Newton's step p = −H⁻¹∇f promises
    a decrease of ½ ∇f·H⁻¹∇f ≤ `atol + rtol |f|`, or changes no unknown by more than `√rtol |u|`.
    This does not depend on the units of loss and unknowns. The step has been taken on top. It is
    tested when the method expects next to nothing of its own next step. For more than 50 unknowns
    p comes from conjugate gradients; if the loss has no second derivative, the method's own
    approximation of H has to do.

    Arguments:
        rtol: converged if Newton's step promises to lower the loss by no more than this part of
            it, or changes no unknown by more than the square root of this; ten units of rounding at
            least.
        atol: added to that bound on the promise [the unit of the loss].

    Metrics: `loss`, the problem's own, `gradient_norm`, `step_norm` (‖αd‖; 0 where no length was
    good), and so far: `function_evaluations`, each with its gradient.

    Source: Nocedal and Wright 2006, Numerical Optimization, chapter 6,
    doi 10.1007/978-0-387-40065-5.
    """

    default_steps: ClassVar[int] = 1000

    def empty_memory(self, vector: Float[Array, " n"]) -> InverseHessian:
        """Nothing known of the Hessian."""
        return InverseHessian(
            matrix=jnp.zeros_like(vector, shape=(vector.size, vector.size)),
            image=jnp.zeros_like(vector),
            experienced=jnp.asarray(False),
        )
