"""The precision of a command is that of the command alone."""

import contextlib

import jax
import jax.numpy as jnp
import pytest

from plugax.cli._precision import precision


@pytest.mark.parametrize(
    ("around", "name"),
    [(False, "float32"), (False, "float64"), (False, None), (True, "float64"), (True, None)],
)
def test_after_a_command_the_precision_is_what_it_was(around, name):
    already = jax.enable_x64(True) if around else contextlib.nullcontext()
    with already, precision(name) as used:
        assert used == name or name is None
    assert jnp.result_type(float) == "float32"
