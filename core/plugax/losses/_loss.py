"""The interface of losses: a number for every example, and for a batch.

Axis 0 runs over examples; all other axes of a loss (outputs, pixels, positions in a text) are axes
*within* an example. `reduction` says how both are reduced: `"mean"` averages within an example and
then over examples, `"sum"` sums over both. If all examples have the same weight, these are the mean
and the sum over all elements, as for the losses of PyTorch.
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

    With the loss l_i of example i and its weight w_i, the loss of a batch is Σ w_i l_i / Σ w_i if
    `reduction` is `"mean"`, and Σ w_i l_i if it is `"sum"`. A subclass defines `elements`, and a
    field `reduction`.

    Laws: the order of examples does not matter. An example of weight zero has no effect: value and
    gradient are those without it, even if its prediction or target is not finite. An integer weight
    is equivalent to so many copies. If all weights are zero, loss and gradient are zero. The loss
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
            prediction: the model's prediction, examples along axis 0; for shapes see the class.
            target: the observed values.

        Errors: `ValueError` if the shapes of prediction and target do not match.
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
                for equal weights. Since an example with weight zero is removed, the derivative with
                respect to a weight is that of the equation only if the weight is not zero.

        Errors: `ValueError` as for `values`, and if the number of weights is not that of examples.
        """
        if weights is None:
            values = self.values(prediction, target)
            return jnp.mean(values) if self.reduction == "mean" else jnp.sum(values)
        examples = jnp.shape(target)[:1]
        if jnp.shape(weights) != examples:
            raise ValueError(
                f"weights must hold one weight per example, shape {examples}; got shape "
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
    """The arrays with zeros in place of the examples that are removed.

    It would not be enough to drop their losses: if a loss is not finite, zero times its derivative
    is not a number. So the inputs are replaced before anything is computed from them; every loss
    has a finite value and derivative if prediction and target are zero.
    """

    def blank(array: Array) -> Array:
        if array.shape[:1] != removed.shape:
            return array  # `elements` has the better message
        mask = removed.reshape(removed.shape + (1,) * (array.ndim - 1))
        return jnp.where(mask, jnp.zeros((), array.dtype), array)

    return jax.tree.map(blank, arrays)


def check_same_shape(name: str, shape: tuple[int, ...], target: Array) -> None:
    """Raise for a target that would be broadcast, and for arrays without an axis of examples."""
    if shape != jnp.shape(target):
        raise ValueError(
            f"{name} and target must have the same shape; got {shape} and {jnp.shape(target)}. "
            "Nothing is broadcast here, since shapes (n, 1) and (n,) would silently give n² "
            "errors: reshape one of them."
        )
    if not shape:
        raise ValueError(
            f"{name} and target need a leading axis of examples; got scalars. Add one with "
            "`jnp.atleast_1d`."
        )
