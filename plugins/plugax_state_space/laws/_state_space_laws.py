"""The laws of state-space problems, and of the solvers for them."""

from plugax.testing import Laws

from ._derivatives import state_space_checks
from ._forecasts import (
    check_state_space_gradient,
    check_state_space_loss,
    check_state_space_missing,
    check_state_space_precision,
    check_state_space_trajectory,
)
from ._gaps import check_solver_gaps
from ._tracking import Tracking
from ._tracks import check_solver_truth, claim_times, claim_tracks

STATE_SPACE = Laws(
    reference=Tracking,
    checks=(
        check_state_space_loss,
        check_state_space_missing,
        check_state_space_gradient,
        check_state_space_precision,
        check_state_space_trajectory,
    ),
    solver_checks=(check_solver_truth, check_solver_gaps),
    details=state_space_checks,
    solves=claim_tracks,
    begins=claim_times,
)
