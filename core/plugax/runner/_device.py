"""Devices by name."""

import re
from typing import Any

import jax
import jax.numpy as jnp

from ..errors import DeviceError

_NAME = re.compile(r"([a-z]+)(?::(\d+))?")


def find_device(name: str | None) -> Any:
    """The device called `cpu`, `gpu` or `tpu`, or one with an index, as in `gpu:1`.

    Arguments:
        name: the name; None for JAX's own choice.

    Errors: `DeviceError` if this machine, or this JAX, has no such device.
    """
    if name is None:
        return next(iter(jnp.zeros(()).devices()))
    match = _NAME.fullmatch(name)
    if match is None:
        raise DeviceError(f"A device is named like 'cpu', 'gpu' or 'gpu:1'; got {name!r}.")
    platform, index = match.group(1), int(match.group(2) or 0)
    try:
        devices = jax.local_devices(backend=platform)
    except RuntimeError as error:
        have = ", ".join(str(device) for device in jax.local_devices())
        raise DeviceError(
            f"There is no device {name!r} here; JAX sees {have}. A graphics card needs the JAX "
            'built for it, for instance `pip install "jax[cuda13]"`; `plugax doctor` tells more.'
        ) from error
    if index >= len(devices):
        raise DeviceError(
            f"There is no device {name!r} here: {platform} has {len(devices)}, counted from 0."
        )
    return devices[index]
