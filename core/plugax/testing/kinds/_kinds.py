"""The laws of the kinds of problem that are defined in the core."""

from ..others._data import check_batches
from ..others._module import check_pytree_round_trip, check_static_fields
from ..problems._numbers import (
    check_loss_gradient,
    check_loss_jit_equals_eager,
    check_loss_vmap_equals_loop,
    check_reference,
)
from ..problems._runs import (
    check_figures,
    check_problem_traces_once,
    check_recipes,
    check_saves_and_loads,
)
from ..problems._types import (
    check_evaluate,
    check_init,
    check_loss,
    check_loss_precision,
    check_strict_promotion,
)
from ._laws import Laws
from ._references import Fenced, Gaussian, Line, Rosenbrock, RunningMean, Valley
from ._refinements import (
    check_log_density,
    check_residuals,
    check_residuals_affine,
    check_state,
)
from ._solved import begins_with_the_loss, claim_it_falls, claim_it_falls_on_average

PROBLEM = Laws(
    reference=Valley,
    checks=(
        check_pytree_round_trip,
        check_static_fields,
        check_init,
        check_loss,
        check_loss_precision,
        check_strict_promotion,
        check_evaluate,
        check_loss_jit_equals_eager,
        check_loss_vmap_equals_loop,
        check_loss_gradient,
        check_reference,
        check_batches,
        check_problem_traces_once,
        check_saves_and_loads,
        check_figures,
        check_recipes,
    ),
    solves=claim_it_falls,
    begins=begins_with_the_loss,
)
LEAST_SQUARES = Laws(reference=Rosenbrock, checks=(check_residuals,))
LINEAR_LEAST_SQUARES = Laws(reference=Line, checks=(check_residuals_affine,))
# A sampler never comes to rest.
LOG_DENSITY = Laws(
    reference=Gaussian, checks=(check_log_density,), solves=claim_it_falls_on_average
)
STATEFUL = Laws(reference=RunningMean, checks=(check_state,))
CONSTRAINED = Laws(reference=Fenced)
