"""Gauss–Newton: linearise the residuals, solve for the step, repeat.

    Δ = argmin ‖r + J Δ‖,    u ← u + α Δ,

with α = 1 unless neither the loss nor the step that would follow without a new J decreases enough,

    ‖D Δ̄‖ ≤ (1 − α/4) ‖D Δ‖,    Δ̄ = argmin ‖r(u + α Δ) + J Δ̄‖,

D being the lengths of J's columns. Along a curved valley a full step leaves the floor, so the loss
rises, although the step leads towards the end of the valley. This test, Deuflhard's natural
monotonicity, accepts such full steps, while the loss alone would allow only short ones (95 instead
of 371 steps for the Rosenbrock function of 100 unknowns). It is used if J is formed and there are
no bounds. The number of steps that may increase the loss is at most the number of unknowns, so that
every run ends by decreasing it.

Applied to a window of data assimilation this is incremental 4DVar: each step an outer loop, the
linear problem the inner one (Courtier, Thépaut and Hollingsworth 1994, doi
10.1002/qj.49712051912; that they are the same: Lawless, Gratton and Nichols 2005, doi
10.1256/qj.04.20).

The step is written here: optimistix's has no safeguard against a full step that increases the loss,
and stops at any short step.
"""

from typing import ClassVar, Literal

import equinox as eqx
import jax
import jax.lax as lax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int, PRNGKeyArray, PyTree

from plugax import AbstractLeastSquares, AbstractProblem

from ._backtracking import StepLength, backtrack
from ._box import Room, room_of
from ._conjugate_gradients import InnerSolution, solve_normal_equations
from ._optimality import MOST_IDLE, Optimality, is_lost
from ._suitable import AbstractDeterministicSolver
from ._triangular import Triangular, linearise
from ._vector import Metrics, ResidualFunction, as_vector, residual_function

# From so many unknowns on matrix-free is quicker; docs/solvers.md has the measurements.
DENSE_UNKNOWNS = 100
# How often a step is repeated without the unknowns that it would move across a bound.
PASSES = 2


class GaussNewtonState(eqx.Module):
    """The run state.

    Attributes:
        unknowns: u.
        converged: whether the point that the last step started from passed the test.
        idle: the number of steps since the loss last decreased by more than rounding in total.
        mark: the loss at that step.
        lengths: the greatest lengths of the Jacobian's columns so far, if it is formed.
        reach: the greatest |u| so far, by unknown.
        patience: how many more steps may increase the loss.
        function_evaluations: evaluations of the residuals so far.
        jacobian_evaluations: linearisations so far.
        inner_iterations: iterations of conjugate gradients so far.
    """

    unknowns: PyTree
    converged: Bool[Array, ""]
    idle: Int[Array, ""]
    mark: Float[Array, ""]
    lengths: Float[Array, " n"]
    reach: Float[Array, " n"]
    patience: Int[Array, ""]
    function_evaluations: Int[Array, ""]
    jacobian_evaluations: Int[Array, ""]
    inner_iterations: Int[Array, ""]


class _Proposal(eqx.Module):
    """A full step and what is known at its start; `linear` if the Jacobian was formed."""

    residuals: Float[Array, " m"]
    metrics: Metrics
    step: Float[Array, " n"]
    gradient: Float[Array, " n"]
    optimality: Optimality
    lengths: Float[Array, " n"]
    held: Bool[Array, " n"]
    iterations: Int[Array, ""]
    solved: Bool[Array, ""]
    linear: Triangular | None


