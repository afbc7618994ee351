"""Newton's method: products with the Hessian, steps within a trust region.

    p ≈ argmin g·p + ½ p·H p with ‖E p‖ ≤ ϱ,    u ← u + p.

The products H v come from differentiating the gradient, which is linearised once per step. For up
to 50 unknowns they give the whole of H, scaled by E, the greatest √|Hᵢᵢ| so far, so that the units
of the unknowns do not matter. For more, E = 1, and conjugate gradients need no matrix: they follow
directions of negative curvature to the surface of the region. They reduce the residual by the
factor min(`inner_tolerance`, ‖g‖ / G), that is, little far from the minimum and much near it, so
that convergence is quadratic. The gain ratio, (decrease of the loss) / (decrease promised by the
quadratic), controls the radius ϱ.
"""

from collections.abc import Callable
from typing import ClassVar

import equinox as eqx
import jax
import jax.lax as lax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int, PRNGKeyArray, PyTree

from plugax import AbstractProblem

from ._eigen_step import BallStep, eigen_step
from ._newton_step import DENSE_UNKNOWNS, NewtonStep, scaled_hessian
from ._optimality import MOST_IDLE, is_lost
from ._steihaug import minimise_within
from ._suitable import AbstractDeterministicSolver
from ._vector import Metrics, as_vector
from ._wolfe import ROUNDING_UNITS

MOST_TRIALS = 30
SUFFICIENT_GAIN = 1e-4
POOR_GAIN, GOOD_GAIN = 0.25, 0.75


class NewtonState(eqx.Module):
    """The run state.

    Attributes:
        unknowns: u.
        radius: ϱ, and 0 before the first step.
        greatest: G, the greatest norm of a gradient so far.
        lengths: E.
        reach: the greatest |u| so far, by unknown.
        converged: whether the point that the last step started from passed the test.
        idle: the number of steps since the loss last decreased by more than rounding.
        function_evaluations: evaluations of the loss so far.
        gradient_evaluations: linearisations of the gradient so far.
        inner_iterations: products with the Hessian so far.
    """

    unknowns: PyTree
    radius: Float[Array, ""]
    greatest: Float[Array, ""]
    lengths: Float[Array, " n"]
    reach: Float[Array, " n"]
    converged: Bool[Array, ""]
    idle: Int[Array, ""]
    function_evaluations: Int[Array, ""]
    gradient_evaluations: Int[Array, ""]
    inner_iterations: Int[Array, ""]


class _Trial(eqx.Module):
    """One bounded step, evaluated.

    Attributes:
        vector: the point it leads to.
        loss: the loss at this point.
        accepted: whether the step is good enough.
        full: the first step tried, which is Newton's unless the radius limited it.
        radius: ϱ after the step.
        count: the number of trials so far.
        products: products with the Hessian so far.
    """

    vector: Float[Array, " n"]
    loss: Float[Array, ""]
    accepted: Bool[Array, ""]
    full: NewtonStep
    radius: Float[Array, ""]
    count: Int[Array, ""]
    products: Int[Array, ""]


