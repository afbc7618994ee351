"""Tests that derivatives are those of the function: tangent-linear, adjoint and Taylor tests.

Variational assimilation, and every solver that differentiates a model, depends on these laws:

    ‖f(x + ε v) − f(x)‖ / ‖ε M v‖  →  1        M = ∂f/∂x at x, forward mode
    ⟨M v, w⟩  =  ⟨v, Mᵀ w⟩                      Mᵀ by reverse mode
    |J(x + ε v) − J(x) − ε ∇J·v|  ~  ε²

All tests run in float64. The direction v is random, in proportion to x.

Source: I. M. Navon, X. Zou, J. Derber and J. Sela, Mon. Wea. Rev. 120 (1992),
doi 10.1175/1520-0493(1992)120<1433:VDAWAA>2.0.CO;2.
"""

import functools
from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Float, PRNGKeyArray, PyTree

from ..claims._claim import claim, claimed
from ..claims._precision import cast, noise_like
from ._linearisation_results import Adjoint, TangentLinear, Taylor
from ._slopes import STEPS, Slope, slope_of

Function = Callable[[PyTree], PyTree]

ADJOINT = 1e-12
"""The allowed difference between the two inner products, as a fraction of their size."""

_DERIVATIVE = (
    "Look for a stop_gradient, a custom derivative, a cast to a shorter float, a branch that "
    "jumps, or a solve inside that is not differentiated exactly."
)


def check_tangent_linear(function: Function, point: PyTree, key: PRNGKeyArray) -> TangentLinear:
    """The function changes as its tangent-linear predicts, to first order in the change.

    Arguments:
        function: a function from a pytree to a pytree: a model, an observation operator.
        point: x, where the derivative is taken.
        key: the random key for v.

    Returns:
        the figures. Errors decrease linearly in ε, down to rounding.
    """
    return _tangent_linear(function, function, "the function", point, key)


def check_adjoint(function: Function, point: PyTree, key: PRNGKeyArray) -> Adjoint:
    """The adjoint is that of the tangent-linear, to a relative difference of 1e-12.

    Arguments:
        function: a function from a pytree to a pytree.
        point: x, where the derivative is taken.
        key: the random key for v and w.
    """
    return _adjoint(function, function, "the function", point, key)


def check_taylor(function: Function, point: PyTree, key: PRNGKeyArray) -> Taylor:
    """The remainder of a first-order expansion decreases as the square of the change.

    Arguments:
        function: J, a function from a pytree to a number; for a function to a pytree, J is half the
            squared norm of its result.
        point: x, where the derivative is taken.
        key: the random key for v.

    Returns:
        the figures. The slope lies between 1.9 and 2.1, or above if the second derivative along v
        vanishes.
    """
    return _taylor(function, function, "the function", point, key)


def linearisation_checks(
    component: Any, what: str, function: Function, point: PyTree, key: PRNGKeyArray
) -> dict[str, Callable[[], Any]]:
    """The three checks of a part of a component, by name; each is called without arguments.

    Arguments:
        component: the component that has to obey the laws.
        what: the part, in words.
        function: the part, a function from a pytree to a pytree.
        point: where the derivatives are taken.
        key: the random key for all directions.
    """
    given = (function, component, what, point, key)
    return {
        "tangent-linear": functools.partial(_tangent_linear, *given),
        "adjoint": functools.partial(_adjoint, *given),
        "taylor": functools.partial(_taylor, *given),
    }


def _tangent_linear(
    function: Function, component: Any, what: str, point: PyTree, key: PRNGKeyArray
) -> TangentLinear:
    with jax.enable_x64(True):
        law = f"{what} changes by its tangent-linear, up to the square of the change"
        with claimed(component, law, "It must be differentiable in forward mode, by jax.jvp."):
            x, flat = _flat(function, point)
            v = _direction(x, key)
            changes, tangent = map(np.asarray, _changes(flat, x, v, jnp.asarray(STEPS.all)))
        _finite(component, law, changes, tangent)
        size = float(np.linalg.norm(tangent))
        scaled = STEPS.all[:, None] * tangent
        remainders = np.linalg.norm(changes - scaled, axis=1)
        found = slope_of(remainders, size)
        _claim_slope(component, law, found)
        shown, expected = slice(STEPS.fitted), STEPS.all * (size or 1.0)
        return TangentLinear(
            steps=STEPS.all[shown],
            ratios=(np.linalg.norm(changes, axis=1) / expected)[shown],
            errors=(remainders / expected)[shown],
            slope=found.slope - 1,
        )


