"""L-BFGS: a quasi-Newton method that remembers the last few steps only.

    d = −H g,    H the inverse Hessian of BFGS, made of the last m steps s and gradient changes y.

H is applied in the compact form

    H = γ I + [S γY] [R⁻ᵀ(D + γ YᵀY)R⁻¹  −R⁻ᵀ; −R⁻¹  0] [S γY]ᵀ,
    R = upper triangle of SᵀY,    D its diagonal,    γ = s·y / y·y of the last step:

a few products with small matrices, where the usual recursion is a loop of 2 m short operations,
each of which XLA may run on its own. R⁻¹ is kept up to date: dropping the oldest step drops its
first row and column, a new step appends a column.

Source: Byrd, Nocedal and Schnabel 1994, Representations of quasi-Newton matrices and their use in
limited memory methods, theorem 2.2, doi 10.1007/BF01582063.
"""

from typing import ClassVar

import equinox as eqx
import jax.lax as lax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int, PRNGKeyArray, PyTree

from plugax import AbstractProblem, AbstractSolver

from ._descent import DescentState, initial_state, take_step
from ._memory import AbstractMemory, first_length, is_curved
from ._vector import Metrics


class LastSteps(AbstractMemory):
    """The last m steps, each in a slot of its own; the newest takes the slot of the oldest.

    Attributes:
        pairs: the steps, Sᵀ, and below them the changes of the gradient, Yᵀ.
        products: `pairs` times the last gradient.
        inverse: R⁻¹, rows and columns by slot; zero where nothing is known.
        changes: YᵀY.
        curvatures: the diagonal of D.
        scale: γ; 0 where nothing is known.
        count: how many steps there were.
    """

    pairs: Float[Array, "2 m n"]
    products: Float[Array, "2 m"]
    inverse: Float[Array, "m m"]
    changes: Float[Array, "m m"]
    curvatures: Float[Array, " m"]
    scale: Float[Array, ""]
    count: Int[Array, ""]

    def learn(
        self,
        step: Float[Array, " n"],
        change: Float[Array, " n"],
        gradient: Float[Array, " n"],
        usable: Bool[Array, ""],
    ) -> tuple["LastSteps", Float[Array, " n"]]:
        """The step in place of the oldest one, and −H g."""
        pair = jnp.stack([step, change])
        curvature, size = pair @ change
        usable = usable & is_curved(curvature, step, change)
        capacity = self.curvatures.size
        slot = self.count % capacity
        new = (jnp.arange(capacity, dtype="int32") == slot) & usable
        # Sᵀy and Yᵀy from the products with this gradient and the last one.
        with_gradient = self.pairs @ gradient
        steps_change, changes_change = with_gradient - self.products
        inverse = jnp.where(new[:, None] | new[None], 0, self.inverse)
        column = jnp.where(new, 1, -(inverse @ steps_change)) / curvature
        inverse = jnp.where(new[None], column[:, None], inverse)
        across = jnp.where(new, size, changes_change)
        changes = jnp.where(new[None], across[:, None], self.changes)
        changes = jnp.where(new[:, None], across[None], changes)
        memory = LastSteps(
            pairs=self._store(pair, slot, usable),
            products=jnp.where(new[None], (pair @ gradient)[:, None], with_gradient),
            inverse=inverse,
            changes=changes,
            curvatures=jnp.where(new, curvature, self.curvatures),
            scale=jnp.where(usable, curvature / size, self.scale),
            count=self.count + usable.astype("int32"),
        )
        return memory, memory._direction(gradient)

    def _store(
        self, pair: Float[Array, "2 n"], slot: Int[Array, ""], usable: Bool[Array, ""]
    ) -> Float[Array, "2 m n"]:
        # One slot is read and written, where a selection of all would copy the whole memory.
        old = lax.dynamic_index_in_dim(self.pairs, slot, axis=1, keepdims=False)
        kept = jnp.where(usable, pair, old)
        return lax.dynamic_update_index_in_dim(self.pairs, kept, slot, axis=1)

    def _direction(self, gradient: Float[Array, " n"]) -> Float[Array, " n"]:
        scale = jnp.where(self.scale > 0, self.scale, 1)
        steps_gradient, changes_gradient = self.products
        reduced = self.inverse @ steps_gradient
        within = self.curvatures * reduced
        within = within + scale * (self.changes @ reduced - changes_gradient)
        weights = jnp.stack([within @ self.inverse, -scale * reduced])
        return -(scale * gradient + jnp.tensordot(weights, self.pairs, 2))

    def keep(self, kept: Bool[Array, ""]) -> "LastSteps":
        """The memory itself, or one without effect: R⁻¹ = 0."""
        return eqx.tree_at(
            lambda memory: (memory.inverse, memory.scale),
            self,
            replace_fn=lambda leaf: jnp.where(kept, leaf, 0),
        )

    def length(
        self,
        gradient: Float[Array, " n"],
        slope: Float[Array, ""],  # noqa: ARG002
        decrease: Float[Array, ""],  # noqa: ARG002
    ) -> Float[Array, ""]:
        """1, and at first what makes a step no longer than 1."""
        return jnp.where(self.scale > 0, 1, first_length(gradient))