class GaussNewton(AbstractDeterministicSolver[AbstractLeastSquares, GaussNewtonState]):
    """Nonlinear least squares by Gauss–Newton steps, shortened if a full step does not help.

    Converged means: at the point where the last step started, the projection P r of the residuals
    onto the range of the Jacobian J was at most `atol + rtol (‖r‖ + ‖J u‖)`; or it was too small to
    change the loss beyond rounding, and the loss no longer decreased; or, after three steps in
    which the loss decreased by rounding at most, the Hessian confirmed a minimum, and the last step
    is Newton's. The answer is the point after that last step. The first step solves a linear
    problem; the second one finds that it has converged.

    Arguments:
        rtol: converged if the residuals r, projected onto the range of the Jacobian J, are at most
            this part of ‖r‖ + ‖J u‖; at least ten units of rounding.
        atol: added to the bound on the projected residuals [the unit of the residuals].
        linear_solver: how to solve for the step. `dense` forms the Jacobian; `iterative` uses
            products with it and its transpose inside conjugate gradients, so that no matrix is
            stored; `auto` is dense up to 100 unknowns.
        inner_tolerance: the factor by which conjugate gradients reduce the gradient of the linear
            problem in each step.
        inner_steps: the largest number of conjugate-gradient iterations in each step.

    Metrics: `loss`, the problem's own metrics, `relative_offset` (to be compared with `rtol`),
    `step_norm` (‖αΔ‖), `step_length` (α; 0 if no length helped), and as running totals:
    `function_evaluations`, `jacobian_evaluations`, `inner_iterations`.

    Source: Björck 2024, Numerical Methods for Least Squares Problems, chapter 7,
    doi 10.1137/1.9781611977950; full steps along a valley: Deuflhard 2011, Newton Methods for
    Nonlinear Problems, section 4.3, doi 10.1007/978-3-642-23899-4; stopping the inner iteration
    early: Gratton, Lawless and Nichols 2007, doi 10.1137/050624935.
    """

    requires: ClassVar[type[AbstractProblem]] = AbstractLeastSquares
    default_steps: ClassVar[int] = 100

    rtol: float = 1e-6
    atol: float = 0.0
    linear_solver: Literal["auto", "dense", "iterative"] = eqx.field(static=True, default="auto")
    inner_tolerance: float = 1e-2
    inner_steps: int = 200

    def init(
        self,
        problem: AbstractProblem,
        unknowns: PyTree,
        key: PRNGKeyArray,  # noqa: ARG002 - deterministic
    ) -> GaussNewtonState:
        """Nothing evaluated yet."""
        self.check_unknowns(problem, unknowns)
        none = jnp.asarray(0, "int32")
        unknowns = room_of(problem).enter(unknowns)
        vector, _ = as_vector(unknowns)
        return GaussNewtonState(
            unknowns=unknowns,
            converged=jnp.asarray(False),
            idle=none,
            mark=jnp.full_like(vector, jnp.inf, shape=()),
            lengths=jnp.zeros_like(vector),
            reach=jnp.abs(vector),
            patience=jnp.asarray(vector.size, "int32"),
            function_evaluations=none,
            jacobian_evaluations=none,
            inner_iterations=none,
        )

    def step(
        self,
        problem: AbstractProblem,
        state: GaussNewtonState,
        batch: PyTree,
        key: PRNGKeyArray,
    ) -> tuple[GaussNewtonState, Metrics]:
        """One linearisation, one linear solve, and one or a few evaluations."""
        vector, rebuild = as_vector(state.unknowns)
        room = room_of(problem)
        function = residual_function(room.problem, rebuild, batch, key)
        proposal = self._propose(function, vector, room)
        loss = proposal.residuals @ proposal.residuals / 2
        found = _shorten(function, vector, proposal, loss, room, state.patience > 0)
        # Not vector + 0 · step: a step that is not finite must leave the unknowns as they are.
        moved = room.move(vector, found.length * proposal.step, proposal.held)
        moved = jnp.where(found.length > 0, moved, vector)
        optimality = proposal.optimality
        reached = optimality.is_reached(self.rtol, self.atol)
        idle, mark = optimality.count_idle(state.idle, state.mark, loss, found.loss)
        exhausted = optimality.is_exhausted(loss, found.loss, idle)
        gradient, held = proposal.gradient, proposal.held
        confirmed, moved = optimality.confirm(
            idle, function, vector, gradient, state.reach, held, room, moved
        )
        known = jnp.isfinite(proposal.lengths)
        lengths = jnp.maximum(state.lengths, jnp.where(known, proposal.lengths, 0))
        lost = is_lost(proposal.lengths, lengths, state.reach, loss)
        state = GaussNewtonState(
            unknowns=rebuild(moved),
            converged=((proposal.solved & (reached | exhausted)) | confirmed) & ~lost,
            idle=idle,
            mark=mark,
            lengths=lengths,
            reach=jnp.maximum(state.reach, jnp.abs(moved)),
            patience=state.patience - (found.loss > loss).astype("int32"),
            function_evaluations=state.function_evaluations + 1 + found.evaluations,
            jacobian_evaluations=state.jacobian_evaluations + 1,
            inner_iterations=state.inner_iterations + proposal.iterations,
        )
        return state, {
            **proposal.metrics,
            "loss": loss,
            "relative_offset": optimality.relative,
            "step_norm": jnp.linalg.norm(moved - vector),
            "step_length": found.length,
            "function_evaluations": state.function_evaluations,
            "jacobian_evaluations": state.jacobian_evaluations,
            "inner_iterations": state.inner_iterations,
        }

    def converged(
        self,
        problem: AbstractProblem,  # noqa: ARG002
        state: GaussNewtonState,
    ) -> Bool[Array, ""]:
        """Whether the last step started from a point that passed the test."""
        return state.converged

    def stalled(
        self,
        problem: AbstractProblem,  # noqa: ARG002
        state: GaussNewtonState,
    ) -> Bool[Array, ""]:
        """Whether several steps did not reduce the loss, although the test is not passed."""
        return state.idle >= MOST_IDLE

    def unknowns(
        self,
        problem: AbstractProblem,
        state: GaussNewtonState,
    ) -> PyTree:
        """The unknowns after the last step."""
        return room_of(problem).leave(state.unknowns)

    def _propose(
        self, function: ResidualFunction, vector: Float[Array, " n"], room: Room
    ) -> _Proposal:
        dense = self.linear_solver == "dense"
        if dense or (self.linear_solver == "auto" and vector.size <= DENSE_UNKNOWNS):
            return _propose_dense(function, vector, room)
        return _propose_iterative(function, vector, room, self.inner_tolerance, self.inner_steps)


