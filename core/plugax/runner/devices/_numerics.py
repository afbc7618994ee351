"""The settings of JAX that decide on results, sent to other programs."""

import contextlib
from collections.abc import Iterator, Mapping
from typing import Any

import jax

NAMES = (
    "jax_enable_x64",
    "jax_default_matmul_precision",
    "jax_default_prng_impl",
    "jax_threefry_partitionable",
)


def numerics() -> dict[str, Any]:
    """The settings of this program."""
    return {name: getattr(jax.config, name) for name in NAMES}


@contextlib.contextmanager
def with_numerics(settings: Mapping[str, Any]) -> Iterator[None]:
    """Take over the settings of another program, and give them back at the end."""
    before = numerics()
    try:
        for name, value in settings.items():
            jax.config.update(name, value)
        yield
    finally:
        for name, value in before.items():
            jax.config.update(name, value)
