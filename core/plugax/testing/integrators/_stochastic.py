"""Checks of a stochastic integrator: its paths and their noise."""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
from jaxtyping import Array, PRNGKeyArray, PyTree

from ...integrators import AbstractStochasticIntegrator
from ..claims._claim import claim, claimed
from ..claims._compare import ROUNDING, difference, shapes
from ..claims._differences import check_slope
from ..claims._precision import cast
from ._ordinary import FINE_STEPS, Relaxation

# The number of paths for means and variances, and the standard errors that these may be off.
MEMBERS = 4096
ERRORS = 5.0


class Pull(eqx.Module):
    """The drift −a y + cos t of the state {"q", "p"}, each on its own."""

    rate: Array

    def __call__(self, t: Any, y: PyTree) -> PyTree:
        """The tendencies at time t."""
        return jax.tree.map(lambda y: -self.rate * y + jnp.cos(t).astype(y.dtype), y)


class Own(eqx.Module):
    """Diagonal noise s (1 + y²)^½: every number has a Brownian motion of its own."""

    size: Array

    def __call__(self, t: Any, y: PyTree) -> PyTree:
        """One number for every number of the state."""
        del t
        return jax.tree.map(lambda y: self.size * jnp.sqrt(1 + y**2), y)


class Shared(eqx.Module):
    """Two Brownian motions that the whole state shares: (s, 2 s) for all numbers."""

    size: Array

    def __call__(self, t: Any, y: PyTree) -> PyTree:
        """One row of two for every number of the state."""
        del t
        return jax.tree.map(
            lambda y: jnp.stack([jnp.full_like(y, 1), jnp.full_like(y, 2)], axis=-1) * self.size, y
        )


def _setting(key: PRNGKeyArray, bits: int) -> tuple[Pull, Own, PyTree]:
    q, p = jr.normal(key, (2, 3))
    return cast((Pull(jnp.asarray(0.5)), Own(jnp.asarray(0.3)), {"q": q, "p": p}), bits)


@eqx.filter_jit
def _path(
    integrator: AbstractStochasticIntegrator,
    drift: Any,
    diffusion: Any,
    y0: PyTree,
    key: PRNGKeyArray,
    dt: Any,
    **grid: int,
) -> PyTree:
    return integrator.trajectory(drift, diffusion, y0, key=key, dt=dt, **grid)


@eqx.filter_jit
def _paths(
    integrator: AbstractStochasticIntegrator,
    drift: Any,
    diffusion: Any,
    y0: PyTree,
    keys: Array,
    dt: Any,
    **grid: int,
) -> PyTree:
    def one(key: PRNGKeyArray) -> PyTree:
        return integrator.trajectory(drift, diffusion, y0, key=key, dt=dt, **grid)

    return jax.vmap(one)(keys)


@eqx.filter_jit
@eqx.filter_value_and_grad
def _sum_and_gradient(
    inputs: PyTree, integrator: AbstractStochasticIntegrator, key: PRNGKeyArray, steps: int
) -> Array:
    drift, diffusion, y0, dt = inputs
    states = integrator.trajectory(drift, diffusion, y0, key=key, dt=dt, steps=steps)
    numbers = jnp.concatenate([leaf.ravel() for leaf in jax.tree.leaves(states)])
    return jnp.vdot(jnp.cos(jnp.arange(numbers.size).astype(numbers.dtype)), numbers)


def check_stochastic_drift(integrator: AbstractStochasticIntegrator, key: PRNGKeyArray) -> None:
    """Without noise and with small steps it is within two per cent of the solution.

    The equation depends on time and starts at a time other than zero.

    Arguments:
        integrator: the integrator.
        key: the random key for the start, and for noise that is multiplied by zero.
    """
    with jax.enable_x64(True):
        field, t0, dt = Relaxation(), 0.5, 1 / FINE_STEPS
        y0 = jr.normal(key, (2,), jnp.float64)
        law = "without noise, a trajectory in small steps approaches the solution"
        nothing = lambda t, y: jnp.zeros_like(y)  # noqa: ARG005, E731
        with claimed(integrator, law, "See the error itself."):
            states = cast(integrator, 64).trajectory(
                field, nothing, y0, key=key, dt=dt, steps=FINE_STEPS, t0=t0
            )
        times = t0 + dt * jnp.arange(1, FINE_STEPS + 1).astype(jnp.float64)
        found = difference(states, field.solution(times, y0, t0), tolerance=0.02)
        remedy = "Row i is the state at t0 + (i + 1) dt; is the drift called with the time?"
        claim(found is None, integrator, law, found, remedy)


