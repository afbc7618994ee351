"""L-BFGS: a quasi-Newton method that stores only the last few steps.

    d = −H g,    H the inverse Hessian of BFGS, from the last m steps s and gradient changes y:

    q ← g;    from the newest to the oldest:  α = s·q / y·s,    q ← q − α y;
    q ← γ q,  γ = s·y / y·y of the newest;
    from the oldest to the newest:            q ← q + (α − y·q / y·s) s;    d = −q.

Source: Nocedal 1980, Updating quasi-Newton matrices with limited storage, doi
10.1090/S0025-5718-1980-0572855-7.
"""

from typing import ClassVar

import equinox as eqx
import jax.lax as lax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int

from ._descent import AbstractDescent
from ._memory import AbstractMemory, first_length, is_curved


class LastSteps(AbstractMemory):
    """The last m steps, each in a slot of its own; the newest replaces the oldest.

    Attributes:
        steps: s, one row per slot.
        changes: y, one row per slot.
        weights: 1 / y·s; 0 for an empty slot.
        scale: γ; 0 before the first step.
        count: the number of steps so far.
    """

    steps: Float[Array, "m n"]
    changes: Float[Array, "m n"]
    weights: Float[Array, " m"]
    scale: Float[Array, ""]
    count: Int[Array, ""]

    def learn(
        self,
        step: Float[Array, " n"],
        change: Float[Array, " n"],
        gradient: Float[Array, " n"],
        usable: Bool[Array, ""],
    ) -> tuple["LastSteps", Float[Array, " n"]]:
        """The memory with the step in place of the oldest one, and −H g."""
        curvature = step @ change
        usable = usable & is_curved(curvature, step, change)
        slot = self.count % self.weights.size

        def store(rows: Array, new: Array) -> Array:
            # Only one slot is read and written; a selection of all would copy the whole memory.
            old = lax.dynamic_index_in_dim(rows, slot, keepdims=False)
            return lax.dynamic_update_index_in_dim(rows, jnp.where(usable, new, old), slot, 0)

        memory = LastSteps(
            steps=store(self.steps, step),
            changes=store(self.changes, change),
            weights=store(self.weights, 1 / curvature),
            scale=jnp.where(usable, curvature / (change @ change), self.scale),
            count=self.count + usable.astype("int32"),
        )
        return memory, memory._direction(gradient)

    def _direction(self, gradient: Float[Array, " n"]) -> Float[Array, " n"]:
        size = self.weights.size

        def recall(slot: Int[Array, ""]) -> tuple:
            leaves = (self.steps, self.changes, self.weights)
            return tuple(lax.dynamic_index_in_dim(leaf, slot, keepdims=False) for leaf in leaves)

        def back(age: Int[Array, ""], carry: tuple) -> tuple:
            vector, parts = carry
            slot = (self.count - 1 - age) % size
            step, change, weight = recall(slot)
            part = weight * (step @ vector)
            parts = lax.dynamic_update_index_in_dim(parts, part, slot, 0)
            return vector - part * change, parts

        def forth(age: Int[Array, ""], vector: Array) -> Array:
            slot = (self.count + age) % size
            step, change, weight = recall(slot)
            part = lax.dynamic_index_in_dim(parts, slot, keepdims=False)
            return vector + (part - weight * (change @ vector)) * step

        start = (gradient, jnp.zeros_like(self.weights))
        vector, parts = lax.fori_loop(0, size, back, start)
        scale = jnp.where(self.scale > 0, self.scale, 1)
        return -lax.fori_loop(0, size, forth, scale * vector)

    def keep(self, kept: Bool[Array, ""]) -> "LastSteps":
        """The memory itself, or one without effect: all weights 0."""
        return eqx.tree_at(
            lambda memory: (memory.weights, memory.scale),
            self,
            replace_fn=lambda leaf: jnp.where(kept, leaf, 0),
        )

    def length(
        self,
        gradient: Float[Array, " n"],
        slope: Float[Array, ""],  # noqa: ARG002
        decrease: Float[Array, ""],  # noqa: ARG002
    ) -> Float[Array, ""]:
        """1, and at first a length that makes the step no longer than 1."""
        return jnp.where(self.scale > 0, 1, first_length(gradient))


class LBFGS(AbstractDescent):
    """Minimisation of any smooth loss by L-BFGS, a quasi-Newton method for many unknowns.

    It stores the last `memory` steps and gradients, and no matrix. The first step only evaluates
    the starting point.

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
        memory: how many steps are stored.

    Metrics: `loss`, the problem's own metrics, `gradient_norm`, `step_norm` (‖αd‖; 0 if no length
    was good), and as a running total: `function_evaluations`, each with its gradient.

    Source: Liu and Nocedal 1989, On the limited memory BFGS method for large scale optimization,
    doi 10.1007/BF01589116.
    """

    default_steps: ClassVar[int] = 5000

    memory: int = eqx.field(static=True, default=10)

    def __check_init__(self):
        if self.memory < 1:
            raise ValueError(f"memory must be a number of steps, at least 1; got {self.memory}.")

    def empty_memory(self, vector: Float[Array, " n"]) -> LastSteps:
        """No step yet."""
        none = lambda *shape: jnp.zeros_like(vector, shape=shape)  # noqa: E731
        return LastSteps(
            steps=none(self.memory, vector.size),
            changes=none(self.memory, vector.size),
            weights=none(self.memory),
            scale=none(),
            count=jnp.asarray(0, "int32"),
        )
