"""The unit of residuals whose squares are out of the range of floating-point numbers.

Everything that is minimised is a square: for data of size 10⁻¹⁶⁰ it is zero in double precision,
and every line fits. Such data are divided by a power of two, which rounds nothing, near the square
root of their size. Then the squares are in range, both of the data and of derivatives by parameters
of the size of the data, which are near 1 in the data's own unit.
"""

import math

import jax.numpy as jnp
import numpy as np


def unit_of(values: np.ndarray) -> float:
    """1 for data whose squares are in range, or a power of two near the root of their size.

    Arguments:
        values: the data.
    """
    largest = float(np.max(np.abs(values), initial=0.0))
    limits = jnp.finfo(jnp.result_type(float))
    least, most = float(limits.tiny) / float(limits.eps) ** 2, float(limits.max) / 1e8
    if largest == 0 or least < largest * largest < most / np.size(values):
        return 1.0
    return 2.0 ** (math.frexp(largest)[1] // 2)