def check_stochastic_noise(integrator: AbstractStochasticIntegrator, key: PRNGKeyArray) -> None:
    """The increments of a Brownian motion have mean 0, variance dt and no correlation in time.

    This is checked for diagonal noise, and for shared noise, by which two numbers of the state move
    together; to five standard errors of 4096 paths.

    Arguments:
        integrator: the integrator.
        key: the random key for the noise.
    """
    with jax.enable_x64(True):
        ready, dt = cast(integrator, 64), 0.25
        rest = lambda t, y: jnp.zeros_like(y)  # noqa: ARG005, E731
        keys = jr.split(key, MEMBERS)
        y0 = jnp.zeros(2, jnp.float64)
        one = jnp.ones((), jnp.float64)
        kinds = {
            # What g looks like, and the covariance of the two numbers of the state over dt.
            "diagonal": (lambda t, y: jnp.ones_like(y), [[1.0, 0.0], [0.0, 1.0]]),  # noqa: ARG005
            "shared": (Shared(one), [[5.0, 5.0], [5.0, 5.0]]),
        }
        for kind, (diffusion, covariance) in kinds.items():
            law = f"increments of {kind} noise have mean 0, variance g² dt, and are independent"
            remedy = "An increment is √dt times a standard normal number, new in every step."
            with claimed(integrator, law, remedy):
                paths = _paths(ready, rest, diffusion, y0, keys, dt, steps=2)
            changes = jnp.diff(paths, axis=1, prepend=jnp.zeros_like(paths[:, :1]))
            numbers = changes.reshape(MEMBERS, 4)  # by step, then by number of the state
            expected = dt * jnp.kron(jnp.eye(2), jnp.asarray(covariance))
            _claim_moments(integrator, law, numbers, expected, remedy)


def _claim_moments(
    integrator: Any, law: str, numbers: Array, covariance: Array, remedy: str
) -> None:
    variances = jnp.diag(covariance)
    mean = jnp.mean(numbers, axis=0)
    off = jnp.abs(mean) / jnp.sqrt(variances / MEMBERS)
    claim(jnp.all(off < ERRORS), integrator, law, f"means {mean}", remedy)
    # A sample covariance of normal numbers has variance (c_ij² + c_ii c_jj) / n.
    found = numbers.T @ numbers / MEMBERS
    spread = jnp.sqrt((covariance**2 + variances[:, None] * variances[None]) / MEMBERS)
    off = jnp.abs(found - covariance) / spread
    claim(jnp.all(off < ERRORS), integrator, law, f"covariances {found}", remedy)


def check_stochastic_key(integrator: AbstractStochasticIntegrator, key: PRNGKeyArray) -> None:
    """The same key gives the same path to the bit; another key gives another path.

    Arguments:
        integrator: the integrator.
        key: the random key for start and noise.
    """
    with jax.enable_x64(True):
        drift, diffusion, y0 = _setting(key, 64)
        ready = cast(integrator, 64)
        law = "the same key gives the same path, and another key another"
        with claimed(integrator, law, "See the error itself."):
            first, again, other = (
                _path(ready, drift, diffusion, y0, k, 0.1, steps=4)
                for k in (key, key, jr.fold_in(key, 1))
            )
        found = difference(first, again)
        claim(found is None, integrator, law, found, "Take all randomness from the key.")
        same = difference(first, other, tolerance=ROUNDING) is None
        claim(not same, integrator, law, "one path for two keys", "Is the key used?")


def check_stochastic_every(integrator: AbstractStochasticIntegrator, key: PRNGKeyArray) -> None:
    """A trajectory has `steps // every` states, and `every` does not change the path.

    Arguments:
        integrator: the integrator.
        key: the random key for start and noise.
    """
    with jax.enable_x64(True):
        drift, diffusion, y0 = _setting(key, 64)
        ready = cast(integrator, 64)
        law = "a trajectory of 6 steps, every third kept, has the states of steps 3 and 6"
        with claimed(integrator, law, "See the error itself."):
            full = _path(ready, drift, diffusion, y0, key, 0.1, steps=6)
            third = _path(ready, drift, diffusion, y0, key, 0.1, steps=6, every=3)
        expected = jax.tree.map(lambda leaf: leaf[2::3], full)
        remedy = "Derive the noise of a step from the key and the step's number alone."
        found = difference(shapes(third), shapes(expected))
        claim(found is None, integrator, law, found, "y0 is not in it; see `trajectory`.")
        found = difference(third, expected, tolerance=ROUNDING)
        claim(found is None, integrator, law, found, remedy)


