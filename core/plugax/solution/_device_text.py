"""The devices of a run in a few words."""

from collections.abc import Mapping
from typing import Any


def device_text(device: Mapping[str, Any]) -> str:
    """The name of the device, or of all: `cpu:0`, `gpu:0 to gpu:3`, `gpu:0, gpu:2`.

    Arguments:
        device: as in the provenance of a run.
    """
    numbers = device.get("indices", [device["index"]])
    names = [f"{device['platform']}:{number}" for number in numbers]
    if len(names) > 2 and numbers == list(range(numbers[0], numbers[0] + len(numbers))):
        return f"{names[0]} to {names[-1]}"
    return ", ".join(names)
