"""A function of one member for all members of a population, which are spread over devices.

Each device has a part of the members and runs the program for them alone: no device waits for
another before the end. If the members cannot be divided equally, copies of the last one fill the
parts; their results are left out.
"""

from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jax.extend.core import jaxpr_as_fun
from jax.sharding import PartitionSpec
from jaxtyping import Array, Int

from ._blocks import of_members, over_blocks
from ._split import Split


def over_devices(
    function: Callable[..., Any],
    axes: tuple[Any, ...],
    block: int | None,
    order: Int[Array, " places"] | None,
    split: Split,
) -> Callable[..., Any]:
    """`function` for all members, each part of them on a device, there as in `over_blocks`.

    Arguments:
        function: the function of one member.
        axes: as for `over_blocks`.
        block: as for `over_blocks`.
        order: for the members of each device in turn, the order in which they are put into blocks.
        split: the devices.
    """

    def spread(*arguments: Any) -> Any:
        arrays, rest = eqx.partition(arguments, eqx.is_array)
        own, shared = eqx.partition(arrays, of_members(arrays, axes))
        members = len(jax.tree.leaves(own)[0])
        missing = split.each(members, block) * split.parts - members
        own = jax.tree.map(lambda x: _filled(x, missing), own)
        static: list[Any] = []

        def part(own: Any, shared: Any, order: Any) -> Any:
            one = over_blocks(function, axes, block, order)
            found, others = eqx.partition(one(*eqx.combine(own, shared, rest)), eqx.is_array)
            static.append(others)
            return found

        # Traced here: within `shard_map` arrays carry the mesh in their types, and libraries that
        # compare types, as lineax does, would find those of constants to differ.
        shorter = lambda x: jax.ShapeDtypeStruct((len(x) // split.parts, *x.shape[1:]), x.dtype)  # noqa: E731
        parts = (jax.tree.map(shorter, own), shared, jax.tree.map(shorter, order))
        program, shapes = jax.make_jaxpr(part, return_shape=True)(*parts)
        results = jax.tree.structure(shapes)

        def traced(*arguments: Any) -> Any:
            return jax.tree.unflatten(results, jaxpr_as_fun(program)(*jax.tree.leaves(arguments)))

        cut, whole = PartitionSpec(split.axis), PartitionSpec()
        found = jax.shard_map(
            traced, mesh=split.mesh, in_specs=(cut, whole, cut), out_specs=cut, check_vma=False
        )(own, shared, order)
        return eqx.combine(jax.tree.map(lambda x: x[:members], found), static[-1])

    return spread


def _filled(array: Array, missing: int) -> Array:
    """The array with copies of its last member at the end."""
    if not missing:
        return array
    return jnp.concatenate([array, jnp.repeat(array[-1:], missing, axis=0)])
