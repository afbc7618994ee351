"""Devices by name."""

import dataclasses
import re
from collections.abc import Iterable
from typing import Any

import jax
import jax.numpy as jnp

from ...errors import DeviceError

AXES = ("members", "batch", "state")
"""What may be spread over several devices."""

_NAME = re.compile(r"([a-z]+)(?::(\d+))?")


@dataclasses.dataclass(frozen=True)
class Devices:
    """Where a run takes place.

    Attributes:
        found: the devices, all of one platform.
        chosen: whether the user has chosen them.
        axis: what is spread over them, one of `AXES`; None for what suits the run.
        several: whether the user has asked for several, of which there may be one.
    """

    found: tuple[Any, ...]
    chosen: bool = True
    axis: str | None = None
    several: bool = False

    @property
    def first(self) -> Any:
        """The device of what is not spread."""
        return next((d for d in self.found if d.process_index == jax.process_index()), None)

    @property
    def told(self) -> dict[str, Any]:
        """The devices as plain data."""
        first = self.found[0]
        told = {"platform": first.platform, "kind": first.device_kind, "index": first.id}
        return told if len(self.found) == 1 else told | {"indices": [d.id for d in self.found]}


def find_devices(
    device: str | None = None, devices: int | str | Iterable[str] | None = None
) -> Devices:
    """The devices of a run.

    Arguments:
        device: the name of one, as for `find_device`; None for JAX's choice.
        devices: several: how many, or their names, as a list or as text with commas; `"all"` for
            all of JAX's platform. In front of them may stand what is spread over them, as in
            `"batch=4"`.

    Errors: `DeviceError` if there are no such devices, or they are not of one platform.
    """
    if devices is None:
        return Devices((find_device(device),), chosen=device is not None)
    if device is not None:
        raise DeviceError(
            f"Give device or devices, not both; got device={device!r} and devices={devices!r}."
        )
    axis, given = None, devices
    if isinstance(given, str) and "=" in given:
        axis, _, given = (part.strip() for part in given.partition("="))
        if axis not in AXES:
            raise DeviceError(
                f"What is spread over devices is one of {', '.join(AXES)}, as in 'batch=4'; got "
                f"{devices!r}."
            )
    if isinstance(given, str):
        given = int(given) if given.isdecimal() else given.split(",")
    if given == ["all"]:
        found = tuple(jax.devices())
    elif isinstance(given, int):
        found = _first_devices(given)
    else:
        found = _named(list(given))
    chosen = Devices(found, axis=axis, several=True)
    if chosen.first is None:
        raise DeviceError(
            f"Every process of a run needs a device of its own; {devices!r} has none of process "
            f"{jax.process_index()} of {jax.process_count()}. 'all' are {jax.device_count()}."
        )
    return chosen


def _first_devices(count: int) -> tuple[Any, ...]:
    """The first devices of JAX's platform."""
    there = jax.devices()
    if isinstance(count, bool) or count < 1:
        raise DeviceError(f"The number of devices is at least 1; got {count!r}.")
    if count > len(there):
        raise DeviceError(
            f"There are no {count} devices here: {there[0].platform} has {len(there)}."
            + _virtual(there[0].platform, count)
        )
    return tuple(there[:count])


def _virtual(platform: str, count: int) -> str:
    """How a CPU has several devices."""
    if platform != "cpu":
        return ""
    return (
        " A CPU is one device, unless the environment has JAX_NUM_CPU_DEVICES="
        f"{count} before JAX starts; the command line sets that up to the number of cores."
    )


def _named(names: list[Any]) -> tuple[Any, ...]:
    """The devices of these names."""
    if not names or not all(isinstance(name, str) for name in names):
        raise DeviceError(
            f"Devices are a number or names, as in 4 or 'gpu:0,gpu:1'; got {names!r}."
        )
    found = [find_device(name.strip()) for name in names]
    if len(set(found)) < len(found):
        raise DeviceError(f"A device can be named once; got {', '.join(names)}.")
    if len({device.platform for device in found}) > 1:
        raise DeviceError(
            f"The devices of a run are of one platform; got {', '.join(names)}. A program is "
            "compiled for one platform: choose those of the faster."
        )
    return tuple(found)


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
            + _virtual(platform, index + 1)
        )
    return devices[index]
