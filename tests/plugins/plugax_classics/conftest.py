"""Double precision throughout: the published figures have more digits than single precision."""

import jax
import pytest

import plugax_classics  # noqa: F401 - before the first look-up, so that its annotations are checked


@pytest.fixture(autouse=True)
def double_precision():
    with jax.enable_x64(True):
        yield
