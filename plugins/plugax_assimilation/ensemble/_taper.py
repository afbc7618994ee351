"""How a covariance fades with distance."""

import jax.numpy as jnp
from jaxtyping import Array, Float

HALF_WIDTH = 1.82
"""c / r: with it the taper is about exp(−½ (d/r)²), of which r is the standard deviation."""


def gaspari_cohn(ratio: Float[Array, "..."]) -> Float[Array, "..."]:
    """The compactly supported correlation of fifth order, of z = distance / c.

    1 − ⁵⁄₃ z² + ⅝ z³ + ½ z⁴ − ¼ z⁵                           z ≤ 1
    4 − 5 z + ⁵⁄₃ z² + ⅝ z³ − ½ z⁴ + ¹⁄₁₂ z⁵ − ⅔ / z          1 ≤ z ≤ 2
    0                                                         2 ≤ z

    Law: twice continuously differentiable for z > 0; a correlation on the line, in the plane and in
    space.

    Source: G. Gaspari and S. E. Cohn, Q. J. R. Meteorol. Soc. 125 (1999),
    doi 10.1002/qj.49712555417, eq. 4.10.
    """
    near, far = jnp.minimum(ratio, 1), jnp.clip(ratio, 1, 2)
    inner = 1 + near**2 * (-5 / 3 + near * (5 / 8 + near * (1 / 2 - near / 4)))
    outer = far * (-5 + far * (5 / 3 + far * (5 / 8 + far * (-1 / 2 + far / 12))))
    outer = 4 + outer - 2 / (3 * far)
    # Rounding leaves small values of either sign near the zero at 2.
    return jnp.where(ratio < 1, inner, jnp.where(ratio < 2, jnp.maximum(outer, 0), 0))
