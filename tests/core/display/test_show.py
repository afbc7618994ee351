"""Values in one short line."""

import functools
from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import plugax as px
from plugax.display import show, show_tree


class Pair(NamedTuple):
    left: float
    right: np.ndarray


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.123456789, "0.123457"),
        (-0.0, "0"),
        (float("nan"), "nan"),
        (1 + 2j, "1+2j"),
        (None, "None"),
        (True, "True"),
        (12345678, "12345678"),
        ("a <b>", "a <b>"),
        ("two\n lines", "two lines"),
        (np.float32(3.1), "3.1"),
        (jnp.asarray(3.1), "3.1"),
        (jnp.asarray([1.5, 2.0]), "[1.5, 2]"),
        (np.arange(7), "int64[7]"),
        (np.zeros((1, 2)), "float64[1, 2]"),
        (jax.ShapeDtypeStruct((2,), "float32"), "float32[2]"),
        (jax.random.key(0), "key<fry>[]"),
        ([1.0, 2.0], "[1, 2]"),
        (list(range(9)), "[0, 1, 2, 3, 4, 5, … 9 in all]"),
        ((1, "a"), "(1, a)"),
        ([[1.0, 2.0]] * 3, "3 × 2 numbers"),
        ([], "[]"),
        ({"a": 3.1, "w": np.zeros((784, 10), "float32")}, '{"a": 3.1, "w": float32[784, 10]}'),
        (Pair(1.0, np.zeros(9)), "Pair(left=1, right=float64[9])"),
        (px.FullBatch(()), "FullBatch(arrays=())"),
        (np.mean, "mean"),
        (Pair, "Pair"),
    ],
)
def test_a_value_is_one_line(value, text):
    assert show(value) == text


def test_a_component_made_by_name_is_shown_as_it_was_asked_for():
    solver = px.solver("gradient", optimizer=px.optimizer("adam", learning_rate=0.5))
    assert show(solver) == "gradient(optimizer=adam(learning_rate=0.5))"


def test_what_is_long_is_cut():
    assert len(show("word " * 100)) <= 160
    assert show(functools.partial(print, "word " * 100)).endswith(" …")


def test_of_large_parts_of_a_pytree_only_the_numbers_are_counted():
    network = eqx.nn.MLP(2, 2, 8, 1, key=jax.random.key(0))
    unknowns = {"a": jnp.asarray(3.0), "network": network}
    assert show_tree(unknowns) == '{"a": 3, "network": MLP of 42 numbers in 4 arrays}'
    assert show_tree(network) == "MLP of 42 numbers in 4 arrays"
    many = {f"weight{i}": jnp.zeros(9) for i in range(20)}
    assert show_tree(many) == "dict of 180 numbers in 20 arrays"
    assert show_tree(jnp.zeros((2, 3))) == "float32[2, 3]"