def check_stochastic_gradient(integrator: AbstractStochasticIntegrator, key: PRNGKeyArray) -> None:
    """The gradient with respect to start, drift, diffusion and time step is that of the path.

    It is compared with central differences for the same key, to 1e-6, for 1 and 7 steps.

    Arguments:
        integrator: the integrator.
        key: the random key for the start, the noise and the direction.
    """
    with jax.enable_x64(True):
        drift, diffusion, y0 = _setting(key, 64)
        ready = cast(integrator, 64)
        for steps in (1, 7):
            what = f"a path of {steps} steps"

            def at(point: PyTree, steps: int = steps) -> Any:
                return _sum_and_gradient(point, ready, key, steps)

            point = (drift, diffusion, y0, jnp.asarray(0.05, jnp.float64))
            with claimed(integrator, f"{what} can be differentiated", "See the error itself."):
                at(point)
            check_slope(integrator, at, point, key, what=what)


def check_stochastic_precision(integrator: AbstractStochasticIntegrator, key: PRNGKeyArray) -> None:
    """A path has the precision of its start, float32 and float64, for both kinds of noise.

    Arguments:
        integrator: the integrator.
        key: the random key for start and noise.
    """
    remedy = "Draw noise in the dtype of the state: jax.random.normal(key, y.shape, y.dtype)."
    for bits, x64 in ((32, False), (32, True), (64, True)):
        with jax.enable_x64(x64):
            drift, diffusion, y0 = _setting(key, bits)
            ready = cast(integrator, bits)
            where = f"in float{bits}{', with float64 switched on' if x64 and bits == 32 else ''}"
            for g in (diffusion, Shared(diffusion.size)):
                law = f"a path has the dtypes of its start, {where}"
                with claimed(integrator, law, remedy):
                    states = eqx.filter_eval_shape(_path, ready, drift, g, y0, key, 0.1, steps=3)
                expected = jax.tree.map(
                    lambda leaf: jax.ShapeDtypeStruct((3, *leaf.shape), leaf.dtype), y0
                )
                found = difference(shapes(expected), shapes(states))
                claim(found is None, integrator, law, found, remedy)


def check_stochastic_vmap_equals_loop(
    integrator: AbstractStochasticIntegrator, key: PRNGKeyArray
) -> None:
    """The paths of several keys under `vmap` are those of each key alone.

    Arguments:
        integrator: the integrator.
        key: the random key for start and noise.
    """
    with jax.enable_x64(True):
        drift, diffusion, y0 = _setting(key, 64)
        ready, keys = cast(integrator, 64), jr.split(key, 3)
        law = "paths under vmap are those of each key alone"
        with claimed(integrator, law, "Write it for one state, with jax.numpy and jax.lax."):
            alone = [_path(ready, drift, diffusion, y0, k, 0.1, steps=4) for k in keys]
            together = _paths(ready, drift, diffusion, y0, keys, 0.1, steps=4)
        expected = jax.tree.map(lambda *leaves: jnp.stack(leaves), *alone)
        found = difference(together, expected, tolerance=ROUNDING)
        claim(found is None, integrator, law, found, "Does one member's noise reach others?")


def check_stochastic_callbacks(integrator: AbstractStochasticIntegrator, key: PRNGKeyArray) -> None:
    """The compiled programs, gradient included, do not call the host.

    Arguments:
        integrator: the integrator.
        key: the random key for start and noise.
    """
    with jax.enable_x64(True):
        drift, diffusion, y0 = _setting(key, 64)
        point = (drift, diffusion, y0, jnp.asarray(0.05, jnp.float64))
        lowered = _sum_and_gradient.lower(point, cast(integrator, 64), key, 3)  # pyright: ignore[reportFunctionMemberAccess]
        found = [line.strip() for line in lowered.as_text().splitlines() if "callback" in line]
        claim(
            not found,
            integrator,
            "a compiled path calls nothing on the host",
            f"{len(found)} callbacks, such as {found[:1]}",
            "Leave out jax.debug, pure_callback and run-time checks (equinox.error_if).",
        )
