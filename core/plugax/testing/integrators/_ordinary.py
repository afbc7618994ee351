"""Checks of an integrator: its trajectories, their gradients and their programs."""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
from jaxtyping import Array, PRNGKeyArray, PyTree

from ...integrators import AbstractIntegrator
from ..claims._claim import claim, claimed
from ..claims._compare import ROUNDING, difference, shapes
from ..claims._differences import check_slope
from ..claims._precision import cast

# Enough steps for Euler's method to be within two per cent of the solution.
FINE_STEPS = 64
# One step; an odd number, which is no multiple of checkpoints; and more steps than checkpoints.
GRADIENT_STEPS = (1, 7, 20)
# One step that is not exact in binary, so that times miss the grid by rounding, and one that is.
TIME_STEPS = (0.05, 0.0625)


class Pendulum(eqx.Module):
    """dq/dt = p, dp/dt = −k sin q − c p + a cos t: damped, driven; state {"q", "p"}."""

    stiffness: Array
    damping: Array
    drive: Array

    def __call__(self, t: Any, y: PyTree) -> PyTree:
        """The tendencies at time t."""
        pull = -self.stiffness * jnp.sin(y["q"]) - self.damping * y["p"]
        return {"q": y["p"], "p": pull + self.drive * jnp.cos(t)}


class Relaxation(eqx.Module):
    """dy/dt = cos t − y, solved by y = (cos t + sin t)/2 + C e^{−t}."""

    def __call__(self, t: Any, y: Array) -> Array:
        """The tendency at time t."""
        return jnp.cos(t) - y

    def solution(self, t: Array, y0: Array, t0: float) -> Array:
        """y(t) for y(t0) = y0."""
        forced = lambda t: (jnp.cos(t) + jnp.sin(t)) / 2  # noqa: E731
        return forced(t)[:, None] + jnp.exp(t0 - t)[:, None] * (y0 - forced(t0))[None]


def _pendulum(key: PRNGKeyArray, bits: int) -> tuple[Pendulum, PyTree]:
    """Three pendulums with the same forcing, and their starts."""
    q, p = jr.normal(key, (2, 3))
    field = Pendulum(jnp.asarray([1.0, 2.0, 3.0]), jnp.asarray([0.1] * 3), jnp.asarray([0.5] * 3))
    return cast((field, {"q": q, "p": p}), bits)


@eqx.filter_jit
def _trajectory(
    integrator: AbstractIntegrator, field: Any, y0: PyTree, dt: Any, t0: Any, **grid: int
) -> PyTree:
    return integrator.trajectory(field, y0, dt=dt, t0=t0, **grid)


@eqx.filter_jit
def _trajectories(
    integrator: AbstractIntegrator, field: Any, y0: PyTree, dt: Any, t0: Any, **grid: int
) -> PyTree:
    return jax.vmap(lambda y: integrator.trajectory(field, y, dt=dt, t0=t0, **grid))(y0)


def _sum(inputs: PyTree, integrator: AbstractIntegrator, steps: int) -> Array:
    """One number from a whole trajectory, with a different weight for every state."""
    field, y0, dt = inputs
    states = integrator.trajectory(field, y0, dt=dt, steps=steps)
    numbers = jnp.concatenate([leaf.ravel() for leaf in jax.tree.leaves(states)])
    return jnp.vdot(jnp.cos(jnp.arange(numbers.size).astype(numbers.dtype)), numbers)


_sum_and_gradient = eqx.filter_jit(eqx.filter_value_and_grad(_sum))


def slack(integrator: AbstractIntegrator) -> float:
    """The allowed difference between two computations of a trajectory, as a fraction of its size.

    For an adaptive integrator, recognised by an attribute `rtol`, the steps depend on the start,
    and its derivative takes them as given; for all others only rounding is allowed.
    """
    rtol = getattr(integrator, "rtol", None)
    return ROUNDING if rtol is None else min(max(100 * float(rtol), ROUNDING), 0.01)