class Newton(AbstractDeterministicSolver[AbstractProblem, NewtonState]):
    """Minimisation of any twice differentiable loss by Newton steps within a trust region.

    It stores no matrix: only products of the Hessian with vectors are needed. It follows negative
    curvature downhill, so it does not stop at a saddle, unless it starts exactly on one.

    Converged means: at the point where the last step started, the Hessian H had no negative
    eigenvalue, and Newton's step p = −H⁻¹∇f promised a decrease of ½ ∇f·H⁻¹∇f ≤ `atol + rtol |f|`,
    or changed no unknown by more than `√rtol |u|`. This does not depend on the units of loss and
    unknowns. The answer is the point after that step.

    Arguments:
        rtol: converged if Newton's step promises to lower the loss by no more than this part of
            it, or changes no unknown by more than the square root of this part; at least ten units
            of rounding.
        atol: added to the bound on the promised decrease [the unit of the loss].
        radius: ϱ of the first step, relative to the length of the step down the gradient to the
            minimum of the quadratic.
        inner_tolerance: conjugate gradients reduce the residual of Newton's equation at least by
            this factor in each step, and more near the minimum.
        inner_steps: the largest number of conjugate-gradient iterations in each step.

    Metrics: `loss`, the problem's own metrics, `gradient_norm`, `step_norm` (‖p‖; 0 if every step
    was refused), `radius` (ϱ after the step), and as running totals: `function_evaluations`,
    `gradient_evaluations`, `inner_iterations` (products with the Hessian).

    Source: Nocedal and Wright 2006, Numerical Optimization, algorithms 4.1 and 7.2,
    doi 10.1007/978-0-387-40065-5; Dembo, Eisenstat and Steihaug 1982, Inexact Newton methods,
    doi 10.1137/0719025.
    """

    default_steps: ClassVar[int] = 1000

    rtol: float = 1e-12
    atol: float = 0.0
    radius: float = 100.0
    inner_tolerance: float = 0.1
    inner_steps: int = 200

    def init(
        self,
        problem: AbstractProblem,
        unknowns: PyTree,
        key: PRNGKeyArray,  # noqa: ARG002 - deterministic
    ) -> NewtonState:
        """Nothing evaluated yet."""
        self.check_unknowns(problem, unknowns)
        vector, _ = as_vector(unknowns)
        zero, none = jnp.zeros_like(vector, shape=()), jnp.asarray(0, "int32")
        return NewtonState(
            unknowns=unknowns,
            radius=zero,
            greatest=zero,
            lengths=jnp.zeros_like(vector),
            reach=jnp.abs(vector),
            converged=jnp.asarray(False),
            idle=none,
            function_evaluations=none,
            gradient_evaluations=none,
            inner_iterations=none,
        )

    def step(
        self,
        problem: AbstractProblem,
        state: NewtonState,
        batch: PyTree,
        key: PRNGKeyArray,
    ) -> tuple[NewtonState, Metrics]:
        """One linearisation of the gradient, and bounded steps from it until one is good."""
        vector, rebuild = as_vector(state.unknowns)

        def function(vector: Float[Array, " n"]) -> tuple[Float[Array, ""], Metrics]:
            loss, metrics = problem.loss(rebuild(vector), batch, key)
            return loss.astype(vector.dtype), metrics

        def slope(vector: Float[Array, " n"]) -> tuple[Float[Array, " n"], tuple]:
            (loss, metrics), gradient = jax.value_and_grad(function, has_aux=True)(vector)
            return gradient, (loss, metrics)

        gradient, product, (loss, metrics) = jax.linearize(slope, vector, has_aux=True)
        norm = jnp.linalg.norm(gradient)
        greatest = jnp.maximum(state.greatest, norm)
        if vector.size <= DENSE_UNKNOWNS:
            made = vector.size
            hessian = scaled_hessian(product, gradient, state.lengths)
            now, lengths = hessian.diagonal, jnp.maximum(hessian.diagonal, state.lengths)
            within = lambda radius: eigen_step(hessian, gradient, radius, self.radius)  # noqa: E731
        else:
            made, hessian = 0, None
            now = lengths = jnp.ones_like(vector)
            relative = norm / jnp.where(greatest > 0, greatest, 1)
            within = lambda radius: self._truncate(product, gradient, radius, relative)  # noqa: E731
        start = _Trial(
            vector=vector,
            loss=loss,
            accepted=jnp.asarray(False),
            full=NewtonStep(0 * vector, 0 * loss, jnp.asarray(False), jnp.asarray(False), now),
            radius=state.radius,
            count=jnp.asarray(0, "int32"),
            products=jnp.asarray(0, "int32"),
        )
        trial = _search(lambda vector: function(vector)[0], within, start)
        moved = jnp.where(trial.accepted, trial.vector, vector)
        decreased = trial.accepted & (loss - trial.loss > _rounding(loss))
        newton = trial.full if hessian is None else hessian.newton_step(gradient)
        small = newton.is_small(vector, state.reach, loss, rtol=self.rtol, atol=self.atol)
        lost = is_lost(now, lengths, state.reach, loss)
        state = NewtonState(
            unknowns=rebuild(moved),
            radius=trial.radius,
            greatest=greatest,
            lengths=lengths,
            reach=jnp.maximum(state.reach, jnp.abs(moved)),
            converged=newton.convex & small & ~lost,
            idle=jnp.where(decreased, 0, state.idle + 1),
            function_evaluations=state.function_evaluations + 1 + trial.count,
            gradient_evaluations=state.gradient_evaluations + 1,
            inner_iterations=state.inner_iterations + trial.products + made,
        )
        return state, {
            **metrics,
            "loss": loss,
            "gradient_norm": norm,
            "step_norm": jnp.linalg.norm(moved - vector),
            "radius": trial.radius,
            "function_evaluations": state.function_evaluations,
            "gradient_evaluations": state.gradient_evaluations,
            "inner_iterations": state.inner_iterations,
        }

    def converged(
        self,
        problem: AbstractProblem,  # noqa: ARG002
        state: NewtonState,
    ) -> Bool[Array, ""]:
        """Whether the last step started from a point that passed the test."""
        return state.converged

    def stalled(
        self,
        problem: AbstractProblem,  # noqa: ARG002
        state: NewtonState,
    ) -> Bool[Array, ""]:
        """Whether several steps did not reduce the loss, although this is not a minimum."""
        return state.idle >= MOST_IDLE

    def unknowns(
        self,
        problem: AbstractProblem,  # noqa: ARG002
        state: NewtonState,
    ) -> PyTree:
        """The unknowns after the last step."""
        return state.unknowns

    def _truncate(
        self,
        product: Callable[[Float[Array, " n"]], Float[Array, " n"]],
        gradient: Float[Array, " n"],
        radius: Float[Array, ""],
        relative: Float[Array, ""],
    ) -> BallStep:
        """A step by conjugate gradients, to be truncated at a residual of ‖g‖ / G."""
        inner = minimise_within(
            product,
            gradient,
            radius,
            first_radius=self.radius,
            tolerance=jnp.minimum(jnp.asarray(self.inner_tolerance, relative.dtype), relative),
            steps=self.inner_steps,
        )
        # H p from the residual
        promised = -(gradient + inner.residual) @ inner.step / 2
        length = jnp.linalg.norm(inner.step)
        return BallStep(inner.step, length, promised, inner.radius, inner.bound, inner.iterations)


