"""Cross-entropies of logits: probabilities are never computed, so nothing over- or underflows."""

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Shaped

from ._loss import AbstractLoss, Reduction, check_same_shape


class CrossEntropy(AbstractLoss):
    """The cross-entropy of class probabilities q with the softmax p of logits.

    l = −Σ_k q_k log p_k over classes k. A target of integers names the class of each element (q is
    one there); a target of floats *is* q. With label smoothing ε, q becomes (1 − ε) q + ε / K for
    K classes.

    The classes are the last axis of the prediction. A logit of −∞ excludes a class. An invalid
    label gives NaN, rather than the loss of another class; if such labels mean "unknown", give
    those examples a weight of zero.

    Arguments:
        label_smoothing: ε, the part of the target spread evenly over all classes, from 0 to 1.
        reduction: mean or sum, within an example and over examples.

    Source, for label smoothing: C. Szegedy et al., Rethinking the Inception Architecture for
    Computer Vision, CVPR (2016), 2818–2826, doi:10.1109/CVPR.2016.308.
    """

    label_smoothing: float = eqx.field(default=0.0, static=True)
    reduction: Reduction = eqx.field(default="mean", static=True)

    def __check_init__(self):
        if not 0 <= self.label_smoothing <= 1:
            raise ValueError(f"label_smoothing must be from 0 to 1; got {self.label_smoothing}.")

    def elements(
        self,
        prediction: Float[Array, "examples *axes classes"],
        target: Shaped[Array, "examples ..."],
    ) -> Float[Array, "examples *axes"]:
        """Cross-entropies, in the shape of the prediction without its axis of classes.

        Arguments:
            prediction: logits.
            target: class labels, integers in the shape of the prediction without its axis of
                classes; or class probabilities, floats in the shape of the prediction.
        """
        log_p = jax.nn.log_softmax(prediction)
        if jnp.issubdtype(target.dtype, jnp.integer):
            cross_entropy = _of_labels(log_p, target)
        elif jnp.issubdtype(target.dtype, jnp.floating):
            check_same_shape("prediction", jnp.shape(prediction), target)
            cross_entropy = _of_probabilities(log_p, target.astype(log_p.dtype))
        else:
            raise ValueError(
                "target must be integers (class labels) or floats (class probabilities); got "
                f"{target.dtype}. For two classes with a boolean target use `BinaryCrossEntropy`."
            )
        epsilon = self.label_smoothing
        if not epsilon:
            return cross_entropy
        return (1 - epsilon) * cross_entropy - epsilon * jnp.mean(log_p, axis=-1)


def _of_labels(
    log_p: Float[Array, "examples *axes classes"], labels: Shaped[Array, "examples ..."]
) -> Float[Array, "examples *axes"]:
    check_same_shape("prediction, without its last axis (classes),", log_p.shape[:-1], labels)
    # Comparison and sum are fused with the softmax, forward and backward; a gather would become a
    # scatter in the gradient, and would treat a label of −1 as the last class.
    classes = jnp.arange(log_p.shape[-1])
    labels = labels.astype(classes.dtype)
    hit = jnp.expand_dims(labels, -1) == classes.reshape((1,) * labels.ndim + (-1,))
    found = -jnp.sum(jnp.where(hit, log_p, 0), axis=-1)
    return jnp.where((labels >= 0) & (labels < classes.size), found, jnp.nan)


def _of_probabilities(
    log_p: Float[Array, "examples *axes classes"], q: Float[Array, "examples ..."]
) -> Float[Array, "examples *axes"]:
    # 0 log 0 = 0: an excluded class with probability zero contributes nothing.
    return -jnp.sum(jnp.where(q == 0, 0, q * log_p), axis=-1)


class BinaryCrossEntropy(AbstractLoss):
    """The cross-entropy of a probability q with the logistic sigmoid p of a logit.

    l = −q log p − (1 − q) log(1 − p), for every element separately: one yes or no per example, or
    several (labels that do not exclude each other).

    Arguments:
        reduction: mean or sum, within an example and over examples.
    """

    reduction: Reduction = eqx.field(default="mean", static=True)

    def elements(
        self, prediction: Float[Array, "examples ..."], target: Shaped[Array, "examples ..."]
    ) -> Float[Array, "examples ..."]:
        """Cross-entropies, in the common shape of prediction and target.

        Arguments:
            prediction: logits.
            target: probabilities from 0 to 1; integers or booleans if they are certain.
        """
        check_same_shape("prediction", jnp.shape(prediction), target)
        q = target.astype(prediction.dtype)
        return q * jax.nn.softplus(-prediction) + (1 - q) * jax.nn.softplus(prediction)
