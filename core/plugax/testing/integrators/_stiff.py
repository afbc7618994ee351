"""A check of an integrator's gradient for stiff equations, for which steps are rejected.

Robertson's reactions of a, b and c, or van der Pol's oscillator of a and b (v = 1):

    da/dt = −k₁ a + k₂ b c + v b
    db/dt =  k₁ a − k₂ b c − k₃ b² + v (μ (1 − a²) b − a)
    dc/dt =  k₃ b²

Both are one equation, so that one program solves both, and a member that is not stiff as well.
"""

from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, PRNGKeyArray, PyTree

from ...integrators import AbstractIntegrator
from ..claims._claim import claim, claimed
from ..claims._compare import ROUNDING, difference
from ..claims._differences import check_slope
from ..claims._precision import cast
from ._ordinary import slack

_STEPS = 4
# The solutions stay below 3; the states of an unstable explicit scheme soon do not.
_BOUND = 10.0


class Reactions(eqx.Module):
    """The equation above.

    Arguments:
        rates: k₁, k₂, k₃ and μ.
        oscillates: v, 0 or 1; a whole number, since it is not a parameter.
    """

    rates: Float[Array, "*members 4"]
    oscillates: Int[Array, "*members"]

    def __call__(self, t: Any, y: Float[Array, " 3"]) -> Float[Array, " 3"]:  # noqa: ARG002
        """The tendencies at any time."""
        (k1, k2, k3, mu), v = self.rates, self.oscillates.astype(y.dtype)
        a, b, c = y
        first, second, third = k1 * a, k2 * b * c, k3 * b * b
        force = mu * (1 - a * a) * b - a
        return jnp.stack([second - first + v * b, first - second - third + v * force, third])


class _Case(NamedTuple):
    """Robertson's reactions, van der Pol's oscillator and reactions that are all slow."""

    name: str
    rates: tuple[tuple[float, ...], ...]
    dt: float


_SLOW = (0.04, 1.0, 3.0, 1.0)
_AFFORDABLE = ((0.04, 1e2, 3e5, 1.0), (1e-3, 1e-3, 1e-3, 100.0), _SLOW)
# From hard to easy: for implicit schemes, for explicit ones that choose their steps, for all.
_CASES = (
    _Case("stiff", ((0.04, 1e4, 3e7, 1.0), (1e-3, 1e-3, 1e-3, 1e3), _SLOW), 25.0),
    _Case("moderately stiff", _AFFORDABLE, 0.1),
    _Case("moderately stiff", _AFFORDABLE, 1e-6),
)
# The fast variables start so far from equilibrium that an adaptive scheme's first step overflows.
_STARTS = ((1.0, 1.0, 1e-3), (2.0, 0.5, 1.0), (1.0, 0.1, 0.1))
_OSCILLATE = (0, 1, 0)


def _point(case: _Case) -> PyTree:
    rates, starts = (jnp.asarray(numbers, jnp.float64) for numbers in (case.rates, _STARTS))
    return Reactions(rates, jnp.asarray(_OSCILLATE)), starts, jnp.asarray(case.dt, jnp.float64)


def _number(point: PyTree, integrator: AbstractIntegrator) -> tuple[Array, Array]:
    """One number from the state after four time steps, and the size of that state."""
    field, y0, dt = point
    states = integrator.trajectory(field, y0, dt=dt, steps=_STEPS, every=_STEPS)
    weights = jnp.cos(jnp.arange(states.size).astype(states.dtype))
    return jnp.vdot(weights.reshape(states.shape), states), jnp.max(jnp.abs(states))


