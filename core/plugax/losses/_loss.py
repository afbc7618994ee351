"""The interface of losses: one figure an example, one figure a batch.

Axis 0 runs over examples; what other axes a loss leaves (outputs, pixels, positions in a text) are
axes *within* an example. `reduction` says how both are reduced: `"mean"` averages within an example
and then over examples, `"sum"` sums both. With examples of equal weight these are the mean and the
sum over all elements, as PyTorch's losses have them.
"""

import abc
from typing import Literal

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, PyTree, Shaped

Reduction = Literal["mean", "sum"]
"""How a loss is reduced, within an example and over examples."""


class AbstractLoss(eqx.Module):
    """Compares a prediction with a target.

    With l_i the loss of example i and w_i its weight, the loss of a batch is Σ w_i l_i / Σ w_i
    where `reduction` is `"mean"`, Σ w_i l_i where it is `"sum"`. A subclass brings `elements`, and
    a field `reduction`.

    Laws: the order of examples does not matter. An example of weight zero is not there: value and
    gradient are those without it, even where its prediction or target is not finite. Integer
    weights count copies. Weights that are all zero give a loss and a gradient of zero. The loss
    has the dtype of the prediction.
    """

    reduction: eqx.AbstractVar[Reduction]

    def __check_init__(self):
        if self.reduction not in ("mean", "sum"):
            raise ValueError(
                f"reduction must be 'mean' or 'sum'; got {self.reduction!r}. For the loss of each "
                "example call `values`, for that of each element `elements`."
            )

    @abc.abstractmethod
    def elements(self, prediction: PyTree[Array], target: Array) -> Float[Array, "examples ..."]:
        """The loss of every element: examples along axis 0, then the axes within an example."""

    def values(self, prediction: PyTree[Array], target: Array) -> Float[Array, " examples"]:
        """The loss of every example.

        Arguments:
            prediction: what the model says, examples along axis 0; shapes as the class tells.
            target: what was seen.

        Errors: `ValueError` if the shapes of prediction and target do not fit each other.
        """
        elements = self.elements(prediction, target)
        reduce = jnp.mean if self.reduction == "mean" else jnp.sum
        return reduce(elements, axis=tuple(range(1, elements.ndim)))

    def __call__(
        self,
        prediction: PyTree[Array],
        target: Array,
        weights: Shaped[Array, " examples"] | None = None,
    ) -> Float[Array, ""]:
        """The loss of a batch.

        Arguments:
            prediction: as for `values`.
            target: as for `values`.
            weights: a weight for every example, not negative, of any real dtype or boolean; None
                weighs all alike. Since a weight of zero takes the example out altogether, the
                derivative by a weight is that of the equation only where the weight is not zero.

        Errors: `ValueError` as for `values`, and where there is not one weight an example.
        """
        if weights is None:
            values = self.values(prediction, target)
            return jnp.mean(values) if self.reduction == "mean" else jnp.sum(values)
        examples = jnp.shape(target)[:1]
        if jnp.shape(weights) != examples:
            raise ValueError(
                f"weights must hold one weight an example, shape {examples}; got shape "
                f"{jnp.shape(weights)}."
            )
        removed = jnp.logical_not(weights)
        values = self.values(*_blank(removed, (prediction, target)))
        weights = weights.astype(values.dtype)
        total = jnp.sum(jnp.where(removed, 0, weights * values))
        if self.reduction == "sum":
            return total
        weight = jnp.sum(weights)
        return total / jnp.where(weight == 0, 1, weight)


def _blank(removed: Bool[Array, " examples"], arrays: PyTree[Array]) -> PyTree[Array]:
    """Zeros in place of the examples that are removed.

    Dropping their values would not do: where such a value is not finite, zero times its derivative
    is not a number. So the inputs go, before anything is computed from them; every loss is finite
    with a finite derivative where prediction and target are zero.
    """

    def blank(array: Array) -> Array:
        if array.shape[:1] != removed.shape:
            return array  # `elements` has the better message
        mask = removed.reshape(removed.shape + (1,) * (array.ndim - 1))
        return jnp.where(mask, jnp.zeros((), array.dtype), array)

    return jax.tree.map(blank, arrays)


def check_same_shape(name: str, shape: tuple[int, ...], target: Array) -> None:
    """Refuse a target that would be broadcast, and anything without an axis of examples."""
    if shape != jnp.shape(target):
        raise ValueError(
            f"{name} and target must have the same shape; got {shape} and {jnp.shape(target)}. "
            "Nothing is broadcast here, since that is how shapes (n, 1) and (n,) turn into n² "
            "errors unseen: reshape one of them."
        )
    if not shape:
        raise ValueError(
            f"{name} and target need a leading axis of examples; got scalars. Add one with "
            "`jnp.atleast_1d`."
        )
