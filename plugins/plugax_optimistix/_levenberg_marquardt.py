"""Levenberg–Marquardt: Gauss–Newton steps kept within a region where the linear model holds.

    Δ = argmin ‖r + J Δ‖ with ‖D Δ‖ ≤ ϱ,    u ← u + Δ.

Steering the radius rather than the damping (Levenberg's and Marquardt's λ, which follows from ϱ)
lets full Gauss–Newton steps through wherever they are good, so convergence is as fast as theirs
even where J is ill-conditioned.

The step is our own, on the triangular form of the linearised problem, rather than optimistix's:
that one carries the Jacobian as a traced program in its state, which can be neither saved nor
compared between two compilations, and it linearises again where a step is refused.
"""

from jaxtyping import Array, Float, PRNGKeyArray, PyTree

from plugax import AbstractProblem

from ._bounded_least_squares import AbstractTrustRegion, RegionState
from ._trust_region import BoundedStep, bounded_step
from ._vector import Metrics


class LevenbergMarquardt(AbstractTrustRegion):
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

    def bounded_step(
        self,
        factor: Float[Array, "n n"],
        projection: Float[Array, " n"],
        weights: Float[Array, " n"],
        radius: Float[Array, ""],
        damping: Float[Array, ""],
    ) -> BoundedStep:
        """The damped step."""
        return bounded_step(factor, projection, weights, radius, damping)

    def step(
        self, problem: AbstractProblem, state: RegionState, batch: PyTree, key: PRNGKeyArray
    ) -> tuple[RegionState, Metrics]:
        """One linearisation, and damped steps from it until one is good."""
        state, metrics = super().step(problem, state, batch, key)
        return state, {**metrics, "damping": state.damping}
