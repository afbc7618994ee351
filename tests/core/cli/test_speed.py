"""`plugax doctor --speed` times the same computation in all its forms."""

import json

import jax.numpy as jnp
import numpy as np
import pytest

from plugax.cli import _speed


@pytest.fixture
def quick(monkeypatch):
    monkeypatch.setattr(_speed, "SECONDS", 1e-3)
    monkeypatch.setattr(_speed, "STEPS", 2)


@pytest.mark.slow
def test_every_demonstration_has_three_times(call, quick):
    rows = json.loads(call("doctor", "--speed", "--json").out)
    assert len(rows) == 4
    assert all(row[name] > 0 for row in rows for name in ("plain", "compiled", "in_solver"))


def test_the_table_says_what_was_gained(call, quick):
    head, *rows = call("doctor", "--speed").out.splitlines()
    assert head.split() == ["plain", "compiled", "in", "a", "solver", "gain"]
    assert all(row.endswith("×") for row in rows)


def test_one_function_over_many_examples_is_that_function_on_each():
    weights = jnp.linspace(-1.0, 1.0, _speed.FEATURES)
    data = jnp.sin(jnp.arange(3.0 * _speed.FEATURES)).reshape(3, -1)
    for function in (_speed.predict, _speed.example_gradient):
        loop = jnp.stack([function(weights, features) for features in data])
        np.testing.assert_allclose(_speed.at_once(function, data)(weights), loop, rtol=1e-5)


def test_selu_is_that_of_the_paper():
    scale, alpha = 1.0507009873554805, 1.6732632423543772
    assert np.isclose(_speed.selu(jnp.asarray(2.0)), 2 * scale)
    assert np.isclose(_speed.selu(jnp.asarray(-30.0)), -scale * alpha)
