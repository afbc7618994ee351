"""Levenberg–Marquardt: Gauss–Newton steps within a region where the linear model holds.

    Δ = argmin ‖r + J Δ‖ with ‖D Δ‖ ≤ ϱ,    u ← u + Δ.

The method controls the radius rather than the damping (Levenberg's and Marquardt's λ, which follows
from ϱ). So full Gauss–Newton steps are taken wherever they are good, and convergence is as fast as
theirs, even if J is ill-conditioned.

The step is written here, for the triangular form of the linearised problem, which the convergence
test needs as well; optimistix's linearises again after a refused step.
"""

from typing import ClassVar

from jaxtyping import PRNGKeyArray, PyTree

from plugax import AbstractProblem

from ._bounded_least_squares import AbstractTrustRegion, Method, RegionState
from ._trust_region import bounded_step
from ._vector import Metrics


class LevenbergMarquardt(AbstractTrustRegion):
    """Nonlinear least squares by bounded Gauss–Newton steps, robust from poor starting points.

    The Jacobian is dense: made for up to a few thousand unknowns.

    Converged means: at the point where the last step started, the projection P r of the residuals
    onto the range of the Jacobian J was at most `atol + rtol (‖r‖ + ‖J u‖)`; or it was too small to
    change the loss beyond rounding, and the loss no longer decreased; or, after three steps in
    which the loss decreased by rounding at most, the Hessian confirmed a minimum, and the last step
    is Newton's. The radius plays no part in the test, so short steps cannot pass it. The answer is
    the point after that last step. Unknowns held on a bound (`plugax.bounded`) have no part in J.

    Arguments:
        rtol: converged if the residuals r, projected onto the range of the Jacobian J, are at most
            this part of ‖r‖ + ‖J u‖; at least ten units of rounding.
        atol: added to the bound on the projected residuals [the unit of the residuals].
        radius: ϱ of the first step, relative to ‖D u‖ (to ‖r‖ if u = 0).

    Metrics: `loss`, the problem's own metrics, `relative_offset` (to be compared with `rtol`),
    `step_norm` (‖Δ‖; 0 if every step was refused), `damping` (λ of the step; 0 for a full one),
    `radius` (ϱ after the step, in the unit of the residuals), and as running totals:
    `function_evaluations`, `jacobian_evaluations`.

    Source: Levenberg 1944, doi 10.1090/qam/10666; Marquardt 1963, doi 10.1137/0111030; Moré 1978,
    doi 10.1007/BFb0067700.
    """

    method: ClassVar[Method] = staticmethod(bounded_step)

    def step(
        self, problem: AbstractProblem, state: RegionState, batch: PyTree, key: PRNGKeyArray
    ) -> tuple[RegionState, Metrics]:
        """One linearisation, and damped steps from it until one is good."""
        state, metrics = super().step(problem, state, batch, key)
        return state, {**metrics, "damping": state.damping}
