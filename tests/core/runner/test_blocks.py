"""Members in blocks: the same members, in less memory."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jaxtyping import TypeCheckError

import plugax as px
from plugax.runner.loop import _compile
from plugax.runner.loop._program import Task

RATES = jnp.linspace(0.01, 0.3, 7)


@pytest.mark.parametrize("block", [1, 3, 100])
def test_members_are_the_same_in_any_blocks(bowl, descent, block):
    told = {"over": {"learning_rate": RATES, "seed": range(2)}, "steps": 20}
    solver = descent(jnp.asarray(0.1), tolerance=1e-2, noise=0.001)
    whole = px.sweep(bowl, solver, **told)
    blocked = px.sweep(bowl, solver, **told, block=block)
    np.testing.assert_array_equal(whole.steps, blocked.steps)
    # The same operations in another order of a vectorised program: rounding only.
    np.testing.assert_allclose(whole.unknowns, blocked.unknowns, rtol=1e-5)
    np.testing.assert_allclose(whole.metrics["norm"], blocked.metrics["norm"], rtol=1e-5)


def test_a_member_that_fails_stops_alone_in_its_block(cliff, descent):
    told = {"over": {"learning_rate": jnp.asarray([0.25, 0.015625, 0.5])}, "steps": 20}
    whole = px.sweep(cliff(), descent(jnp.asarray(0.1)), **told)
    blocked = px.sweep(cliff(), descent(jnp.asarray(0.1)), **told, block=2)
    assert whole.names.tolist() == blocked.names.tolist()
    np.testing.assert_array_equal(whole.unknowns, blocked.unknowns)


def test_what_does_not_fit_is_split(bowl, descent, monkeypatch):
    sizes = []

    def check(task, members, lasting, passing=0):
        block = task.block or members
        sizes.append(block)
        if block > 2:
            error = _compile._TooLargeError("too large")
            error.block = block // 2
            raise error

    monkeypatch.setattr(_compile, "_check_fits", check)
    solver = descent(jnp.asarray(0.1), noise=0.003)
    population = px.sweep(bowl, solver, over={"learning_rate": RATES}, steps=3)
    assert sizes[-1] <= 2
    assert population.success.all()


def test_the_size_of_blocks_follows_from_what_the_program_needs(monkeypatch, bowl, descent):
    task = Task(
        bowl, descent(), (), jax.random.split(jax.random.key(0), 10), axes=(None, None, None, 0)
    )
    monkeypatch.setattr(_compile, "free_memory", lambda _: 600)
    with pytest.raises(_compile._TooLargeError) as caught:
        _compile._check_fits(task, 10, 100, 1000)
    assert caught.value.block == 4  # 9/10 of 10 (600 − 100) / 1000
    monkeypatch.setattr("plugax._memory.free_memory", lambda _: 600)
    with pytest.raises(px.errors.OutOfMemoryError, match="all 10 members"):
        _compile._check_fits(task, 10, 700, 1000)


@pytest.mark.parametrize("block", [0, -1, 2.0, True])
def test_a_wrong_size_is_refused(bowl, descent, block):
    # Where annotations are checked, they speak first.
    with pytest.raises((px.PlugaxError, TypeCheckError), match=r"block must be a whole|'block'"):
        px.sweep(bowl, descent(), over={"seed": range(2)}, steps=2, block=block)
