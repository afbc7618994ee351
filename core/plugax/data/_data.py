"""The interface of data: the batch of every step."""

import abc
from fractions import Fraction

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
from jaxtyping import Array, ArrayLike, Int, PRNGKeyArray, PyTree


class AbstractData(eqx.Module):
    """Gives the batch of step i, inside the compiled loop.

    `init` prepares a cursor for the steps from `step` on; `next` returns one batch and the cursor
    for the next step. The cursor only saves work, such as the numbers that define the order of an
    epoch; it never holds information of its own.

    Law: the batch of a step depends only on `key` and the number of the step. So a run may be cut
    into chunks, interrupted and resumed anywhere without a change in the batches.
    """

    @abc.abstractmethod
    def init(self, key: PRNGKeyArray, step: Int[Array, ""]) -> PyTree:
        """The cursor before step number `step`."""

    @abc.abstractmethod
    def next(
        self, cursor: PyTree, key: PRNGKeyArray, step: Int[Array, ""]
    ) -> tuple[PyTree, PyTree]:
        """The batch of step number `step`, and the cursor for the step after it."""

    @property
    def steps(self) -> int | None:
        """How many steps the data last, or None if they never end."""
        return None

    @property
    def steps_per_epoch(self) -> int | Fraction | None:
        """How many steps use every example once; None if the data have no epochs.

        A `Fraction` if the last batch of an epoch reaches into the next one: n epochs then take n
        times this number of steps, rounded up.
        """
        return None

    @property
    def same_every_step(self) -> bool:
        """Whether the batch is the same at every step, so that the loss is one function."""
        return False

    @property
    def whole(self) -> "AbstractData | None":
        """All examples as one batch, the same at every step; None if the data are no set of them.

        By default the data themselves if they are the same at every step.
        """
        return self if self.same_every_step else None

    def first(self, key: PRNGKeyArray | None = None) -> PyTree:
        """The batch of step 0; under `eqx.filter_eval_shape`, the shapes of every batch."""
        key = jr.key(0) if key is None else key
        step = jnp.asarray(0, "int32")
        return self.next(self.init(key, step), key, step)[0]


def as_examples(arrays: PyTree[ArrayLike]) -> tuple[PyTree[Array], int]:
    """A pytree as JAX arrays, and the common size of their leading axes.

    NumPy arrays are converted, since compiled code could not index them by a step.

    Errors: `ValueError` if there is no array or no example, or the leading axes differ.
    """
    leaves = jax.tree_util.tree_leaves_with_path(arrays)
    if not leaves:
        raise ValueError("Data need at least one array; the pytree given has none.")
    sizes = {jax.tree_util.keystr(path) or "the array": jnp.shape(leaf) for path, leaf in leaves}
    scalars = [name for name, shape in sizes.items() if not shape]
    if scalars:
        raise ValueError(f"Every array needs a leading axis of examples; {scalars[0]} is a scalar.")
    if len({shape[0] for shape in sizes.values()}) > 1:
        listed = ", ".join(f"{name}: {shape[0]}" for name, shape in sizes.items())
        raise ValueError(
            f"All arrays must have the same number of examples along axis 0; got {listed}."
        )
    size = next(iter(sizes.values()))[0]
    if size == 0:
        raise ValueError("Data need at least one example along axis 0; there is none.")
    return jax.tree.map(jnp.asarray, arrays), size
