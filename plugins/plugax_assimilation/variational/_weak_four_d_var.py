"""Weak-constraint 4DVar, which also estimates the errors of the model."""

from collections.abc import Mapping
from typing import Any, ClassVar

from jaxtyping import Array, Float

from plugax_state_space import AbstractCovariance, AbstractStateSpace, Cycle

from .._rows import Row, forecast_row
from ._segments import scan_in_segments
from ._variational import AbstractVariational


class WeakFourDVar(AbstractVariational):
    """Cycled weak-constraint 4DVar, with the model's errors as controls.

        x_0 = x_b + B^½ v,  x_k = M_k(x_{k−1}) + Q^½ w_k
        J(v, w) = ½‖v‖² + ½ Σ_k ‖w_k‖² + ½ Σ_k ‖R_k^{-½} (y_k − H(x_k))‖²

    Q is the problem's `model_error`. For a window of K observation times the control has K + 1
    times as many numbers as the state.

    Laws: with linear M and H the state at the end of a window is that of the Kalman filter that
    starts the window with covariance B; with Q → 0 it tends to that of strong-constraint 4DVar.

    Source: Y. Trémolet, Q. J. R. Meteorol. Soc. 132 (2006), doi 10.1256/qj.05.224.
    """

    example: ClassVar[Mapping[str, Any]] = {
        "problem": {"name": "lorenz63-twin", "model_error_std": 0.1}
    }

    def unsuitable(self, problem: AbstractStateSpace) -> str | None:
        """Without a model error."""
        return super().unsuitable(problem) or _no_model_error(problem)

    def control_size(self, problem: AbstractStateSpace, background: AbstractCovariance) -> int:
        """The control size of B and, for every observation time, that of Q."""
        return background.control_size + self.window * _model_error(problem).control_size

    def window_states(
        self,
        problem: AbstractStateSpace,
        start: AbstractCovariance,
        background: Row,
        control: Float[Array, " control"],
        window: Cycle,
    ) -> Float[Array, "times state"]:
        """x_k = M_k(x_{k−1}) + Q^½ w_k from x_0 = x_b + B^½ v."""
        size = _model_error(problem).control_size

        def run(row: Row, here: tuple[Cycle, Array]) -> tuple[Row, Row]:
            cycle, white = here
            error: Any = problem.model_error_of(cycle)
            row = forecast_row(problem, row, cycle) + error.root(white)
            return row, row

        first = background + start.root(control[: start.control_size])
        white = control[start.control_size :].reshape(self.window, size)
        return scan_in_segments(run, first, (window, white), segments=self.checkpoints)


def _no_model_error(problem: AbstractStateSpace) -> str | None:
    if problem.model_error is not None:
        return None
    return (
        "estimates the errors of the model, but the problem has none. Give the problem a "
        "model_error, or use strong-constraint 4DVar."
    )


def _model_error(problem: AbstractStateSpace) -> AbstractCovariance:
    assert problem.model_error is not None  # `unsuitable` has checked this
    return problem.model_error
