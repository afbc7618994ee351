"""The model of Lorenz (1963): convection in three variables."""

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from ._lorenz96 import parameter


class Lorenz63(eqx.Module):
    """Lorenz63, the vector field whose attractor is the butterfly.

        dx/dt = σ (y − x),  dy/dt = x (ρ − z) − y,  dz/dt = x y − β z

    Law: for ρ > 1 the fixed points are 0 and (±c, ±c, ρ − 1) with c² = β (ρ − 1).

    Source: E. N. Lorenz, Deterministic nonperiodic flow, J. Atmos. Sci. 20 (1963),
    doi 10.1175/1520-0469(1963)020<0130:DNF>2.0.CO;2.

    Arguments:
        sigma: σ, the Prandtl number.
        rho: ρ, the Rayleigh number over its critical value.
        beta: β, a geometric factor.
    """

    sigma: Float[Array, ""] = eqx.field(converter=parameter, default=10.0)
    rho: Float[Array, ""] = eqx.field(converter=parameter, default=28.0)
    beta: Float[Array, ""] = eqx.field(converter=parameter, default=8 / 3)

    def __call__(
        self,
        t: float | Float[Array, ""],  # noqa: ARG002 - the model is autonomous
        state: Float[Array, "3"],
    ) -> Float[Array, "3"]:
        """The time derivative at the state (x, y, z)."""
        x, y, z = state
        sigma, rho, beta = (p.astype(state.dtype) for p in (self.sigma, self.rho, self.beta))
        return jnp.stack([sigma * (y - x), x * (rho - z) - y, x * y - beta * z])
