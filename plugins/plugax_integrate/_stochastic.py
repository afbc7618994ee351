"""Stochastic schemes in fixed steps: a plain scan, as for the explicit schemes."""

from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.lax as lax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray, PyTree

from plugax import AbstractStochasticIntegrator, PlugaxError

from ._loop import loop
from ._noise import noise_of
from ._state import check_real, state_and_times, tendency
from ._stochastic_steps import StochasticStep, euler_maruyama_step, heun_step, milstein_step

Coefficient = Callable[[Any, PyTree], PyTree]


class StochasticScheme(AbstractStochasticIntegrator):
    """Steps of dt; the key and the number of a step define its Brownian increments.

    Laws: those of `AbstractStochasticIntegrator`; with `refine=r`, the same path in steps of
    dt / 2^r, so that the increments of r are sums of those of r + 1.

    Arguments:
        advance: one step of the scheme.
        refine: how often each step is halved, on the same path of the noise.
        rematerialise: compute each step again in reverse mode instead of storing its results.
    """

    advance: StochasticStep = eqx.field(static=True)
    refine: int = eqx.field(static=True, default=0)
    rematerialise: bool = eqx.field(static=True, default=False)

    def __check_init__(self):
        if self.refine < 0:
            raise ValueError(f"refine must not be negative; got {self.refine}.")

    def trajectory(
        self,
        drift: Coefficient,
        diffusion: Coefficient,
        y0: PyTree,
        *,
        key: PRNGKeyArray,
        dt: float | Float[Array, ""],
        steps: int,
        every: int = 1,
        t0: float | Float[Array, ""] = 0.0,
    ) -> PyTree:
        """The states every `every` steps; see `AbstractStochasticIntegrator.trajectory`.

        Errors: `PlugaxError` if `every` does not divide `steps`, dt is known and not positive,
        or state, drift or diffusion is invalid.
        """
        _check_positive(dt)
        check_real(y0, "Stochastic")
        y0, dt, starts = state_and_times(y0, dt=dt, steps=steps, every=every, t0=t0)
        noise = noise_of(diffusion, starts[0], y0)
        part = dt / 2**self.refine

        def f(t: Array, y: PyTree) -> PyTree:
            return tendency(drift, t, y)

        def g(t: Array, y: PyTree) -> PyTree:
            return noise.coefficient(diffusion(t, y), y)

        def advance(y: PyTree, t: Array, increment: PyTree) -> PyTree:
            return self.advance(f, g, noise, y, t, part, increment)

        def step(y: PyTree, numbered: tuple[Array, Array]) -> PyTree:
            n, start = numbered
            increments = noise.increments(key, n, dt, self.refine)
            if self.refine == 0:
                return advance(y, start, jax.tree.map(lambda parts: parts[0], increments))
            parts = start + part * jnp.arange(2**self.refine).astype(part.dtype)
            return lax.scan(lambda y, of: (advance(y, *of), None), y, (parts, increments))[0]

        numbered = jnp.arange(steps), starts
        return loop(step, y0, numbered, every=every, rematerialise=self.rematerialise)


def _check_positive(dt: Any) -> None:
    try:
        positive = bool(dt > 0)
    except jax.errors.TracerBoolConversionError:
        return  # not known before it runs
    if not positive:
        raise PlugaxError(
            f"The time step dt must be positive, since noise cannot be reversed; got dt={dt}."
        )


def _factory(name: str, title: str, source: str, advance: StochasticStep) -> Any:
    """The factory that is registered for a scheme, documented."""

    def make(refine: int = 0, rematerialise: bool = False) -> StochasticScheme:
        return StochasticScheme(advance, refine, rematerialise)

    make.__name__ = make.__qualname__ = name
    make.__doc__ = f"""{title}

    Source: {source}.

    Arguments:
        refine: how often each step is halved, on the same path of the noise: 1 gives steps of
            dt / 2, 2 of dt / 4.
        rematerialise: compute each step again in reverse mode instead of storing its results; for
            ensembles and long windows.
    """
    return make


euler_maruyama = _factory(
    "euler_maruyama",
    "The Euler–Maruyama scheme in fixed steps: Itô, strong order 1/2.",
    "Maruyama, Rend. Circ. Mat. Palermo 4, 1955, doi:10.1007/BF02846028",
    euler_maruyama_step,
)
stochastic_heun = _factory(
    "stochastic_heun",
    "Heun's scheme in fixed steps: Stratonovich, strong order 1 for commutative noise, else 1/2.",
    "Rümelin, SIAM J. Numer. Anal. 19, 1982, doi:10.1137/0719041",
    heun_step,
)
milstein = _factory(
    "milstein",
    "Milstein's scheme in fixed steps: Itô, strong order 1, for commutative noise.",
    "Milstein, Theory Probab. Appl. 19, 1975, doi:10.1137/1119062",
    milstein_step,
)
