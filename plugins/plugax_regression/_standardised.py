"""Columns in units of their standard deviation, and coefficients in the user's units.

    z = (x − m)/s,    β_j = b_j/s_j,    β_0 = b_0 − Σ m_j b_j/s_j,

with means m, or 0 if the model has no intercept, and standard deviations s with the divisor n.
"""

from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from plugax import PlugaxError


class Standardised(NamedTuple):
    """The columns, and how they follow from those that were given.

    Attributes:
        columns: Zᵀ; that of the intercept stays as it is.
        centre: m; 0 for the intercept.
        scale: s; 1 for the intercept.
    """

    columns: Float[Array, "terms points"]
    centre: Float[Array, " terms"]
    scale: Float[Array, " terms"]


def standardise(
    columns: Float[Array, "terms points"], terms: tuple[str, ...], *, scaled: bool
) -> Standardised:
    """The columns standardised.

    Arguments:
        columns: Xᵀ.
        terms: the names of the columns.
        scaled: whether to divide by s; if not, s = 1.

    Errors: `PlugaxError` if a term is the same in every row.
    """
    x = np.asarray(columns, float)
    intercept = terms[:1] == ("intercept",)
    centre, deviation = x.mean(axis=1), x.std(axis=1)
    constant = deviation <= 10 * np.finfo(float).eps * np.abs(x).max(axis=1)
    constant[:intercept] = False
    if constant.any() and (intercept or scaled):
        name = terms[int(np.argmax(constant))]
        raise PlugaxError(
            f"The term {name} is the same in every row, so it explains nothing; leave it out."
        )
    centre = np.where(intercept, centre, 0)
    scale = deviation if scaled else np.ones_like(deviation)
    if intercept:
        centre[0], scale[0] = 0, 1
    z = (x - centre[:, None]) / scale[:, None]
    return Standardised(*(jnp.asarray(part, columns.dtype) for part in (z, centre, scale)))


def in_units(
    b: Float[Array, " terms"],
    centre: Float[Array, " terms"],
    scale: Float[Array, " terms"],
    *,
    intercept: bool,
) -> Float[Array, " terms"]:
    """β of b, in the units of the data.

    Arguments:
        b: the coefficients of standardised columns.
        centre: m.
        scale: s.
        intercept: whether the first is the intercept.
    """
    coefficients = b / scale
    return coefficients.at[0].add(-jnp.sum(centre * coefficients)) if intercept else coefficients
