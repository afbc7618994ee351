"""Checks of every component that is an `eqx.Module`: problems, solvers, optimizers, integrators."""

import dataclasses
import functools
from collections.abc import Iterator
from typing import Any

import equinox as eqx
import jax
import numpy as np
from jaxtyping import PRNGKeyArray

from ...integrators import AbstractAnyIntegrator
from ...optimizers import AbstractOptimizer
from ...plugins import build, origin_of
from ...problems import AbstractProblem
from ...solvers import AbstractSolver
from ..claims._claim import claim, claimed
from ..claims._compare import difference, shapes
from ..claims._precision import make_in_precision

_INTERFACES = {
    "problem": AbstractProblem,
    "solver": AbstractSolver,
    "optimizer": AbstractOptimizer,
    "integrator": AbstractAnyIntegrator,
}

_STATIC_REMEDY = (
    "Make what is an array a field of its own (an array leaf), and what is static a tuple, a "
    "string, a number, or an object with __eq__ and __hash__; write functions at module level."
)


def check_pytree_round_trip(component: eqx.Module, key: PRNGKeyArray | None = None) -> None:
    """Flattened to a pytree and unflattened again, the component is unchanged.

    Arguments:
        component: a problem, solver, optimizer, integrator or data.
        key: not used.
    """
    del key
    leaves, structure = jax.tree.flatten(component)
    back = jax.tree.unflatten(structure, leaves)
    found = difference(component, back)
    law = "flattened to a pytree and back, it is the same"
    claim(found is None, component, law, found, "Are all its fields declared, each with a type?")
    kept = vars(back)
    lost = [
        name
        for name in vars(component)
        # The value of a cached property is computed again when needed.
        if name not in kept and not name.startswith("__") and not hasattr(type(component), name)
    ]
    claim(
        not lost,
        component,
        law,
        f"the attributes {lost} missing",
        "Declare every attribute as a field of the class: jit and vmap see only fields.",
    )


def check_static_fields(
    component: eqx.Module, key: PRNGKeyArray | None = None, again: eqx.Module | None = None
) -> None:
    """Static fields can be hashed, and are equal for two components made with the same options.

    So nothing is compiled twice.

    Arguments:
        component: a problem, solver, optimizer, integrator or data.
        key: not used.
        again: another component made in the same way; by default made by name, if `component` was.
    """
    del key
    again = make_again(component) if again is None else again
    arrays, rest = eqx.partition(component, _is_array)
    structure = jax.tree.structure(arrays)
    leaves = jax.tree.leaves(rest)
    for name, value in [*_static_fields(component), *(("a leaf", leaf) for leaf in leaves)]:
        law = f"what is static can be hashed, {name} too"
        with claimed(component, law, _STATIC_REMEDY):
            hash(value)
    if again is None:
        return
    arrays_again, rest_again = eqx.partition(again, _is_array)
    law = "made twice with the same options, it is the same to the compiler"
    claim(
        structure == jax.tree.structure(arrays_again) and leaves == jax.tree.leaves(rest_again),
        component,
        law,
        f"{structure} {leaves}, and then {jax.tree.structure(arrays_again)} "
        f"{jax.tree.leaves(rest_again)}",
        _STATIC_REMEDY,
    )
    found = difference(shapes(arrays), shapes(arrays_again))
    claim(found is None, component, law, found, "Shapes must depend on the options alone.")


def _static_fields(module: eqx.Module) -> Iterator[tuple[str, Any]]:
    """The static fields of a module and of all modules in it, by name."""
    for field in dataclasses.fields(module):
        if field.metadata.get("static"):
            yield f"{type(module).__name__}.{field.name}", getattr(module, field.name)
    inner = jax.tree.leaves(module, is_leaf=lambda x: x is not module and isinstance(x, eqx.Module))
    for part in inner:
        if isinstance(part, eqx.Module):
            yield from _static_fields(part)


def make_again(component: Any) -> Any:
    """Another component with the same name and options; None if it has no name."""
    origin = origin_of(component)
    for kind, interface in _INTERFACES.items():
        if origin is not None and isinstance(component, interface):
            make = functools.partial(build, kind, origin, {})
            return make_in_precision(make, getattr(component, "precision", None))
    return None


def _is_array(leaf: Any) -> bool:
    return isinstance(leaf, jax.Array | np.ndarray | np.generic)
