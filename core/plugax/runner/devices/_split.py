"""What is spread over several devices, and how.

A mesh has one axis of devices, and arrays are cut along one of theirs:

- `members`: the members of a population. Every device runs the whole loop for its own members, and
  none waits for another (`_over_devices.py`).
- `batch`: the examples of every batch. The state is on all devices; XLA adds up the gradients.
- `state`: the arrays of the solver's state, along their first axis that can be divided: the members
  of an ensemble, the variables of a model. XLA finds out what follows for all that is computed from
  them, and which parts the devices have to exchange.

Neither problems nor solvers know: the last two only add constraints to arrays of the loop.
"""

import dataclasses
from typing import Any

import equinox as eqx
import jax
import jax.lax as lax
import jax.numpy as jnp
import numpy as np
from jax.sharding import AxisType, Mesh, NamedSharding, PartitionSpec
from jaxtyping import Bool, Int, PyTree

from ...data import AbstractData
from ...data._block import streams_in
from ...errors import DeviceError
from ._device import Devices


@dataclasses.dataclass(frozen=True)
class Split:
    """Arrays cut into equal parts, one for each device of a mesh with one axis.

    Attributes:
        mesh: the devices.
        axis: the name of the mesh's axis, one of `AXES`.
    """

    mesh: Mesh
    axis: str

    @property
    def parts(self) -> int:
        """The number of devices."""
        return self.mesh.size

    def each(self, members: int, block: int | None = None) -> int:
        """The number of members of a device; what is missing at the end is filled with copies.

        At least a block, whose size decides how a member is rounded.
        """
        return max(-(-members // self.parts), block or 1)

    def cut(self, place: int | None = 0) -> NamedSharding:
        """The sharding of an array that is cut along an axis; whole on every device for None."""
        axes = () if place is None else (*(None,) * place, self.axis)
        return NamedSharding(self.mesh, PartitionSpec(*axes))

    @property
    def across(self) -> bool:
        """Whether the devices belong to several processes."""
        return len({device.process_index for device in self.mesh.devices.flat}) > 1

    def put(self, array: Any, sharding: NamedSharding) -> jax.Array:
        """An array of the host, the same in all processes, on the devices."""
        if not self.across:
            return jax.device_put(array, sharding)
        if isinstance(array, jax.Array) and jnp.issubdtype(array.dtype, jax.dtypes.prng_key):
            data = self.put(jax.random.key_data(array), sharding)
            return jax.random.wrap_key_data(data, impl=jax.random.key_impl(array))
        whole = np.asarray(array)
        return jax.make_array_from_callback(whole.shape, sharding, lambda index: whole[index])

    def shared(self, tree: PyTree) -> PyTree:
        """Results of a compiled program, whole in every process that is to read them."""
        if not self.across:
            return tree
        return _constrained(tree, lambda _: self.cut(None))

    def fits(self, size: int) -> bool:
        """Whether an axis of this size can be cut into equal parts."""
        return size > 0 and size % self.parts == 0

    def members(self, tree: PyTree, own: PyTree[bool]) -> PyTree[NamedSharding]:
        """The sharding of every array of a population: those of members cut, the others whole.

        Arguments:
            tree: arrays.
            own: which of them have a leading axis of members.
        """
        place = lambda x, mine: self.cut(0 if mine and self.fits(x.shape[0]) else None)  # noqa: E731
        return jax.tree.map(place, tree, own)

    def state(self, tree: PyTree) -> PyTree[NamedSharding]:
        """The sharding of every array of a state: of a population cut along its members."""
        if self.axis == "batch":
            return jax.tree.map(lambda _: self.cut(None), tree)
        if self.axis == "members":
            return self.members(tree, jax.tree.map(lambda x: x.ndim > 0, tree))
        return jax.tree.map(lambda x: self.cut(_first(self.fits, x)), tree)

    def batch(self, tree: PyTree) -> PyTree:
        """A batch within a compiled program, cut along its examples."""
        if self.axis != "batch":
            return tree
        return _constrained(tree, lambda x: self.cut(0 if x.ndim and self.fits(len(x)) else None))

    def inner(self, arrays: PyTree) -> PyTree:
        """The arrays of a state within the compiled loop of a single run."""
        if self.axis == "members":
            return arrays
        return jax.tree.map(lax.with_sharding_constraint, arrays, self.state(arrays))

    def order(
        self, active: Bool[np.ndarray, " members"], block: int | None
    ) -> Int[np.ndarray, " places"]:
        """For the members of each device in turn, the order of their blocks: active ones first.

        A device numbers its own members from 0 on.
        """
        each = self.each(active.size, block)
        own = np.zeros(each * self.parts, bool)
        own[: active.size] = active
        return np.argsort(~own.reshape(self.parts, each), axis=1, kind="stable").ravel()

    def rows(self, size: int) -> slice:
        """The rows of a batch that belong to the devices of this process; all if it is whole."""
        if self.axis != "batch" or not self.across or not self.fits(size):
            return slice(None)
        indices = self.cut().addressable_devices_indices_map((size,))
        places = [index[0] for index in indices.values() if index]
        first, last = min(p.start or 0 for p in places), max(p.stop or size for p in places)
        together = last - first == len(places) * size // self.parts
        return slice(first, last) if together else slice(None)

    def block(self, tree: PyTree, *, own: bool, rows: int | None = None) -> PyTree:
        """Batches of several steps, from the host to the devices.

        Arguments:
            tree: arrays with a leading axis of steps; before it that of members, if each has its
                own.
            own: whether there is one of members.
            rows: the length of a batch, if the arrays have only the rows of this process.
        """
        axis = {"members": 0 if own else None, "batch": 1}.get(self.axis)

        def one(x: np.ndarray) -> jax.Array:
            if rows is not None:
                shape = (len(x), rows, *x.shape[2:])
                return jax.make_array_from_process_local_data(self.cut(1), x, shape)
            cut = axis is not None and x.ndim > axis and self.fits(x.shape[axis])
            return self.put(x, self.cut(axis if cut else None))

        return jax.tree.map(one, tree)

    def placed(self, tree: PyTree) -> PyTree:
        """A state with its arrays where they belong."""
        arrays, rest = eqx.partition(tree, eqx.is_array)
        return eqx.combine(jax.device_put(arrays, self.state(arrays)), rest)


def _first(fits: Any, array: Any) -> int | None:
    """The first axis that fits; None if there is none, and for random keys."""
    if jnp.issubdtype(array.dtype, jax.dtypes.prng_key):
        return None
    return next((place for place, size in enumerate(array.shape) if fits(size)), None)


def _constrained(tree: PyTree, sharding: Any) -> PyTree:
    one = lambda x: lax.with_sharding_constraint(x, sharding(x)) if eqx.is_array(x) else x  # noqa: E731
    return jax.tree.map(one, tree)


def split_of(devices: Devices, data: AbstractData, *, population: bool) -> Split | None:
    """What is spread over the devices of a run; None for a single device.

    Arguments:
        devices: the devices, and what the user wants to be spread.
        data: the data of the run.
        population: whether the run has members.

    Errors: `DeviceError` if there is nothing to spread, or a batch cannot be divided.
    """
    count = len(devices.found)
    if count == 1:
        return None
    if population != (devices.axis == "members") and devices.axis is not None:
        what = "its members" if population else "'batch' or 'state', as in 'batch=4'"
        raise DeviceError(
            f"{'A population' if population else 'A single run'} is spread over devices by {what}; "
            f"got {devices.axis!r}."
        )
    axis = "members" if population else devices.axis or _usual(data, count)
    if axis == "batch":
        _check_batch(data, count)
    mesh = jax.make_mesh((count,), (axis,), (AxisType.Auto,), devices=devices.found)
    return Split(mesh, axis)


def _examples(data: AbstractData) -> set[int]:
    """The lengths of the leading axes of a batch."""
    shapes = jax.tree.leaves(eqx.filter_eval_shape(data.first))
    return {x.shape[0] for x in shapes if getattr(x, "shape", ())}


def _usual(data: AbstractData, count: int) -> str:
    """What is spread if the user does not say: the batch if there are examples, or the state."""
    if data.same_every_step:
        sizes = _examples(data)
        return "batch" if len(sizes) == 1 and not max(sizes) % count else "state"
    return "batch" if data.whole is not None or streams_in(data) else "state"


def _check_batch(data: AbstractData, count: int) -> None:
    """Raise if a batch cannot be cut into equal parts."""
    sizes = sorted(size for size in _examples(data) if size % count)
    if sizes:
        size = sizes[-1]
        less, more = size // count * count, -(-size // count) * count
        better = f"{less} or {more}" if less else f"{more}"
        raise DeviceError(
            f"A batch of {size} cannot be divided among {count} devices. Choose a batch size that "
            f"is a multiple of {count}, such as {better}, another number of devices, or spread the "
            f"state: devices='state={count}'."
        )
