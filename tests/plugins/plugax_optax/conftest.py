"""Problems small enough to be solved in the head, and a driver simple enough to be trusted."""

import equinox as eqx
import jax
import jax.lax as lax
import jax.numpy as jnp
import jax.random as jr
import pytest
from jaxtyping import Array

from plugax import AbstractProblem


class Quadratic(AbstractProblem):
    """½ Σ λ (u − c)², from u = start."""

    curvature: Array
    centre: Array
    start: Array

    def init(self, key):
        return self.start

    def loss(self, unknowns, batch, key):
        return jnp.sum(self.curvature * (unknowns - self.centre) ** 2) / 2, {}


@pytest.fixture
def quadratic():
    """½ Σ λ (u − c)² in as many variables as there are curvatures."""

    def make(curvature=(1.0, 3.0, 10.0), centre=0.0, start=1.0, dtype=None):
        curvature = jnp.asarray(curvature, jnp.result_type(float) if dtype is None else dtype)
        return Quadratic(
            curvature, jnp.full_like(curvature, centre), jnp.full_like(curvature, start)
        )

    return make


@pytest.fixture
def drive():
    """The unknowns after some steps of a solver, and the losses on the way."""

    @eqx.filter_jit
    def run(solver, problem, steps, key):
        prepared = solver.prepare(problem, steps)
        state = solver.init(problem, problem.init(key), key, *prepared)
        batch = problem.data.first(key)
        arrays, rest = eqx.partition(state, eqx.is_array)

        def step(arrays, i):
            state, metrics = solver.step(
                problem, eqx.combine(arrays, rest), batch, jr.fold_in(key, i), *prepared
            )
            return eqx.filter(state, eqx.is_array), metrics["loss"]

        arrays, losses = lax.scan(step, arrays, jnp.arange(steps))
        return solver.unknowns(problem, eqx.combine(arrays, rest)), losses

    return lambda solver, problem, steps, seed=0: run(solver, problem, steps, jr.key(seed))


@pytest.fixture
def tree():
    """Parameters of every rank that optimizers treat differently."""

    def make(dtype=None):
        dtype = jnp.result_type(float) if dtype is None else dtype
        keys = jr.split(jr.key(3))
        return {
            "biases": 1 + jr.uniform(keys[0], (4,), dtype),
            "scalar": jnp.asarray(0.7, dtype),
            "weights": jr.normal(keys[1], (3, 4), dtype),
        }

    return make


def loss(tree):
    """A loss of any tree of arrays, with another curvature in every array."""
    leaves = enumerate(jax.tree.leaves(tree), start=1)
    return sum(i * jnp.sum(leaf**2) for i, leaf in leaves)


# One program for all updates of trees of one form.
loss_and_gradient = jax.jit(jax.value_and_grad(loss))


@pytest.fixture
def loss_of():
    """A loss of any tree of arrays, with another curvature in every array."""
    return loss


@pytest.fixture
def descend():
    """The parameters after some updates, and the optimizer's last state."""

    def run(init, update, params, steps=3, compiled=False):
        def step(params, state):
            value, grads = loss_and_gradient(params)
            updates, state = update(grads, state, params, value=value, grad=grads, value_fn=loss)
            return jax.tree.map(jnp.add, params, updates), state

        step = jax.jit(step) if compiled else step
        state = init(params)
        for _ in range(steps):
            params, state = step(params, state)
        return params, state

    return run
