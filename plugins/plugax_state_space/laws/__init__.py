"""The laws of state-space problems and of their solvers, for the conformance kit."""

from ._derivatives import check_state_space_linearisation as check_state_space_linearisation
from ._forecasts import check_state_space_gradient as check_state_space_gradient
from ._forecasts import check_state_space_loss as check_state_space_loss
from ._forecasts import check_state_space_missing as check_state_space_missing
from ._forecasts import check_state_space_precision as check_state_space_precision
from ._forecasts import check_state_space_trajectory as check_state_space_trajectory
from ._gaps import check_solver_gaps as check_solver_gaps
from ._state_space_laws import STATE_SPACE as STATE_SPACE
from ._tracking import Tracking as Tracking
from ._tracks import check_solver_truth as check_solver_truth
