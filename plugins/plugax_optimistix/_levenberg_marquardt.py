"""Levenberg–Marquardt: Gauss–Newton steps kept within a region where the linear model holds.

    Δ = argmin ‖r + J Δ‖ with ‖D Δ‖ ≤ ϱ,    u ← u + Δ.

Steering the radius rather than the damping (Levenberg's and Marquardt's λ, which follows from ϱ)
lets full Gauss–Newton steps through wherever they are good, so convergence is as fast as theirs
even where J is ill-conditioned.

The step is our own, on the triangular form of the linearised problem, rather than optimistix's:
that one carries the Jacobian as a traced program in its state, which can be neither saved nor
compared between two compilations, and it linearises again where a step is refused.
"""

from typing import ClassVar

from jaxtyping import Array, Bool, PRNGKeyArray, PyTree

from plugax import AbstractLeastSquares, AbstractProblem, AbstractSolver

from ._bounded_least_squares import RegionState, initial_state, take_step
from ._box import room_of
from ._optimality import MOST_IDLE
from ._trust_region import bounded_step
from ._vector import Metrics


class LevenbergMarquardt(AbstractSolver):
    """Nonlinear least squares by bounded Gauss–Newton steps, robust from poor starting points.

    The Jacobian is dense: made for up to a few thousand unknowns.

    Converged means: at the point the last step started from, the projection P r of the residuals
    onto the range of the Jacobian J was at most `atol + rtol (‖r‖ + ‖J u‖)`; or it was below what
    rounding lets the loss resolve and the loss no longer decreased; or, after three steps that did
    not decrease it but by rounding, the Hessian says that this is a minimum; the last step is then
    Newton's. The radius plays no part in the test, so short steps cannot pass it. The step has been
    taken on top of that. Unknowns on a bound (`plugax.bounded`) that the loss would have them cross
    have no part in J.

    Arguments:
        rtol: converged if the residuals r, projected onto the range of the Jacobian J, are at most
            this part of ‖r‖ + ‖J u‖; ten units of rounding at least.
        atol: added to that bound on the projected residuals [the unit of the residuals].
        radius: ϱ of the first step, relative to ‖D u‖ (to ‖r‖ where u = 0).

    Metrics: `loss`, the problem's own, `relative_offset` (what `rtol` is compared with),
    `step_norm` (‖Δ‖; 0 where every step was refused), `damping` (λ of the step; 0 for a full
    one), `radius` (ϱ after it, in the unit of the residuals), and so far: `function_evaluations`,
    `jacobian_evaluations`.

    Source: Levenberg 1944, doi 10.1090/qam/10666; Marquardt 1963, doi 10.1137/0111030; Moré 1978,
    doi 10.1007/BFb0067700.
    """

    requires: ClassVar[type[AbstractProblem]] = AbstractLeastSquares
    default_steps: ClassVar[int] = 1000

    rtol: float = 1e-8
    atol: float = 0.0
    radius: float = 100.0

    def init(
        self,
        problem: AbstractProblem,
        unknowns: PyTree,
        key: PRNGKeyArray,  # noqa: ARG002 - deterministic
    ) -> RegionState:
        """Nothing evaluated yet."""
        return initial_state(problem, unknowns, "levenberg-marquardt")

    def step(
        self,
        problem: AbstractProblem,
        state: RegionState,
        batch: PyTree,
        key: PRNGKeyArray,
    ) -> tuple[RegionState, Metrics]:
        """One linearisation, and damped steps from it until one is good."""
        state, metrics = take_step(
            problem,
            state,
            batch,
            key,
            bounded_step,
            rtol=self.rtol,
            atol=self.atol,
            radius=self.radius,
        )
        return state, {**metrics, "damping": state.damping}

    def converged(
        self,
        problem: AbstractProblem,  # noqa: ARG002
        state: RegionState,
    ) -> Bool[Array, ""]:
        """Whether the last step started from a point that passed the test."""
        return state.converged

    def stalled(
        self,
        problem: AbstractProblem,  # noqa: ARG002
        state: RegionState,
    ) -> Bool[Array, ""]:
        """Whether several steps gained nothing, though the test is not passed."""
        return state.idle >= MOST_IDLE

    def unknowns(
        self,
        problem: AbstractProblem,
        state: RegionState,
    ) -> PyTree:
        """The unknowns after the last step."""
        return room_of(problem).leave(state.unknowns)