def _propose_dense(function: ResidualFunction, vector: Float[Array, " n"], room: Room) -> _Proposal:
    linear = linearise(function, vector, room)
    step, offset = linear.step()
    for _ in range(PASSES if room.box is not None else 0):
        step = linear.step_without(linear.held | room.blocked(vector, step))
    return _Proposal(
        residuals=linear.residuals,
        metrics=linear.metrics,
        step=step,
        gradient=jnp.where(linear.held, 0, linear.gradient),
        optimality=Optimality(offset, linear.residuals, linear.prediction),
        # The columns of unknowns held on a bound do not count.
        lengths=jnp.where(linear.held, jnp.inf, linear.lengths),
        held=linear.held,
        iterations=jnp.asarray(0, "int32"),
        solved=jnp.asarray(True),
        linear=linear,
    )


def _propose_iterative(
    function: ResidualFunction,
    vector: Float[Array, " n"],
    room: Room,
    tolerance: float | Float[Array, ""],
    steps: int | Int[Array, ""],
) -> _Proposal:
    residuals, forward, metrics = jax.linearize(function, vector, has_aux=True)
    transpose = jax.linear_transpose(forward, vector)
    gradient = transpose(residuals)[0]
    curvature = jnp.sum(forward(gradient) ** 2)
    pace = gradient @ gradient / jnp.where(curvature > 0, curvature, 1)
    held = room.held(vector, gradient, pace)

    def solve(left: Bool[Array, " n"]) -> InnerSolution:
        onward = lambda tangent: forward(jnp.where(left, 0, tangent))  # noqa: E731
        backward = lambda cotangent: jnp.where(left, 0, transpose(cotangent)[0])  # noqa: E731
        return solve_normal_equations(onward, backward, residuals, tolerance=tolerance, steps=steps)

    inner = solve(held)
    offset = jnp.linalg.norm(inner.change)
    if room.box is not None:
        again = lambda _, inner: solve(held | room.blocked(vector, inner.step))  # noqa: E731
        inner = lax.fori_loop(0, PASSES, again, inner)
    return _Proposal(
        residuals=residuals,
        metrics=metrics,
        step=inner.step,
        gradient=jnp.where(held, 0, gradient),
        optimality=Optimality(offset, residuals, forward(vector)),
        lengths=jnp.ones_like(vector),
        held=held,
        iterations=inner.iterations,
        solved=inner.solved,
        linear=None,
    )


def _shorten(
    function: ResidualFunction,
    vector: Float[Array, " n"],
    proposal: _Proposal,
    loss: Float[Array, ""],
    room: Room,
    patient: Bool[Array, ""],
) -> StepLength:
    linear, step = proposal.linear, proposal.step

    def loss_at(length: Float[Array, ""]) -> tuple[Float[Array, ""], Bool[Array, ""]]:
        residuals, _ = function(room.move(vector, length * step, proposal.held))
        if linear is None or room.box is not None:
            return residuals @ residuals / 2, jnp.asarray(False)
        next_step = jnp.linalg.norm(linear.scale * linear.step_from(residuals))
        natural = next_step <= (1 - length / 4) * jnp.linalg.norm(linear.scale * step)
        return residuals @ residuals / 2, natural & patient

    optimality = proposal.optimality
    return backtrack(loss_at, loss, -(optimality.offset**2), optimality.rounding)