def check_integrator_accuracy(integrator: AbstractIntegrator, key: PRNGKeyArray) -> None:
    """With small steps it is within two per cent of a solution, as Euler's method is.

    The equation depends on time and starts at a time other than zero. A map (recognised by an
    attribute `discrete`) solves no equation: its states are those of the field applied repeatedly.

    Arguments:
        integrator: the integrator.
        key: the random key for the start.
    """
    with jax.enable_x64(True):
        field, t0, dt = Relaxation(), 0.5, 1 / FINE_STEPS
        y0 = jr.normal(key, (2,), jnp.float64)
        if getattr(integrator, "discrete", False):
            _check_iterates(integrator, field, y0, dt, t0)
            return
        law = "a trajectory in small steps approaches the solution"
        with claimed(integrator, law, "See the error itself."):
            states = _trajectory(cast(integrator, 64), field, y0, dt, t0, steps=FINE_STEPS)
        times = t0 + dt * jnp.arange(1, FINE_STEPS + 1).astype(jnp.float64)
        exact = field.solution(times, y0, t0)
        found = difference(states, exact, tolerance=0.02)
        remedy = "Row i is the state at t0 + (i + 1) dt; is the field called with the time?"
        claim(found is None, integrator, law, found, remedy)


def _check_iterates(
    integrator: AbstractIntegrator, field: Any, y0: Array, dt: float, t0: float
) -> None:
    law = "the states of a map are those of the field applied again and again"
    with claimed(integrator, law, "See the error itself."):
        states = _trajectory(cast(integrator, 64), field, y0, dt, t0, steps=4)
    iterates = [y0]
    for n in range(4):
        iterates.append(field(t0 + n * dt, iterates[-1]))
    found = difference(states, jnp.stack(iterates[1:]), tolerance=ROUNDING)
    remedy = "Row i is the state after i + 1 steps; is the field called with the step's start?"
    claim(found is None, integrator, law, found, remedy)


def check_integrator_every(integrator: AbstractIntegrator, key: PRNGKeyArray) -> None:
    """A trajectory has `steps // every` states, which are those of the full trajectory.

    Arguments:
        integrator: the integrator.
        key: the random key for the start.
    """
    with jax.enable_x64(True):
        field, y0 = _pendulum(key, 64)
        integrator = cast(integrator, 64)
        law = "a trajectory of 6 steps, every third kept, has the states of steps 3 and 6"
        with claimed(integrator, law, "See the error itself."):
            full = _trajectory(integrator, field, y0, 0.05, 0.0, steps=6)
            third = _trajectory(integrator, field, y0, 0.05, 0.0, steps=6, every=3)
        expected = jax.tree.map(lambda leaf: leaf[2::3], full)
        found = difference(shapes(third), shapes(expected))
        remedy = "Every leaf of y0 gets a leading axis of size steps // every; y0 is not in it."
        claim(found is None, integrator, law, found, remedy)
        found = difference(third, expected, tolerance=slack(integrator))
        claim(found is None, integrator, law, found, remedy)


def check_integrator_composition(integrator: AbstractIntegrator, key: PRNGKeyArray) -> None:
    """Three steps, then three more from their end, equal six steps.

    To rounding; for an adaptive integrator (with an attribute `rtol`) to a hundred times `rtol`.

    Arguments:
        integrator: the integrator.
        key: the random key for the start.
    """
    with jax.enable_x64(True):
        field, y0 = _pendulum(key, 64)
        integrator = cast(integrator, 64)
        law = "three steps and three more are six steps"
        with claimed(integrator, law, "See the error itself."):
            whole = _trajectory(integrator, field, y0, 0.05, 0.0, steps=6)
            first = _trajectory(integrator, field, y0, 0.05, 0.0, steps=3)
            middle = jax.tree.map(lambda leaf: leaf[-1], first)
            second = _trajectory(integrator, field, middle, 0.05, 0.15, steps=3)
        pieces = jax.tree.map(lambda a, b: jnp.concatenate([a, b]), first, second)
        found = difference(pieces, whole, tolerance=slack(integrator))
        remedy = "Is t0 passed on to the field, and nothing carried over besides the state?"
        claim(found is None, integrator, law, found, remedy)