class LBFGS(AbstractSolver):
    """Minimisation of any smooth loss by L-BFGS, a quasi-Newton method for many unknowns.

    It stores the last `memory` steps and gradients, no matrix of the unknowns. The first step
    evaluates the starting point and goes nowhere.

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
        memory: how many steps are remembered.

    Metrics: `loss`, the problem's own, `gradient_norm`, `step_norm` (‖αd‖; 0 where no length was
    good), and so far: `function_evaluations`, each with its gradient.

    Source: Liu and Nocedal 1989, On the limited memory BFGS method for large scale optimization,
    doi 10.1007/BF01589116; in this form Byrd, Nocedal and Schnabel 1994, doi 10.1007/BF01582063.
    """

    default_steps: ClassVar[int] = 5000

    rtol: float = 1e-12
    atol: float = 0.0
    memory: int = eqx.field(static=True, default=10)

    def __check_init__(self):
        if self.memory < 1:
            raise ValueError(f"memory is a number of steps, at least 1; got {self.memory}.")

    def init(
        self,
        problem: AbstractProblem,
        unknowns: PyTree,
        key: PRNGKeyArray,
    ) -> DescentState:
        """Nothing evaluated yet."""
        return initial_state(problem, unknowns, key, self._empty, "lbfgs")

    def step(
        self,
        problem: AbstractProblem,
        state: DescentState,
        batch: PyTree,
        key: PRNGKeyArray,
    ) -> tuple[DescentState, Metrics]:
        """One line search, and the direction for the next."""
        return take_step(problem, state, batch, key, curvature=0.9, rtol=self.rtol, atol=self.atol)

    def converged(
        self,
        problem: AbstractProblem,  # noqa: ARG002
        state: DescentState,
    ) -> Bool[Array, ""]:
        """Whether the gradient is small."""
        return state.converged

    def stalled(
        self,
        problem: AbstractProblem,  # noqa: ARG002
        state: DescentState,
    ) -> Bool[Array, ""]:
        """Whether nothing was gained any more, though this is no minimum."""
        return state.stalled

    def unknowns(
        self,
        problem: AbstractProblem,  # noqa: ARG002
        state: DescentState,
    ) -> PyTree:
        """The last accepted point."""
        return state.unknowns

    def _empty(self, vector: Float[Array, " n"]) -> LastSteps:
        none = lambda *shape: jnp.zeros_like(vector, shape=shape)  # noqa: E731
        return LastSteps(
            pairs=none(2, self.memory, vector.size),
            products=none(2, self.memory),
            inverse=none(self.memory, self.memory),
            changes=none(self.memory, self.memory),
            curvatures=none(self.memory),
            scale=none(),
            count=jnp.asarray(0, "int32"),
        )
