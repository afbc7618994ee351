"""The checks that a component has to pass: those of all its classes."""

import typing
from collections.abc import Callable
from typing import Any

from ..data import AbstractData, AbstractStream
from ..integrators import (
    AbstractAnyIntegrator,
    AbstractIntegrator,
    AbstractStochasticIntegrator,
)
from ..observers import AbstractObserver
from ..optimizers import AbstractOptimizer
from ..problems import (
    AbstractProblem,
)
from ..solvers import AbstractSolver
from .integrators._ordinary import (
    check_integrator_accuracy,
    check_integrator_callbacks,
    check_integrator_composition,
    check_integrator_every,
    check_integrator_gradient,
    check_integrator_precision,
    check_integrator_vmap_equals_loop,
)
from .integrators._stiff import check_integrator_stiff_gradient
from .integrators._stochastic import (
    check_stochastic_callbacks,
    check_stochastic_drift,
    check_stochastic_every,
    check_stochastic_gradient,
    check_stochastic_key,
    check_stochastic_noise,
    check_stochastic_precision,
    check_stochastic_vmap_equals_loop,
)
from .kinds._laws import laws_of
from .others._data import check_batches
from .others._module import check_pytree_round_trip, check_static_fields
from .others._observer import check_observer_survives
from .others._optimizer import (
    check_optimizer_descends,
    check_optimizer_dtypes,
    check_optimizer_hyperparameters,
    check_optimizer_traces_once,
)
from .others._stream import check_stream_blocks, check_stream_epoch, check_stream_runs
from .solvers._non_finite import check_solver_goes_back, check_solver_skips
from .solvers._parts import check_solver_parts
from .solvers._populations import check_solver_devices, check_solver_race
from .solvers._runs import (
    check_solver_chunks,
    check_solver_history,
    check_solver_resumes,
    check_solver_seeds,
    check_solver_traces_once,
)
from .solvers._steps import check_solver_hyperparameters, check_solver_solves, check_solver_state

Check = Callable[..., None]

_MODULE = (check_pytree_round_trip, check_static_fields)
CHECKS: dict[str, dict[type, tuple[Check, ...]]] = {
    "problem": {AbstractProblem: ()},  # by the laws of its kinds
    "solver": {
        AbstractSolver: (
            *_MODULE,
            check_solver_state,
            check_solver_solves,
            check_solver_history,
            check_solver_chunks,
            check_solver_resumes,
            check_solver_seeds,
            check_solver_race,
            check_solver_skips,
            check_solver_goes_back,
            check_solver_devices,
            check_solver_hyperparameters,
            check_solver_traces_once,
            check_solver_parts,
        )
    },
    "optimizer": {
        AbstractOptimizer: (
            *_MODULE,
            check_optimizer_descends,
            check_optimizer_dtypes,
            check_optimizer_hyperparameters,
            check_optimizer_traces_once,
        )
    },
    "integrator": {
        AbstractAnyIntegrator: _MODULE,
        AbstractIntegrator: (
            check_integrator_accuracy,
            check_integrator_every,
            check_integrator_composition,
            check_integrator_gradient,
            check_integrator_stiff_gradient,
            check_integrator_precision,
            check_integrator_vmap_equals_loop,
            check_integrator_callbacks,
        ),
        AbstractStochasticIntegrator: (
            check_stochastic_drift,
            check_stochastic_noise,
            check_stochastic_key,
            check_stochastic_every,
            check_stochastic_gradient,
            check_stochastic_precision,
            check_stochastic_vmap_equals_loop,
            check_stochastic_callbacks,
        ),
    },
    "data": {
        AbstractData: (*_MODULE, check_batches),
        AbstractStream: (check_stream_blocks, check_stream_epoch, check_stream_runs),
    },
    "observer": {AbstractObserver: (check_observer_survives,)},
}


def interface_of(kind: str) -> type:
    """The abstract class of a kind of component: the first class in its checks."""
    return next(iter(CHECKS[kind]))


# The class that a factory without a return annotation is assumed to make.
_USUAL: dict[str, type] = {"integrator": AbstractIntegrator}


def checks_for(kind: str, component: Any) -> list[Check]:
    """The checks for a component, or for its class, in the order in which they are best read.

    Arguments:
        kind: one of `CHECKS`.
        component: an object or a class; for a factory, the checks are those of the class in its
            return annotation, or else only those of the kind.
    """
    made = component if isinstance(component, type) else type(component)
    if not issubclass(made, interface_of(kind)):
        made = _return_type(component)
    if made is None or not issubclass(made, interface_of(kind)):
        made = _USUAL.get(kind, interface_of(kind))
    held_to = [checks for of, checks in CHECKS[kind].items() if issubclass(made, of)]
    if issubclass(made, AbstractProblem):
        held_to += [laws.checks for laws in laws_of(made)]
    if issubclass(made, AbstractSolver):
        held_to += [laws.solver_checks for laws in laws_of(made.requires)]
    return [check for checks in held_to for check in checks]


def _return_type(factory: Any) -> type | None:
    """The class that a factory says it returns; None if it does not."""
    try:
        found = typing.get_type_hints(factory).get("return")
    except (TypeError, NameError, AttributeError):
        return None
    return found if isinstance(found, type) else None