def check_integrator_gradient(integrator: AbstractIntegrator, key: PRNGKeyArray) -> None:
    """The gradient with respect to start, parameters and time step equals central differences.

    For 1, 7 and 20 steps, of lengths that are and are not exact in binary, to 1e-6. For an adaptive
    integrator (with an attribute `rtol`) for 20 steps, to a hundred times `rtol` in addition.

    Arguments:
        integrator: the integrator.
        key: the random key for the start and the direction.
    """
    with jax.enable_x64(True):
        field, y0 = _pendulum(key, 64)
        ready = cast(integrator, 64)
        exact = slack(ready) == ROUNDING
        # Adaptive programs take long to compile.
        for steps in GRADIENT_STEPS if exact else GRADIENT_STEPS[-1:]:
            for dt in TIME_STEPS:
                what = f"a trajectory of {steps} steps of {dt}"

                def at(point: PyTree, steps: int = steps) -> Any:
                    return _sum_and_gradient(point, ready, steps)

                point = (field, y0, jnp.asarray(dt, jnp.float64))
                with claimed(integrator, f"{what} can be differentiated", "See the error itself."):
                    at(point)
                more = 0.0 if exact else slack(ready)
                check_slope(integrator, at, point, key, what=what, slack=more)


def check_integrator_precision(integrator: AbstractIntegrator, key: PRNGKeyArray) -> None:
    """Trajectory and gradient have the precision of the state, float32 and float64.

    Arguments:
        integrator: the integrator.
        key: the random key for the start.
    """
    remedy = "Make times and coefficients in the dtype of the state: jnp.asarray(c, y.dtype)."
    for bits, x64 in ((32, False), (32, True), (64, True)):
        with jax.enable_x64(x64):
            field, y0 = _pendulum(key, bits)
            ready = cast(integrator, bits)
            where = f"in float{bits}{', with float64 switched on' if x64 and bits == 32 else ''}"
            for dt in (0.05, jnp.asarray(0.05, f"float{bits}")):
                law = f"a trajectory has the dtypes of its start, {where}"
                with claimed(integrator, law, remedy):
                    states = eqx.filter_eval_shape(_trajectory, ready, field, y0, dt, 0.0, steps=3)
                expected = jax.tree.map(
                    lambda leaf: jax.ShapeDtypeStruct((3, *leaf.shape), leaf.dtype), y0
                )
                found = difference(shapes(expected), shapes(states))
                claim(found is None, integrator, law, found, remedy)


def check_integrator_vmap_equals_loop(integrator: AbstractIntegrator, key: PRNGKeyArray) -> None:
    """The trajectories of several starts under `vmap` are those of each start alone.

    Arguments:
        integrator: the integrator.
        key: the random key for the starts.
    """
    with jax.enable_x64(True):
        starts = [_pendulum(k, 64) for k in jr.split(key, 3)]
        field, ready = starts[0][0], cast(integrator, 64)
        stack = lambda *leaves: jnp.stack(leaves)  # noqa: E731
        law = "trajectories under vmap are those of each start alone"
        with claimed(integrator, law, "Write it for one state, with jax.numpy and jax.lax."):
            alone = [_trajectory(ready, field, y0, 0.05, 0.0, steps=6) for _, y0 in starts]
            y0s = jax.tree.map(stack, *(y0 for _, y0 in starts))
            together = _trajectories(ready, field, y0s, 0.05, 0.0, steps=6)
        expected = jax.tree.map(stack, *alone)
        found = difference(together, expected, tolerance=slack(integrator))
        claim(found is None, integrator, law, found, "Does one member's step size reach others?")


def check_integrator_callbacks(integrator: AbstractIntegrator, key: PRNGKeyArray) -> None:
    """The compiled programs, gradient included, do not call the host.

    A program with callbacks is not cached on disk, and waits for Python at every step.

    Arguments:
        integrator: the integrator.
        key: the random key for the start.
    """
    with jax.enable_x64(True):
        field, y0 = _pendulum(key, 64)
        point = (field, y0, jnp.asarray(0.05, jnp.float64))
        lowered = _sum_and_gradient.lower(point, cast(integrator, 64), 3)  # pyright: ignore[reportFunctionMemberAccess]
        text = lowered.as_text()
        found = [line.strip() for line in text.splitlines() if "callback" in line]
        claim(
            not found,
            integrator,
            "a compiled trajectory calls nothing on the host",
            f"{len(found)} callbacks, such as {found[:1]}",
            "Leave out jax.debug, pure_callback and run-time checks (equinox.error_if; "
            "diffrax: throw=False).",
        )