@eqx.filter_jit
def _together(point: PyTree, integrator: AbstractIntegrator) -> tuple[Array, PyTree, Array, Array]:
    """The members' sum, its gradient, its slope by forward mode along the point, and the sizes."""
    moving, rest = eqx.partition(point, eqx.is_inexact_array)

    def total(moving: PyTree) -> tuple[Array, Array]:
        fields, starts, dt = eqx.combine(moving, rest)
        numbers, sizes = jax.vmap(lambda field, y0: _number((field, y0, dt), integrator))(
            fields, starts
        )
        return jnp.sum(numbers), sizes

    value, linear, sizes = jax.linearize(total, moving, has_aux=True)
    (gradient,) = jax.linear_transpose(linear, moving)(jnp.ones_like(value))
    return value, gradient, linear(moving), sizes


def check_integrator_stiff_gradient(integrator: AbstractIntegrator, key: PRNGKeyArray) -> None:
    """Reverse mode equals forward mode and finite differences on stiff equations.

    For Robertson's reactions and van der Pol's oscillator together with an equation that is not
    stiff, in one `vmap`, and each together with copies of itself: as stiff as the integrator can
    solve in four time steps. Rejected steps overflow there, and must not affect the gradient. A map
    solves no equation, and is not checked.

    Arguments:
        integrator: the integrator.
        key: the random key for the direction.
    """
    if getattr(integrator, "discrete", False):
        return
    with jax.enable_x64(True):
        ready = cast(integrator, 64)
        law = "a trajectory of a stiff equation can be differentiated in both modes"
        with claimed(integrator, law, "Use loops that reverse mode can go back through."):
            case, (_, gradient, slope, _) = _suitable(integrator, ready)
        point = _point(case)
        moving, rest = eqx.partition(point, eqx.is_inexact_array)
        what = f"trajectories of {case.name} equations and of one that is not, side by side,"
        parts = [
            jnp.vdot(g, x)
            for g, x in zip(jax.tree.leaves(gradient), jax.tree.leaves(moving), strict=True)
        ]
        size = jnp.sqrt(sum(part**2 for part in parts))
        reverse = sum(parts)
        claim(
            bool(jnp.abs(reverse - slope) <= ROUNDING * jnp.maximum(size, jnp.abs(slope))),
            integrator,
            f"reverse mode equals forward mode, for {what} in time steps of {case.dt:g}",
            f"the slope {reverse:.8g} in reverse mode, {slope:.8g} in forward mode",
            "The results of steps that are rejected or not selected may be infinite: in reverse "
            "mode their cotangent is zero, and zero times infinity is NaN. Choose the inputs of "
            "such a computation with jnp.where, not only its results.",
        )
        more = 0.0 if slack(ready) == ROUNDING else slack(ready)

        def at(moving: PyTree) -> Any:
            return _together(eqx.combine(moving, rest), ready)[:2]

        check_slope(integrator, at, moving, key, what=what, slack=more)
        law = f"the gradient of a member of a vmap does not depend on the others, for {what}"
        members = (gradient[0].rates, gradient[1])
        for i in range(len(_STARTS)):
            # With copies of itself, by the same program, which takes long to compile.
            alike = jax.tree.map(lambda leaf, i=i: jnp.stack([leaf[i]] * len(_STARTS)), point[:2])
            _, (by_field, by_start, _), _, _ = _together((*alike, point[2]), ready)
            alone, member = jax.tree.map(
                lambda leaf, i=i: leaf[i], ((by_field.rates, by_start), members)
            )
            found = difference(alone, member, tolerance=slack(ready))
            claim(found is None, integrator, law, found, "Does one member's step reach others?")


def _suitable(integrator: AbstractIntegrator, ready: AbstractIntegrator) -> tuple[_Case, Any]:
    """The hardest case that the integrator can solve, and the result."""
    out: Any = None
    for case in _CASES:
        out = _together(_point(case), ready)
        if bool(jnp.all(out[-1] <= _BOUND)):
            return case, out
    claim(
        False,
        integrator,
        f"a moderately stiff equation can be solved in time steps of {_CASES[-1].dt:g}",
        f"states as large as {out[-1]}, which should be at most 3",
        "Is it stable? Forward Euler steps are, for this equation.",
    )
    raise AssertionError("unreachable")
