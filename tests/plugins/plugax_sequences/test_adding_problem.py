"""The adding problem: what is drawn, its baseline, and that an LSTM remembers."""

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
import pytest

import plugax as px
from plugax_sequences import AddingProblem
from plugax_sequences._adding_problem import draw


def test_two_numbers_are_marked_one_in_each_half():
    inputs, sums = draw(jr.key(0), 500, 10)
    numbers, marks = np.asarray(inputs[..., 0]), np.asarray(inputs[..., 1])
    np.testing.assert_array_equal(marks[:, :5].sum(axis=1), 1)
    np.testing.assert_array_equal(marks[:, 5:].sum(axis=1), 1)
    assert (marks.sum(axis=0) > 0).all()
    np.testing.assert_allclose(sums, (numbers * marks).sum(axis=1), rtol=1e-6)
    assert 0 <= numbers.min() < 0.01 < 0.99 < numbers.max() <= 1


def test_every_step_draws_others_and_the_same_again():
    data = AddingProblem(6, batch_size=3).data
    first, again, second = (
        data.next((), jr.key(0), jnp.asarray(step, "int32"))[0][0] for step in (0, 0, 1)
    )
    np.testing.assert_array_equal(first, again)
    assert not np.any(first[..., 0] == second[..., 0])


def test_to_answer_one_has_the_error_one_sixth():
    problem = AddingProblem(8, width=2)
    model = jax.tree.map(jnp.zeros_like, eqx.filter(problem.init(jr.key(0)), eqx.is_inexact_array))
    model = eqx.combine(model, problem.init(jr.key(0)))
    always_one = eqx.tree_at(lambda m: m.last.bias, model, jnp.ones(1))
    # The squared error of one example has the standard deviation √(7/180), of 4000 examples 0.0031.
    assert abs(problem.evaluate(always_one)["test_mse"] - 1 / 6) < 4 * 0.0031


@pytest.mark.slow
def test_a_short_one_is_learned():
    adam = px.solver("gradient", optimizer={"name": "adam", "learning_rate": 0.02})
    solution = px.solve(AddingProblem(4, width=8, batch_size=32), adam, steps=400)
    assert solution.metrics["test_mse"] < 0.1 / 6


@pytest.mark.slow
def test_an_lstm_adds_over_a_hundred_steps():
    assert px.solve(AddingProblem(100)).metrics["test_mse"] < 1e-3


@pytest.mark.parametrize(
    ("options", "message"),
    [({"length": 1}, "length is a number of 2 or more"), ({"batch_size": 0}, "batch_size is")],
)
def test_sizes_that_do_not_exist_are_refused(options, message):
    with pytest.raises(px.PlugaxError, match=message):
        AddingProblem(**options)
