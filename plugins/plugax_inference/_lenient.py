"""Blackjax under strict promotion."""

import contextlib
from collections.abc import Iterator

import jax


@contextlib.contextmanager
def lenient() -> Iterator[None]:
    """JAX's usual promotion of dtypes and ranks, on which blackjax relies, whatever is set."""
    with jax.numpy_dtype_promotion("standard"), jax.numpy_rank_promotion("allow"):
        yield
