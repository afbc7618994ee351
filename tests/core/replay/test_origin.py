"""The origin of a number that is not finite: its operation, its line, and the way to it."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from plugax.replay._origin import origin

X = jnp.arange(3.0)


def came(function, *inputs, output=0):
    """Where an output of a function comes from."""
    jaxpr = jax.make_jaxpr(function)(*inputs)
    return origin(jaxpr.jaxpr, jaxpr.consts, jax.tree.leaves(inputs), output)


def mask(x):
    return jax.nn.softmax(jnp.where(x > 10, x, -jnp.inf))


def branch(x):
    return jax.lax.cond(x[0] < 1, lambda x: 1 / x, lambda x: x, x)


def scan(x, reverse=False):
    def body(carry, t):
        low = carry[0] - t
        return (low, carry[1] + jnp.log(low)), low

    times = jnp.ones(6)
    return jax.lax.scan(body, (x[0] + 3.5, x[0]), times, reverse=reverse)[0][1]


def loop(x):
    def body(carry):
        return jnp.sqrt(carry[0] - 1), carry[1] + 1

    return jax.lax.while_loop(lambda carry: carry[1] < 5, body, (x[2], 0))[0]


@pytest.mark.parametrize(
    ("function", "name", "text"),
    [
        (lambda x: jnp.sum(jnp.log(x - 1)), "log", "jnp.log(x - 1)"),
        (lambda x: jnp.exp(x * 1000).mean(), "exp", "jnp.exp(x * 1000)"),
        (jax.jit(lambda x: 1 / x), "div", "1 / x"),
        (branch, "div", "lambda x: 1 / x"),
        (scan, "log", "jnp.log(low)"),
        (lambda x: scan(x, reverse=True), "log", "jnp.log(low)"),
        (loop, "sqrt", "jnp.sqrt(carry[0] - 1)"),
        (jax.vmap(lambda x: jnp.sqrt(x - 1)), "sqrt", "jnp.sqrt(x - 1)"),
        (lambda x: jnp.linalg.cholesky(jnp.diag(x - 1)), "cholesky", "jnp.linalg.cholesky"),
        (jax.grad(lambda x: jnp.linalg.norm(x * 0)), "div", "jnp.linalg.norm(x * 0)"),
        (jax.checkpoint(lambda x: jnp.log(x - 1)), "log", "jnp.log(x - 1)"),
    ],
)
def test_it_is_the_operation_whose_inputs_are_finite_and_the_line_it_comes_from(
    function, name, text
):
    found = came(function, X).operation
    assert found.name == name
    assert text in found.text
    assert found.file == __file__
    assert all(x.nans == x.infinities == 0 for x in found.inputs)
    assert any(x.nans or x.infinities for x in found.outputs)


def test_passes_of_loops_are_counted():
    assert came(scan, X).operation.inside == ("pass 3",)
    assert came(loop, X).operation.inside == ("pass 2",)
    slope = came(jax.grad(lambda x: scan(x)), X + 0.5).operation
    assert (slope.name, slope.inside) == ("div", ("pass 3",))
    assert "jnp.log(low)" in slope.text


def test_where_infinity_becomes_nan_is_told_too():
    found = came(jax.grad(lambda x: jnp.where(x > 0, jnp.sqrt(x), 0.0).sum()), X)
    assert (found.operation.name, found.became.name) == ("div", "mul")
    masked = came(mask, X)
    assert masked.operation is None  # the infinity is a constant of the program
    assert masked.became.name == "sub"


def test_infinities_that_reach_no_result_are_passed_over():
    def harmless(x):
        return jnp.where(x > 0, jnp.log(x), 0.0) + jnp.log(x - 5)

    found = came(harmless, X).operation
    assert "jnp.log(x - 5)" in found.text
    assert [str(x) for x in found.inputs] == ["float32[3]: -5 to -3"]
    assert came(lambda x: jnp.where(x > 0, jnp.log(x), 0.0), X).operation is None


def test_what_was_given_is_named_by_its_number():
    bad = X.at[1].set(jnp.nan)
    assert came(lambda x, y: x + y, X, bad).given == 1
    assert came(lambda x, y: jax.lax.cond(True, jnp.add, jnp.subtract, x, y), X, bad).given == 1
    step = lambda c, t: (c + t, c)  # noqa: E731
    assert came(lambda x, y: jax.lax.scan(step, x[0], y)[0], X, bad).given == 1
    assert came(lambda x, y: jax.lax.scan(step, y[1], x)[0], X, bad).given == 1
    turn = lambda i, c: c * 2  # noqa: E731
    assert came(lambda x, n: jax.lax.fori_loop(0, n, turn, x), bad, np.int32(3)).given == 0
