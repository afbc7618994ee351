"""Settings that must be made before JAX starts, each with its reason. The user's settings are kept.

The command line starts JAX itself, so it may choose settings; the library never does. If JAX has
been imported already (in a notebook, in a test), nothing is changed.

`EQX_ON_ERROR=nan` was considered and left alone. It removes the host callbacks from compiled error
checks, so that more programs can be cached. But a check that fails then gives NaN or, for integers,
the largest integer, which an index clips to something plausible: a wrong result instead of an
error. The plugins that come with Plugax have no such checks in their loops.
"""

import dataclasses
import importlib.metadata
import logging
import os
import re
import sys
from collections.abc import Mapping, MutableMapping

from ._cache import bound, default_cache

# XLA on the CPU makes one kernel of a loop's body only if the arrays in it are small. With this
# bound, loops over a few hundred numbers run up to four times faster on jaxlib 0.10, up to twice as
# fast on 0.12. XLA does not document it. XLA ignores an unknown option of this kind, but an unknown
# *flag* ends the process, so nothing is set for versions that were not tested.
_THRESHOLD = "xla_cpu_small_while_loop_byte_threshold"
_EXTRA_OPTIONS = re.compile(r"""(--xla_backend_extra_options=["']?)""")
THRESHOLD_BYTES = 2**19
JAXLIB_TESTED = ((0, 10), (0, 13))  # from the first, up to but without the second


@dataclasses.dataclass(frozen=True)
class Setting:
    """The value of an environment variable that Plugax would set.

    Attributes:
        name: the name of the variable.
        value: the value to set; None if the variable is left alone.
        reason: why.
    """

    name: str
    value: str | None
    reason: str


def prepare(device: str | None = None, devices: int | str | None = None) -> None:
    """Make the settings, unless JAX has started.

    Arguments:
        device: the device that was asked for, if one was.
        devices: the devices that were asked for, if several were.

    Errors: `PlugaxError` for a bound of the compilation cache that cannot be read.
    """
    bound()
    # JAX warns that there may be another device; `plugax doctor` shows that, not every run.
    logging.getLogger("jax._src.xla_bridge").setLevel(logging.ERROR)
    if "jax" not in sys.modules:
        apply(settings(os.environ, jaxlib_version(), device, devices), os.environ)


def apply(chosen: list[Setting], environment: MutableMapping[str, str]) -> None:
    """Make settings in an environment."""
    for setting in chosen:
        if setting.value is not None:
            environment[setting.name] = setting.value


def settings(
    environment: Mapping[str, str],
    jaxlib: tuple[int, ...],
    device: str | None = None,
    devices: int | str | None = None,
) -> list[Setting]:
    """All settings that suit this environment.

    Arguments:
        environment: the variables that are set already.
        jaxlib: the version of jaxlib.
        device: the device that was asked for, if one was.
        devices: the devices that were asked for, if several were.
    """
    names = str(devices or "").rpartition("=")[2].split(",")
    chosen = [_loops(environment.get("XLA_FLAGS", ""), jaxlib), _cache(environment)]
    for name, value, reason in (
        (
            "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS",
            "0",
            "keep programs that compile quickly too: a run has many of them",
        ),
        (
            "JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES",
            "-1",
            "keep small programs too",
        ),
    ):
        chosen.append(_unless_set(environment, name, value, reason))
    if all(name.strip().partition(":")[0] == "cpu" for name in ([device] if device else names)):
        reason = "the CPU was asked for: no other device is started, and none of its memory used"
        chosen.append(_unless_set(environment, "JAX_PLATFORMS", "cpu", reason))
    count = _count(names)
    if count > 1:
        chosen.append(_cpu_devices(environment, count))
    return chosen


def _count(names: list[str]) -> int:
    """The number of CPU devices that are needed to have the devices asked for."""
    if names[0].strip().isdecimal():
        return int(names[0])
    numbers = [name.partition(":")[2] for name in names if name.strip().startswith("cpu:")]
    return max((int(number) + 1 for number in numbers if number.strip().isdecimal()), default=1)


def _cpu_devices(environment: Mapping[str, str], count: int) -> Setting:
    """As many devices as were asked for, out of the cores of the CPU."""
    name = "JAX_NUM_CPU_DEVICES"
    if "xla_force_host_platform_device_count" in environment.get("XLA_FLAGS", ""):
        return Setting(name, None, "as you have set it in XLA_FLAGS")
    if count > (os.cpu_count() or 1):
        return Setting(name, None, "more devices were asked for than the CPU has cores")
    return _unless_set(environment, name, str(count), "the CPU as several devices")


def _unless_set(environment: Mapping[str, str], name: str, value: str, reason: str) -> Setting:
    if name in environment:
        return Setting(name, None, "as you have set it")
    return Setting(name, value, reason)


def _loops(flags: str, jaxlib: tuple[int, ...]) -> Setting:
    """XLA_FLAGS as before, plus the bound below which loops become one kernel."""
    name, ours = "XLA_FLAGS", f"{_THRESHOLD}={THRESHOLD_BYTES}"
    if not JAXLIB_TESTED[0] <= jaxlib[:2] < JAXLIB_TESTED[1]:
        return Setting(name, None, f"{_THRESHOLD} was not tested with this jaxlib")
    if _THRESHOLD in flags:
        return Setting(name, None, "as you have set it")
    if flags.strip() and not flags.strip().startswith("-"):
        return Setting(name, None, "names a file, which is left unchanged")
    reason = "small loops run as one kernel on the CPU, up to four times faster"
    if _EXTRA_OPTIONS.search(flags):
        return Setting(name, _EXTRA_OPTIONS.sub(rf"\1{ours},", flags, count=1), reason)
    return Setting(name, f"{flags} --xla_backend_extra_options={ours}".strip(), reason)


def _cache(environment: Mapping[str, str]) -> Setting:
    """Where compiled programs are kept between runs."""
    name = "JAX_COMPILATION_CACHE_DIR"
    if name in environment:
        return Setting(name, None, "as you have set it")
    directory = default_cache()
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        return Setting(name, None, f"compiled programs are not kept: {error}")
    return Setting(name, str(directory), "keep compiled programs for the next run")


def jaxlib_version() -> tuple[int, ...]:
    """The version of jaxlib, as numbers; empty if it is not installed."""
    try:
        text = importlib.metadata.version("jaxlib")
    except importlib.metadata.PackageNotFoundError:
        return ()
    return tuple(int(part) for part in re.findall(r"\d+", text)[:3])
