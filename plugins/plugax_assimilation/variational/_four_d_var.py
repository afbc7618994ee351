"""Strong-constraint 4DVar."""

from jaxtyping import Array, Float

from plugax_state_space import AbstractCovariance, AbstractStateSpace, Cycle

from .._rows import Row, forecast_row
from ._incremental import States
from ._segments import scan_in_segments
from ._variational import AbstractVariational


class FourDVar(AbstractVariational):
    """Cycled strong-constraint 4DVar, incremental.

        x_0 = x_b + B^½ v,  x_k = M_k(x_{k−1})
        J(v) = ½‖v‖² + ½ Σ_k ‖R_k^{-½} (y_k − H(x_k))‖²

    x_0 is the state at the start of a window, one observation interval before its first
    observations. The background errors do not change from window to window.

    Law: with linear M and H the state at the end of a window is that of the Kalman filter that
    starts the window with covariance B.

    Source: F.-X. Le Dimet and O. Talagrand, Tellus A 38 (1986), doi 10.3402/tellusa.v38i2.11706;
    P. Courtier, J.-N. Thépaut and A. Hollingsworth, Q. J. R. Meteorol. Soc. 120 (1994),
    doi 10.1002/qj.49712051912, for the incremental form.
    """

    def control_size(self, problem: AbstractStateSpace, background: AbstractCovariance) -> int:  # noqa: ARG002
        """That of B^½."""
        return background.control_size

    def window_states(
        self,
        problem: AbstractStateSpace,
        start: AbstractCovariance,
        background: Row,
        control: Float[Array, " control"],
        window: Cycle,
    ) -> Float[Array, "times state"]:
        """x_k = M_k(x_{k−1}) from x_0 = x_b + B^½ v."""
        first = background + start.root(control)
        return trajectory_in_segments(problem, first, window, segments=self.checkpoints)


def trajectory_in_segments(
    problem: AbstractStateSpace, first: Row, window: Cycle, *, segments: int | None
) -> States:
    """The trajectory of the model from the start of a window, at its observation times.

    Arguments:
        problem: the problem.
        first: x_0, at the start of the window.
        window: the cycles of the window.
        segments: in how many segments it is linearised; None stores everything.
    """

    def run(row: Row, cycle: Cycle) -> tuple[Row, Row]:
        row = forecast_row(problem, row, cycle)
        return row, row

    return scan_in_segments(run, first, window, segments=segments)
