"""The area under the receiver operating characteristic, from ranks."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int


def roc_auc(
    logits: Float[Array, "examples classes"],
    labels: Int[Array, " examples"],
    weights: Float[Array, " examples"],
) -> Float[Array, ""]:
    """The probability that an example of a class scores higher than one of another class.

    AUC = P(s₊ > s₋) + ½ P(s₊ = s₋), where the score s is the log-odds of the class; of two classes
    that of class 1, of more the mean over all classes that occur, each against the rest.

    Source: Hanley and McNeil 1982, doi 10.1148/radiology.143.1.7063747.
    """
    log_p = jax.nn.log_softmax(logits)
    if logits.shape[1] == 2:
        return _area(logits[:, 1] - logits[:, 0], labels == 1, weights)[0]
    columns = jnp.arange(logits.shape[1], dtype=labels.dtype)
    areas, there = jax.vmap(lambda c, s: _area(s, labels == c, weights))(columns, log_p.T)
    return jnp.sum(jnp.where(there, areas, 0)) / jnp.sum(there.astype(areas.dtype))


def _area(
    scores: Float[Array, " examples"],
    positive: Bool[Array, " examples"],
    weights: Float[Array, " examples"],
) -> tuple[Float[Array, ""], Bool[Array, ""]]:
    """The area, and whether there are examples of both kinds."""
    order = jnp.argsort(scores)
    ascending = scores[order]
    ups = jnp.where(positive, weights, 0)[order]
    downs = jnp.where(positive, 0, weights)[order]
    # The weight of all others with a lower score, and with a score that is not higher.
    below = jnp.concatenate([jnp.zeros(1, downs.dtype), jnp.cumsum(downs)])
    lower = below[jnp.searchsorted(ascending, ascending, side="left")]
    upper = below[jnp.searchsorted(ascending, ascending, side="right")]
    up, down = jnp.sum(ups), jnp.sum(downs)
    there = (up > 0) & (down > 0)
    area = jnp.sum(ups * (lower + upper) / 2) / jnp.where(there, up * down, 1)
    return jnp.where(there, area, jnp.nan), there
