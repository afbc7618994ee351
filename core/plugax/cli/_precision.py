"""Single or double precision for one command."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from ..errors import PlugaxError, PrecisionWarning, did_you_mean
from ._verbosity import tell

NAMES = ("float32", "float64")
HELP = "precision of all numbers; default: float64 for problems that need it, else float32"


@contextmanager
def precision(name: str | None, *, asked: bool = False) -> Iterator[str]:
    """Switch JAX to a precision, and back at the end; yields the precision in use.

    Arguments:
        name: `"float32"`, `"float64"`, or None for the present setting of JAX.
        asked: whether the user asked for it and therefore needs no warning.
    """
    import jax
    import jax.numpy as jnp

    if name is not None and name not in NAMES:
        raise PlugaxError(
            f"A precision is one of {' and '.join(NAMES)}; got {name!r}.{did_you_mean(name, NAMES)}"
        )
    before = jnp.result_type(float).name
    # Not switched if it is set already, maybe only for this thread.
    switches = name not in (None, before)
    if switches:
        jax.config.update("jax_enable_x64", name == "float64")
    try:
        with warnings.catch_warnings():
            if asked:
                warnings.simplefilter("ignore", PrecisionWarning)
            used = jnp.result_type(float).name
            tell("precision", used, "asked for" if asked else "the problem's" if name else "JAX's")
            yield used
    finally:
        if switches:
            jax.config.update("jax_enable_x64", before == "float64")
