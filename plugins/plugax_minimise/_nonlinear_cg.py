"""Nonlinear conjugate gradients: every direction depends on the previous one.

    d ← −g + β d,    β = max(β_HZ, η),    β_HZ = (y − 2 d ‖y‖² / d·y)·g / d·y,
    η = 0.4 d·g₋ / ‖d‖²,

with the change y of the gradient along d, and the gradient g₋ before it. Such directions descend
whatever the line search does. The first length to try is the one for which the linear decrease is
the same as in the previous step.

Source: Hager and Zhang 2005, A new conjugate gradient method with guaranteed descent and an
efficient line search, doi 10.1137/030601880; this η: Dai and Kou 2013, doi 10.1137/100813026.
"""

from typing import ClassVar

import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from ._descent import AbstractDescent
from ._memory import AbstractMemory, first_length, is_curved


class LastStep(AbstractMemory):
    """What the next first length depends on; all else is in the step itself.

    Attributes:
        promised: α d·g₋, the change of the loss without curvature.
        experienced: whether there was a step.
    """

    promised: Float[Array, ""]
    experienced: Bool[Array, ""]

    def learn(
        self,
        step: Float[Array, " n"],
        change: Float[Array, " n"],
        gradient: Float[Array, " n"],
        usable: Bool[Array, ""],
    ) -> tuple["LastStep", Float[Array, " n"]]:
        """−g + β d. The step is d times a factor, which cancels."""
        curvature = step @ change
        usable = usable & is_curved(curvature, step, change)
        along = step @ gradient
        promised = along - curvature
        weight = (change @ gradient - 2 * (change @ change) * along / curvature) / curvature
        least = 0.4 * promised / (step @ step)
        weight = jnp.where(usable, jnp.maximum(weight, least), 0)
        direction = jnp.where(usable, step, 0) * weight - gradient
        memory = LastStep(jnp.where(usable, promised, self.promised), self.experienced | usable)
        return memory, direction

    def keep(self, kept: Bool[Array, ""]) -> "LastStep":
        """The memory itself, or an empty one."""
        return LastStep(self.promised, self.experienced & kept)

    def length(
        self,
        gradient: Float[Array, " n"],
        slope: Float[Array, ""],
        decrease: Float[Array, ""],  # noqa: ARG002
    ) -> Float[Array, ""]:
        """The length that promises as much as the previous step; at first a step of 1."""
        return jnp.where(self.experienced, self.promised / slope, first_length(gradient))


class NonlinearCG(AbstractDescent):
    """Minimisation of any smooth loss by nonlinear conjugate gradients, with very little memory.

    It stores a few vectors: for very many unknowns. `lbfgs` mostly needs fewer evaluations. The
    first step only evaluates the starting point.

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
        remaining_slope: the part of the slope that may remain after a line search. With 0.01, a
            quadratic loss of n unknowns takes about n steps; others mostly take fewer steps, but
            more evaluations.

    Metrics: `loss`, the problem's own metrics, `gradient_norm`, `step_norm` (‖αd‖; 0 if no length
    was good), and as a running total: `function_evaluations`, each with its gradient.

    Source: Hager and Zhang 2005, doi 10.1137/030601880; Dai and Kou 2013, doi 10.1137/100813026.
    """

    default_steps: ClassVar[int] = 10_000

    remaining_slope: float = 0.1  # pyright: ignore[reportIncompatibleVariableOverride]

    def empty_memory(self, vector: Float[Array, " n"]) -> LastStep:
        """No step yet."""
        return LastStep(jnp.zeros_like(vector, shape=()), jnp.asarray(False))
