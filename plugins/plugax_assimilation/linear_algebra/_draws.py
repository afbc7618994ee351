"""Normal numbers for rotations and perturbations, drawn at half the cost."""

import jax.numpy as jnp
import jax.random as jr
from jaxtyping import Array, Float, PRNGKeyArray


def normals(key: PRNGKeyArray, shape: tuple[int, ...], dtype: jnp.dtype) -> Float[Array, "..."]:
    """Numbers from N(0, 1), drawn in single precision and then converted to `dtype`.

    Their resolution is 10⁻⁷, far below the sampling error of any ensemble. What must hold to
    rounding, a sum of zero or an orthogonal matrix, is computed from them in `dtype`.
    """
    # In double precision the inverse error function takes as long as the rest of a rotation.
    return jr.normal(key, shape, jnp.float32).astype(dtype)
