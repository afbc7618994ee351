"""The interface of data: which batch belongs to which step."""

import abc
from fractions import Fraction

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
from jaxtyping import Array, ArrayLike, Int, PRNGKeyArray, PyTree


class AbstractData(eqx.Module):
    """Gives the batch of step i, inside the compiled loop.

    `init` prepares a cursor for the steps from `step` on; `next` hands out one batch and moves the
    cursor on. The cursor saves work (what decides the order of an epoch), never information.

    Law: the batch of a step depends on `key` and the step's number only. So a run may be cut into
    chunks, interrupted and resumed anywhere without changing what it sees.
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
        """How many steps the data last, or None where they never end."""
        return None

    @property
    def steps_per_epoch(self) -> int | Fraction | None:
        """How many steps see every example once; None if nothing like an epoch exists.

        A `Fraction` if the last batch of an epoch reaches into the next one: n epochs are the whole
        number of steps that n times this many are rounded up to.
        """
        return None

    @property
    def same_every_step(self) -> bool:
        """Whether the batch is the same at every step, so that the loss is one function."""
        return False

    def first(self, key: PRNGKeyArray | None = None) -> PyTree:
        """The batch of step 0; under `eqx.filter_eval_shape`, the shapes of every batch."""
        key = jr.key(0) if key is None else key
        step = jnp.asarray(0, "int32")
        return self.next(self.init(key, step), key, step)[0]


def as_examples(arrays: PyTree[ArrayLike]) -> tuple[PyTree[Array], int]:
    """A pytree as JAX arrays, and their common leading size; or an error that names the odd one.

    NumPy's arrays are converted, since inside compiled code they could not be indexed by a step.
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
