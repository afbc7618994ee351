"""The conformance kit: what a component must hold to so that all others work with it."""

from ._data import check_batches as check_batches
from ._forecasts import check_state_space_gradient as check_state_space_gradient
from ._forecasts import check_state_space_loss as check_state_space_loss
from ._forecasts import check_state_space_missing as check_state_space_missing
from ._forecasts import check_state_space_precision as check_state_space_precision
from ._forecasts import check_state_space_trajectory as check_state_space_trajectory
from ._gaps import check_solver_gaps as check_solver_gaps
from ._integrator import check_integrator_accuracy as check_integrator_accuracy
from ._integrator import check_integrator_callbacks as check_integrator_callbacks
from ._integrator import check_integrator_composition as check_integrator_composition
from ._integrator import check_integrator_every as check_integrator_every
from ._integrator import check_integrator_gradient as check_integrator_gradient
from ._integrator import check_integrator_precision as check_integrator_precision
from ._integrator import check_integrator_vmap_equals_loop as check_integrator_vmap_equals_loop
from ._laws import Laws as Laws
from ._linearisation import check_adjoint as check_adjoint
from ._linearisation import check_tangent_linear as check_tangent_linear
from ._linearisation import check_taylor as check_taylor
from ._module import check_pytree_round_trip as check_pytree_round_trip
from ._module import check_static_fields as check_static_fields
from ._observer import check_observer_survives as check_observer_survives
from ._optimizer import check_optimizer_descends as check_optimizer_descends
from ._optimizer import check_optimizer_dtypes as check_optimizer_dtypes
from ._optimizer import check_optimizer_hyperparameters as check_optimizer_hyperparameters
from ._optimizer import check_optimizer_traces_once as check_optimizer_traces_once
from ._parametrize import BoundCheck as BoundCheck
from ._parametrize import collect_checks as collect_checks
from ._parametrize import parametrize_checks as parametrize_checks
from ._problem_numbers import check_loss_gradient as check_loss_gradient
from ._problem_numbers import check_loss_jit_equals_eager as check_loss_jit_equals_eager
from ._problem_numbers import check_loss_vmap_equals_loop as check_loss_vmap_equals_loop
from ._problem_numbers import check_reference as check_reference
from ._problem_runs import check_figures as check_figures
from ._problem_runs import check_problem_traces_once as check_problem_traces_once
from ._problem_runs import check_recipes as check_recipes
from ._problem_runs import check_saves_and_loads as check_saves_and_loads
from ._problem_types import check_evaluate as check_evaluate
from ._problem_types import check_init as check_init
from ._problem_types import check_loss as check_loss
from ._problem_types import check_loss_precision as check_loss_precision
from ._problem_types import check_strict_promotion as check_strict_promotion
from ._refinements import check_log_density as check_log_density
from ._refinements import check_residuals as check_residuals
from ._refinements import check_residuals_affine as check_residuals_affine
from ._solver import check_solver_hyperparameters as check_solver_hyperparameters
from ._solver import check_solver_solves as check_solver_solves
from ._solver import check_solver_state as check_solver_state
from ._solver_runs import check_solver_chunks as check_solver_chunks
from ._solver_runs import check_solver_history as check_solver_history
from ._solver_runs import check_solver_resumes as check_solver_resumes
from ._solver_runs import check_solver_seeds as check_solver_seeds
from ._solver_runs import check_solver_traces_once as check_solver_traces_once
from ._state_space_linearisation import (
    check_state_space_linearisation as check_state_space_linearisation,
)
from ._stiff import check_integrator_stiff_gradient as check_integrator_stiff_gradient
from ._stochastic_integrator import check_stochastic_callbacks as check_stochastic_callbacks
from ._stochastic_integrator import check_stochastic_drift as check_stochastic_drift
from ._stochastic_integrator import check_stochastic_every as check_stochastic_every
from ._stochastic_integrator import check_stochastic_gradient as check_stochastic_gradient
from ._stochastic_integrator import check_stochastic_key as check_stochastic_key
from ._stochastic_integrator import check_stochastic_noise as check_stochastic_noise
from ._stochastic_integrator import check_stochastic_precision as check_stochastic_precision
from ._stochastic_integrator import (
    check_stochastic_vmap_equals_loop as check_stochastic_vmap_equals_loop,
)
from ._tracks import check_solver_truth as check_solver_truth
