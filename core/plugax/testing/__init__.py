"""The conformance kit: the laws that a component must obey so that all others work with it."""

from ._parametrize import BoundCheck as BoundCheck
from ._parametrize import collect_checks as collect_checks
from ._parametrize import parametrize_checks as parametrize_checks
from .integrators._ordinary import check_integrator_accuracy as check_integrator_accuracy
from .integrators._ordinary import check_integrator_callbacks as check_integrator_callbacks
from .integrators._ordinary import check_integrator_composition as check_integrator_composition
from .integrators._ordinary import check_integrator_every as check_integrator_every
from .integrators._ordinary import check_integrator_gradient as check_integrator_gradient
from .integrators._ordinary import check_integrator_precision as check_integrator_precision
from .integrators._ordinary import (
    check_integrator_vmap_equals_loop as check_integrator_vmap_equals_loop,
)
from .integrators._stiff import check_integrator_stiff_gradient as check_integrator_stiff_gradient
from .integrators._stochastic import check_stochastic_callbacks as check_stochastic_callbacks
from .integrators._stochastic import check_stochastic_drift as check_stochastic_drift
from .integrators._stochastic import check_stochastic_every as check_stochastic_every
from .integrators._stochastic import check_stochastic_gradient as check_stochastic_gradient
from .integrators._stochastic import check_stochastic_key as check_stochastic_key
from .integrators._stochastic import check_stochastic_noise as check_stochastic_noise
from .integrators._stochastic import check_stochastic_precision as check_stochastic_precision
from .integrators._stochastic import (
    check_stochastic_vmap_equals_loop as check_stochastic_vmap_equals_loop,
)
from .kinds._laws import Laws as Laws
from .kinds._refinements import check_log_density as check_log_density
from .kinds._refinements import check_residuals as check_residuals
from .kinds._refinements import check_residuals_affine as check_residuals_affine
from .kinds._refinements import check_state as check_state
from .others._data import check_batches as check_batches
from .others._module import check_pytree_round_trip as check_pytree_round_trip
from .others._module import check_static_fields as check_static_fields
from .others._observer import check_observer_survives as check_observer_survives
from .others._optimizer import check_optimizer_descends as check_optimizer_descends
from .others._optimizer import check_optimizer_dtypes as check_optimizer_dtypes
from .others._optimizer import check_optimizer_hyperparameters as check_optimizer_hyperparameters
from .others._optimizer import check_optimizer_traces_once as check_optimizer_traces_once
from .others._stream import check_stream_blocks as check_stream_blocks
from .others._stream import check_stream_epoch as check_stream_epoch
from .others._stream import check_stream_runs as check_stream_runs
from .problems._linearisation import check_adjoint as check_adjoint
from .problems._linearisation import check_tangent_linear as check_tangent_linear
from .problems._linearisation import check_taylor as check_taylor
from .problems._numbers import check_loss_gradient as check_loss_gradient
from .problems._numbers import check_loss_jit_equals_eager as check_loss_jit_equals_eager
from .problems._numbers import check_loss_vmap_equals_loop as check_loss_vmap_equals_loop
from .problems._numbers import check_reference as check_reference
from .problems._runs import check_figures as check_figures
from .problems._runs import check_problem_traces_once as check_problem_traces_once
from .problems._runs import check_recipes as check_recipes
from .problems._runs import check_saves_and_loads as check_saves_and_loads
from .problems._types import check_evaluate as check_evaluate
from .problems._types import check_init as check_init
from .problems._types import check_loss as check_loss
from .problems._types import check_loss_precision as check_loss_precision
from .problems._types import check_strict_promotion as check_strict_promotion
from .solvers._non_finite import check_solver_goes_back as check_solver_goes_back
from .solvers._non_finite import check_solver_skips as check_solver_skips
from .solvers._parts import check_solver_parts as check_solver_parts
from .solvers._populations import check_solver_devices as check_solver_devices
from .solvers._populations import check_solver_race as check_solver_race
from .solvers._runs import check_solver_chunks as check_solver_chunks
from .solvers._runs import check_solver_history as check_solver_history
from .solvers._runs import check_solver_resumes as check_solver_resumes
from .solvers._runs import check_solver_seeds as check_solver_seeds
from .solvers._runs import check_solver_traces_once as check_solver_traces_once
from .solvers._steps import check_solver_hyperparameters as check_solver_hyperparameters
from .solvers._steps import check_solver_solves as check_solver_solves
from .solvers._steps import check_solver_state as check_solver_state
