"""Columns with mean 0 and standard deviation 1, as networks learn best from."""

from typing import Any, NamedTuple, Protocol, runtime_checkable

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float


@runtime_checkable
class Scales(Protocol):
    """Between the user's units and those in which a model works."""

    def scaled(self, inputs: Any, /) -> Any:
        """Inputs as the model takes them."""
        ...

    def in_units(self, values: Any, /) -> Any:
        """Outputs or targets in the units of the data."""
        ...


class Scaling(NamedTuple):
    """x ↦ (x − m) / s for the inputs, and back, z ↦ μ + σ z, for what is predicted.

    Attributes:
        means: m, of each column.
        deviations: s, of each column; 1 for a column that does not vary.
        offset: μ, 0 for classes.
        factor: σ, 1 for classes.
    """

    means: tuple[float, ...]
    deviations: tuple[float, ...]
    offset: float = 0.0
    factor: float = 1.0

    def scaled(self, inputs: Array) -> Float[Array, "examples columns"]:
        """Inputs as the model takes them."""
        dtype = jnp.result_type(inputs, float)
        row = lambda values: jnp.asarray(values, dtype)[None]  # noqa: E731
        return (inputs.astype(dtype) - row(self.means)) / row(self.deviations)

    def in_units(self, values: Array) -> Array:
        """Outputs or targets in the units of the data; classes stay what they are."""
        if (self.offset, self.factor) == (0.0, 1.0):
            return values
        return self.offset + self.factor * values


def moments(
    columns: Float[np.ndarray, "examples columns"],
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Mean and standard deviation of each column; the latter is 1 if it does not vary."""
    means, deviations = columns.mean(axis=0), columns.std(axis=0)
    rounding = 100 * np.finfo(float).eps * np.abs(columns).max(axis=0)
    deviations = np.where(deviations > rounding, deviations, 1.0)
    return tuple(means.tolist()), tuple(deviations.tolist())