def _search(
    function: Callable[[Float[Array, " n"]], Float[Array, ""]],
    within: Callable[[Float[Array, ""]], BallStep],
    start: _Trial,
) -> _Trial:
    """Steps within smaller and smaller radii until one decreases the loss enough."""
    vector, loss = start.vector, start.loss
    rounding = _rounding(loss)

    def is_unfinished(trial: _Trial) -> Bool[Array, ""]:
        return ~trial.accepted & (trial.count < MOST_TRIALS)

    def attempt(last: _Trial) -> _Trial:
        inner = within(last.radius)
        step = NewtonStep(inner.step, inner.promised, ~inner.bound, ~inner.bound, last.full.lengths)
        moved = vector + inner.step
        loss_there = function(moved)
        # Below rounding the gain is noise: such a step is taken unless the loss clearly rises.
        harmless = (inner.promised <= rounding) & (loss_there <= loss + rounding)
        gain = (loss - loss_there) / jnp.maximum(inner.promised, jnp.finfo(loss.dtype).tiny)
        gain = jnp.where(harmless, 1, gain)
        good = (gain >= GOOD_GAIN) & inner.bound
        kept = jnp.where(good, 2 * inner.radius, inner.radius)
        return _Trial(
            vector=moved,
            loss=loss_there,
            accepted=gain > SUFFICIENT_GAIN,
            full=jax.tree.map(
                lambda one, kept: jnp.where(last.count == 0, one, kept), step, last.full
            ),
            radius=jnp.where(gain > POOR_GAIN, kept, inner.length / 4),
            count=last.count + 1,
            products=last.products + inner.products,
        )

    return lax.while_loop(is_unfinished, attempt, start)


def _rounding(loss: Float[Array, ""]) -> Float[Array, ""]:
    """The change of the loss that cannot be distinguished from rounding."""
    return ROUNDING_UNITS * jnp.finfo(loss.dtype).eps * jnp.abs(loss)
