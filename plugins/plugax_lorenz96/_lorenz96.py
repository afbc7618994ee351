"""The model of Lorenz (1996): advection, damping and forcing on a ring."""

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, ArrayLike, Float

from ._ring import neighbours


def parameter(value: ArrayLike) -> Array:
    """A model parameter as an array leaf: it can be differentiated, vmapped and swept."""
    return jnp.asarray(value, float)


class Lorenz96(eqx.Module):
    """Lorenz96, a vector field on a ring of at least four variables.

        dxᵢ/dt = (xᵢ₊₁ − xᵢ₋₂) xᵢ₋₁ − xᵢ + F

    One time unit stands for five days. With 40 variables and F = 8 the flow is chaotic: small
    errors double in about 0.42 time units (2.1 days).

    Laws: x = F is a fixed point; d/dt ½Σxᵢ² = −Σxᵢ² + F Σxᵢ; shifting the variables around the
    ring shifts the tendencies.

    Source: E. N. Lorenz, Predictability: a problem partly solved, ECMWF Seminar on Predictability
    (1996); E. N. Lorenz and K. A. Emanuel, J. Atmos. Sci. 55 (1998),
    doi 10.1175/1520-0469(1998)055<0399:OSFSWO>2.0.CO;2.

    Arguments:
        forcing: F, a scalar, or one value for each variable.
    """

    forcing: Float[Array, "*dim"] = eqx.field(converter=parameter, default=8.0)

    def __call__(
        self,
        t: float | Float[Array, ""],  # noqa: ARG002 - the model is autonomous
        x: Float[Array, " dim"],
    ) -> Float[Array, " dim"]:
        """dx/dt at x."""
        if x.shape[0] < 4:
            raise ValueError(f"Lorenz96 needs at least 4 variables; got {x.shape[0]}.")
        after, before_last, before = neighbours(x, 1, -2, -1)
        return (after - before_last) * before - x + self.forcing.astype(x.dtype)
