"""Features with mean 0 and standard deviation 1 over all steps of the training part."""

from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from plugax_supervised import moments


class SequenceScaling(NamedTuple):
    """x ↦ (x − m) / s, for the features of every step.

    Attributes:
        means: m, of each feature.
        deviations: s, of each feature; 1 for a feature that does not vary.
    """

    means: tuple[float, ...]
    deviations: tuple[float, ...]

    def scaled(
        self, inputs: tuple[Array, Int[Array, " examples"]]
    ) -> tuple[Float[Array, "examples steps features"], Int[Array, " examples"]]:
        """Values as the model takes them, and lengths."""
        values, lengths = inputs
        dtype = jnp.result_type(values, float)
        means, deviations = (
            jnp.asarray(row, dtype)[None, None] for row in (self.means, self.deviations)
        )
        return (values.astype(dtype) - means) / deviations, lengths

    def in_units(self, values: Array) -> Array:
        """Logits, which are not scaled."""
        return values


def scaling_of(sequences: list[Float[np.ndarray, "_ features"]]) -> SequenceScaling:
    """The scaling by these sequences, all steps of all of them taken together."""
    return SequenceScaling(*moments(np.concatenate(sequences)))
