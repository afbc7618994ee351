"""BFGS: a quasi-Newton method that stores the whole inverse Hessian.

    d = −H g,    H ← H + (s·y + y·H y) / (s·y)² s sᵀ − (H y sᵀ + s (H y)ᵀ) / s·y,

with a step s and the change y of the gradient along it. After the first step H starts as γ I with
γ = 30 s·s / s·y. The first step goes down the gradient, where the loss curves most, so other
directions need more than s·s / s·y; and BFGS reduces an H that is too large in a few steps, but
needs many to increase one that is too small. With 30, 4DVar of 40 unknowns takes 92 evaluations
and the Rosenbrock function of 100 takes 454; with the usual γ = s·y / y·y, 210 and 654.

H y is the difference of H g and the product with the previous gradient, which is stored: a single
product with the matrix gives both the update and the next direction.

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
    """The inverse Hessian estimated from the steps so far.

    Attributes:
        matrix: H; without meaning before the first update.
        image: H g of the last gradient.
        experienced: whether H has been updated at least once.
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
        """The memory itself, or an empty one."""
        return InverseHessian(self.matrix, self.image, self.experienced & kept)

    def length(
        self,
        gradient: Float[Array, " n"],
        slope: Float[Array, ""],
        decrease: Float[Array, ""],
    ) -> Float[Array, ""]:
        """1, or less if that promises much more than the last step did; at first a step of 1."""
        usual = jnp.clip(-2.02 * decrease / slope, 1e-3, 1)
        return jnp.where(self.experienced, usual, first_length(gradient))


class BFGS(AbstractDescent):
    """Minimisation of any smooth loss by the quasi-Newton method BFGS.

    It stores a dense approximation of the inverse Hessian: made for up to a few thousand unknowns.
    The first step only evaluates the starting point.

    Converged means: the Hessian H has no negative eigenvalue, and Newton's step p = −H⁻¹∇f promises
    a decrease of ½ ∇f·H⁻¹∇f ≤ `atol + rtol |f|`, or changes no unknown by more than `√rtol |u|`.
    This does not depend on the units of loss and unknowns. Newton's step is then taken as the last
    one. The test is made when the method expects hardly any decrease from its own next step. For
    more than 50 unknowns p comes from conjugate gradients; if the loss has no second derivative,
    the method's own approximation of H is used.

    Arguments:
        rtol: converged if Newton's step promises to lower the loss by no more than this part of
            it, or changes no unknown by more than the square root of this part; at least ten units
            of rounding.
        atol: added to the bound on the promised decrease [the unit of the loss].

    Metrics: `loss`, the problem's own metrics, `gradient_norm`, `step_norm` (‖αd‖; 0 if no length
    was good), and as a running total: `function_evaluations`, each with its gradient.

    Source: Nocedal and Wright 2006, Numerical Optimization, chapter 6,
    doi 10.1007/978-0-387-40065-5.
    """

    default_steps: ClassVar[int] = 1000

    def empty_memory(self, vector: Float[Array, " n"]) -> InverseHessian:
        """An inverse Hessian without any update."""
        return InverseHessian(
            matrix=jnp.zeros_like(vector, shape=(vector.size, vector.size)),
            image=jnp.zeros_like(vector),
            experienced=jnp.asarray(False),
        )