def _adjoint(
    function: Function, component: Any, what: str, point: PyTree, key: PRNGKeyArray
) -> Adjoint:
    with jax.enable_x64(True):
        law = f"the adjoint of {what} is that of its tangent-linear, ⟨M v, w⟩ = ⟨v, Mᵀ w⟩"
        remedy = "It must be differentiable in both modes, by jax.jvp and jax.vjp."
        v_key, w_key = jr.split(key)
        with claimed(component, law, remedy):
            x, flat = _flat(function, point)
            v = _direction(x, v_key)
            tangent, w, reverse = map(np.asarray, _products(flat, x, v, w_key))
        _finite(component, law, tangent, reverse)
        one, other = float(tangent @ w), float(np.asarray(v) @ reverse)
        size = max(abs(one), abs(other))
        difference = abs(one - other) / size if size else 0.0
        claim(
            difference <= ADJOINT,
            component,
            law,
            f"{one:.15g} and {other:.15g}, apart by {difference:.1e} of their size",
            f"It may be {ADJOINT:g}. {_DERIVATIVE}",
        )
        return Adjoint(one, other, difference)


def _taylor(
    function: Function, component: Any, what: str, point: PyTree, key: PRNGKeyArray
) -> Taylor:
    with jax.enable_x64(True):
        law = f"what the gradient of {what} leaves of a change falls as the change's square"
        with claimed(component, law, "It must be differentiable in reverse mode, by jax.grad."):
            x, flat = _flat(function, point)
            v = _direction(x, key)
            changes, slope = map(np.asarray, _drops(flat, x, v, jnp.asarray(STEPS.all)))
        _finite(component, law, changes, slope)
        remainders = np.abs(changes - STEPS.all * slope)
        found = slope_of(remainders, abs(float(slope)))
        _claim_slope(component, law, found)
        shown = slice(STEPS.fitted)
        return Taylor(STEPS.all[shown], remainders[shown], found.slope)


def _flat(function: Function, point: PyTree) -> tuple[Float[Array, " n"], Callable]:
    """The floats of a point as one vector, and the function of that vector to another."""
    floats, rest = eqx.partition(cast(jax.tree.map(_as_array, point), 64), eqx.is_inexact_array)
    x, unravel = ravel_pytree(floats)

    def flat(x: Float[Array, " n"]) -> Float[Array, " m"]:
        found = function(eqx.combine(unravel(x), rest))
        return ravel_pytree(eqx.filter(found, eqx.is_inexact_array))[0]

    return x, flat


def _as_array(leaf: Any) -> Any:
    return jnp.asarray(leaf) if isinstance(leaf, float | np.ndarray | np.generic) else leaf


def _direction(x: Float[Array, " n"], key: PRNGKeyArray) -> Float[Array, " n"]:
    """A random direction in proportion to x, so that small numbers move only slightly."""
    return noise_like(x, key) * jnp.where(x == 0, 1, jnp.abs(x))


@eqx.filter_jit
def _changes(flat: Callable, x: Array, v: Array, steps: Array) -> tuple[Array, Array]:
    """f(x + ε v) − f(x) for every ε, and M v."""
    # The same program at all points, so that rounding is the same.
    values = jax.lax.map(lambda step: flat(x + step * v), jnp.append(steps, 0))
    return values[:-1] - values[-1:], jax.jvp(flat, (x,), (v,))[1]


@eqx.filter_jit
def _products(flat: Callable, x: Array, v: Array, key: PRNGKeyArray) -> tuple[Array, Array, Array]:
    """M v, a direction w, and Mᵀ w."""
    _, tangent = jax.jvp(flat, (x,), (v,))
    noise = jr.normal(key, tangent.shape, tangent.dtype)
    # Random, but not orthogonal to M v: the products would vanish and have no relative difference.
    size = jnp.linalg.norm(tangent)
    w = noise + tangent * jnp.where(size > 0, jnp.linalg.norm(noise) / size, 0)
    return tangent, w, jax.vjp(flat, x)[1](w)[0]


@eqx.filter_jit
def _drops(flat: Callable, x: Array, v: Array, steps: Array) -> tuple[Array, Array]:
    """J(x + ε v) − J(x) for every ε, and ∇J·v."""

    def cost(x: Array) -> Array:
        values = flat(x)
        return values[0] if values.shape == (1,) else jnp.sum(values**2) / 2

    values = jax.lax.map(lambda step: cost(x + step * v), jnp.append(steps, 0))
    return values[:-1] - values[-1], jax.grad(cost)(x) @ v


def _finite(component: Any, law: str, *values: np.ndarray) -> None:
    claim(
        all(np.isfinite(value).all() for value in values),
        component,
        law,
        "numbers that are not finite",
        "Choose a point at which the function and its derivative are finite.",
    )


def _claim_slope(component: Any, law: str, found: Slope) -> None:
    if found.holds(2):
        return
    first, last = (f"{found.remainders[i]:.1e} at ε = {found.steps[i]:.0e}" for i in (0, -1))
    came = f"remainders that fall as ε to the {found.slope:.2f}, from {first} to {last}"
    claim(False, component, law, came, _DERIVATIVE)
