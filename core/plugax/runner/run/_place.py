"""Before a run: checks of the call, and the placement of arrays on a device."""

import dataclasses
import warnings

import equinox as eqx
import jax
import jax.numpy as jnp

from ...errors import PlugaxError, PrecisionWarning
from ...problems import AbstractProblem
from ..devices._blocks import of_members
from ..devices._device import Devices
from ..loop._program import Task


def place(task: Task, devices: Devices) -> Task:
    """The task with all its arrays on the devices that the user has chosen, if any.

    Of a population that is spread over several, each has the arrays of its members.
    """
    if not devices.chosen:
        return task
    arrays, rest = eqx.partition(task, eqx.is_array)
    split = task.split
    if split is None:
        return eqx.combine(jax.device_put(arrays, devices.first), rest)
    parts = (arrays.problem, arrays.solver, arrays.prepared, arrays.key)
    own = jax.tree.map(lambda _: False, parts)
    own = own if task.axes is None else of_members(parts, task.axes)
    placed = jax.tree.map(split.put, parts, split.members(parts, own))
    names = ("problem", "solver", "prepared", "key")
    return eqx.combine(dataclasses.replace(arrays, **dict(zip(names, placed, strict=True))), rest)


def check_call(problem: AbstractProblem, *, seed: int, chunk: int | None) -> None:
    """Raise or warn before anything is compiled.

    Errors: `PlugaxError` for an invalid number. Warns with `PrecisionWarning` if the problem wants
    float64 and JAX has it switched off.
    """
    # Keys are made from a signed integer of 64 bits, steps are counted in one of 32.
    numbers = {"seed": (seed, 0, 2**63), "chunk": (chunk, 1, 2**31)}
    for name, (value, least, beyond) in numbers.items():
        if value is None and name == "chunk":
            continue
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value < beyond:
            raise PlugaxError(
                f"{name} must be a whole number from {least} to {beyond - 1}; got {value!r}."
            )
    if problem.precision == "float64" and jnp.result_type(float) != "float64":
        warnings.warn(
            f"{type(problem).__name__} is meant for float64, and JAX makes float32 here. Switch "
            'float64 on with `jax.config.update("jax_enable_x64", True)` before the problem is '
            "made, or with JAX_ENABLE_X64=1; the command line does this by itself.",
            PrecisionWarning,
            stacklevel=3,
        )
