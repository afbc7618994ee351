"""Lyapunov exponents: how fast small errors of a model grow.

    dx/dt = f(t, x),   M = ∂x(t + T)/∂x(t)
    Q' R = M Q          orthonormal columns Q, carried along the trajectory
    λᵢ = mean over time of log Rᵢᵢ / T

Source: G. Benettin, L. Galgani, A. Giorgilli and J.-M. Strelcyn, Meccanica 15 (1980),
doi 10.1007/BF02128236; I. Shimada and T. Nagashima, Prog. Theor. Phys. 61 (1979),
doi 10.1143/PTP.61.1605.
"""

import dataclasses
import math
from typing import Any

import jax
import jax.lax as lax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, ArrayLike, PyTree

from plugax import PlugaxError, plugins
from plugax.integrators import AbstractIntegrator, VectorField

_BLOCKS = 20  # the standard error of an exponent comes from the means over so many blocks of time


@dataclasses.dataclass(frozen=True)
class LyapunovExponents:
    """The leading exponents of a model.

    Attributes:
        exponents: λ, largest first [1/model time unit].
        standard_errors: standard errors of the means over time, from 20 blocks of the run that are
            assumed to be independent; NaN for runs that are too short for that.
        size: the number of variables, which is the number of all exponents.
    """

    exponents: np.ndarray
    standard_errors: np.ndarray
    size: int

    @property
    def doubling_time(self) -> float:
        """The time log 2 / λ₁ in which small errors double; infinite if no error grows."""
        return math.log(2) / float(self.exponents[0]) if self.exponents[0] > 0 else math.inf

    @property
    def dimension(self) -> float:
        """The Kaplan–Yorke dimension, j + Σ_{i≤j} λᵢ / |λⱼ₊₁|, j the last with a sum not below 0.

        NaN if it needs more exponents than were computed.
        """
        sums = np.cumsum(self.exponents)
        j = int(np.argmax(sums < 0)) if (sums < 0).any() else len(sums)
        if j == len(sums):
            return float(j) if j == self.size else math.nan
        below = float(sums[j - 1]) / abs(float(self.exponents[j])) if j else 0.0
        return j + below


def lyapunov_exponents(
    model: VectorField,
    state: PyTree[ArrayLike],
    *,
    dt: float,
    steps: int,
    integrator: AbstractIntegrator | str = "rk4",
    spinup: int | None = None,
    every: int = 1,
    count: int | None = None,
    start: float = 0.0,
) -> LyapunovExponents:
    """The leading Lyapunov exponents of a model, from tangent vectors that are kept orthonormal.

    A step costs as much as `count` steps of the tangent-linear model; after every `every` steps
    comes a QR decomposition. Exponents close to each other need long runs: the standard error falls
    as the inverse square root of the length.

    Arguments:
        model: the vector field f(t, x); x is any pytree of arrays.
        state: where the run starts.
        dt: the time step [model time units].
        steps: the number of time steps to average over, a multiple of `every`.
        integrator: advances the model, by name or as an object.
        spinup: the number of steps before that, in which the run reaches the attractor and the
            directions settle; a tenth of `steps` by default.
        every: steps from one orthonormalisation to the next.
        count: the number of exponents; all of them by default.
        start: the time of `state` [model time units].

    Errors: `PlugaxError` for invalid numbers, or if the run does not stay finite.

    Laws: the sum of all exponents is the mean divergence of f along the run. The exponents of a
    linear model dx/dt = A x are the real parts of the eigenvalues of A.
    """
    x, unravel = ravel_pytree(jax.tree.map(lambda leaf: jnp.asarray(leaf, float), state))
    count = x.size if count is None else count
    spinup = steps // 10 if spinup is None else spinup
    _check(steps=steps, spinup=spinup, every=every, count=count, size=x.size, dt=dt)
    scheme = plugins.integrator(integrator)
    before, intervals = -(-spinup // every), steps // every

    def run(x: Array, number: Array) -> Array:
        states = scheme.trajectory(
            model,
            unravel(x),
            dt=dt,
            steps=every,
            every=every,
            t0=start + number.astype(x.dtype) * (every * dt),
        )
        return ravel_pytree(jax.tree.map(lambda leaf: leaf[0], states))[0]

    def step(carry: tuple[Array, Array], number: Array) -> tuple[tuple[Array, Array], Array]:
        x, directions = carry
        x, tangent = jax.linearize(lambda x: run(x, number), x)
        directions, r = jnp.linalg.qr(jax.vmap(tangent, 1, 1)(directions))
        return (x, directions), jnp.log(jnp.abs(jnp.diagonal(r)))

    # Random directions, since a model may single out particular ones.
    directions = jnp.linalg.qr(jr.normal(jr.key(0), (x.size, count), x.dtype))[0]
    numbers = jnp.arange(before + intervals)
    (x, _), growth = lax.scan(step, (x, directions), numbers)
    growth = np.asarray(growth, np.float64)[before:] / (every * dt)
    if not np.isfinite(growth).all() or not bool(jnp.isfinite(x).all()):
        raise PlugaxError(
            "The run did not stay finite: the model diverged, or `every` is so large that the "
            "tangent vectors overflowed. A shorter time step, another start, or a smaller `every` "
            "may help."
        )
    return _estimate(growth, x.size)


def _estimate(growth: np.ndarray, size: int) -> LyapunovExponents:
    """Means over the rows, largest first, and their standard errors."""
    exponents = growth.mean(0)
    order = np.argsort(-exponents)
    errors = np.full(exponents.shape, np.nan)
    if len(growth) >= 2 * _BLOCKS:
        means = np.stack([block.mean(0) for block in np.array_split(growth, _BLOCKS)])
        errors = means.std(0, ddof=1) / math.sqrt(_BLOCKS)
    return LyapunovExponents(exponents[order], errors[order], size)


def _check(*, steps: int, spinup: int, every: int, count: int, size: int, dt: float) -> None:
    """Raise `PlugaxError` for invalid numbers."""
    wanted: dict[str, tuple[Any, int, float]] = {
        "every": (every, 1, math.inf),
        "steps": (steps, 1, math.inf),
        "spinup": (spinup, 0, math.inf),
        "count": (count, 1, size),
    }
    for name, (value, least, most) in wanted.items():
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            limit = f"from {least} to {most}" if math.isfinite(most) else f"at least {least}"
            raise PlugaxError(f"{name} must be a whole number, {limit}; got {value!r}.")
    if steps % every:
        raise PlugaxError(f"steps must be a multiple of every; got {steps} and {every}.")
    if not dt > 0 or not math.isfinite(dt):
        raise PlugaxError(f"dt must be positive; got {dt}.")
