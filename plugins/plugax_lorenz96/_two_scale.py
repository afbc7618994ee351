"""The two-scale model of Lorenz (1996): each slow variable drives a group of fast ones."""

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from ._lorenz96 import parameter
from ._ring import neighbours


class TwoScaleLorenz96(eqx.Module):
    """Two-scale Lorenz96, a vector field of K slow and K·J fast variables.

        dXₖ/dt = (Xₖ₊₁ − Xₖ₋₂) Xₖ₋₁ − Xₖ + F − (h c / b) Σⱼ Yⱼₖ
        dYⱼₖ/dt = −c b Yⱼ₊₁,ₖ (Yⱼ₊₂,ₖ − Yⱼ₋₁,ₖ) − c Yⱼₖ + (h c / b) Xₖ

    The fast variables form one ring: Y after the last of group k is the first of group k + 1. A
    state is one flat vector, first the K slow variables and then the fast ones group by group, so
    that covariances, ensembles and observation operators work as for any other model; `split`
    separates slow and fast variables, and `join` combines them.

    Law: d/dt ½(ΣX² + ΣY²) = −ΣX² − c ΣY² + F ΣX; the coupling only moves energy.

    Source: E. N. Lorenz, Predictability: a problem partly solved, ECMWF Seminar on Predictability
    (1996).

    Arguments:
        forcing: F.
        coupling: h, the strength of the coupling.
        amplitude_ratio: b, how many times smaller the fast variables are.
        time_ratio: c, how many times faster the fast variables are.
        fast: J, number of fast variables per slow one.
    """

    forcing: Float[Array, ""] = eqx.field(converter=parameter, default=10.0)
    coupling: Float[Array, ""] = eqx.field(converter=parameter, default=1.0)
    amplitude_ratio: Float[Array, ""] = eqx.field(converter=parameter, default=10.0)
    time_ratio: Float[Array, ""] = eqx.field(converter=parameter, default=10.0)
    fast: int = eqx.field(static=True, default=10)

    def split(
        self, state: Float[Array, " state"]
    ) -> tuple[Float[Array, " slow"], Float[Array, " slow {self.fast}"]]:
        """The slow variables (K,) and the fast ones (K, J) of a flat state."""
        slow, rest = divmod(state.shape[0], 1 + self.fast)
        if rest or slow < 4:
            raise ValueError(
                f"A state of {self.fast} fast variables per slow one has K (1 + {self.fast}) "
                f"values with K at least 4; got {state.shape[0]}."
            )
        return state[:slow], state[slow:].reshape(slow, self.fast)

    def join(
        self, slow: Float[Array, " slow"], fast: Float[Array, " slow {self.fast}"]
    ) -> Float[Array, " state"]:
        """The flat state of slow variables (K,) and fast ones (K, J)."""
        return jnp.concatenate([slow, fast.reshape(-1)])

    def __call__(
        self,
        t: float | Float[Array, ""],  # noqa: ARG002 - the model is autonomous
        state: Float[Array, " state"],
    ) -> Float[Array, " state"]:
        """The time derivative at a flat state."""
        forcing, h, b, c = (
            p.astype(state.dtype)
            for p in (self.forcing, self.coupling, self.amplitude_ratio, self.time_ratio)
        )
        x, groups = self.split(state)
        y = groups.reshape(-1)
        x_after, x_before_last, x_before = neighbours(x, 1, -2, -1)
        y_after, y_after_next, y_before = neighbours(y, 1, 2, -1)
        exchange = h * c / b
        slow = (x_after - x_before_last) * x_before - x + forcing - exchange * groups.sum(1)
        fast = -c * b * y_after * (y_after_next - y_before) - c * y
        fast = fast + exchange * jnp.repeat(x, self.fast)
        return jnp.concatenate([slow, fast])
