"""The memories of `bfgs` and `lbfgs`, against the textbook's formula."""

import equinox as eqx
import jax.numpy as jnp
import numpy as np
import pytest

import plugax as px
from plugax_minimise._bfgs import OPTIMISM

pytestmark = pytest.mark.usefixtures("x64")
SIZE = 7


def walk(count):
    """Gradients of a convex quadratic along a random walk."""
    random = np.random.default_rng(0)
    root = random.normal(size=(SIZE, SIZE))
    points = np.cumsum(random.normal(size=(count + 1, SIZE)), axis=0)
    gradients = points @ (root @ root.T + np.eye(SIZE))
    return np.diff(points, axis=0), np.diff(gradients, axis=0), gradients[1:]


def textbook(steps, changes, scale):
    """H after these steps from γ I: Nocedal and Wright 2006, equation 6.17."""
    inverse, identity = scale * np.eye(SIZE), np.eye(SIZE)
    for s, y in zip(steps, changes, strict=True):
        left = identity - np.outer(s, y) / (s @ y)
        inverse = left @ inverse @ left.T + np.outer(s, s) / (s @ y)
    return inverse


@eqx.filter_jit
def learn(memory, step, change, gradient, usable):
    return memory.learn(step, change, gradient, usable)


def taught(memory, count):
    for lesson in zip(*walk(count), strict=True):
        memory, direction = learn(memory, *map(jnp.asarray, lesson), jnp.asarray(True))
    return memory, direction


def empty_matrix():
    return px.solver("bfgs").empty_memory(jnp.zeros(SIZE))


def empty_steps(memory=4):
    return px.solver("lbfgs", memory=memory).empty_memory(jnp.zeros(SIZE))


@pytest.mark.parametrize("count", [1, 2, 9])
def test_bfgs_keeps_the_matrix_of_the_textbook(count):
    steps, changes, gradients = walk(count)
    scale = OPTIMISM * (steps[0] @ steps[0]) / (steps[0] @ changes[0])
    expected = textbook(steps, changes, scale)
    memory, direction = taught(empty_matrix(), count)
    np.testing.assert_allclose(memory.matrix, expected, rtol=1e-8, atol=1e-8)
    np.testing.assert_allclose(direction, -expected @ gradients[-1], rtol=1e-8)


# Fewer steps than there are slots, as many, and more: the oldest are forgotten.
@pytest.mark.parametrize("count", [1, 3, 4, 5, 11])
def test_lbfgs_is_bfgs_of_the_last_steps(count):
    kept = slice(max(count - 4, 0), count)
    steps, changes, gradients = walk(count)
    s, y = steps[-1], changes[-1]
    expected = textbook(steps[kept], changes[kept], (s @ y) / (y @ y)) @ gradients[-1]
    _, direction = taught(empty_steps(4), count)
    np.testing.assert_allclose(direction, -expected, rtol=1e-8)


BOTH = pytest.mark.parametrize("empty", [empty_matrix, empty_steps])


@BOTH
def test_what_is_not_usable_changes_no_direction(empty):
    memory, direction = taught(empty(), 6)
    gradient = jnp.asarray(walk(6)[2][-1])
    upwards = jnp.ones(SIZE)
    for step, change, usable in ((upwards, -upwards, True), (upwards, upwards, False)):
        _, again = learn(memory, step, change, gradient, jnp.asarray(usable))
        np.testing.assert_allclose(again, direction, rtol=1e-12)


@BOTH
def test_what_is_forgotten_has_no_effect(empty):
    _, expected = taught(empty(), 1)
    old = taught(empty(), 6)[0].keep(jnp.asarray(False))
    lesson = (jnp.asarray(array[0]) for array in walk(1))
    _, direction = learn(old, *lesson, jnp.asarray(True))
    np.testing.assert_allclose(direction, expected, rtol=1e-10)
