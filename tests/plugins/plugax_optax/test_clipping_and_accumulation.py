"""What happens to a gradient before the optimizer sees it."""

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
import pytest

import plugax as px
import plugax_optax

# lbfgs and polyak_sgd read the loss of one batch, and refuse.
ACCUMULATE = sorted(set(plugax_optax.OPTIMIZERS) - {"lbfgs", "polyak_sgd"})
# One that has no state, one that counts steps, one that asks for the parameters, one that draws
# noise, one whose state is shaped otherwise than they are. All are accumulated by the same lines.
SORTS = ("sgd", "adam", "lamb", "noisy_sgd", "adafactor")


def accumulated(name):
    """An optimizer as a parameter, slow where one of its sort is there."""
    return pytest.param(name, "float32", marks=[] if name in SORTS else [pytest.mark.slow])


def update(optimizer, gradient):
    params = jax.tree.map(jnp.ones_like, gradient)
    return optimizer.update(gradient, optimizer.init(params), params)[0]


def test_the_norm_of_the_whole_gradient_is_bounded():
    gradient = {"a": jnp.asarray([3.0, 0.0]), "b": jnp.asarray(4.0)}
    clipped = update(px.optimizer("sgd", learning_rate=1.0, clip_norm=1.0), gradient)
    np.testing.assert_allclose(clipped["a"], [-0.6, 0.0], rtol=1e-6)
    np.testing.assert_allclose(clipped["b"], -0.8, rtol=1e-6)
    within = update(px.optimizer("sgd", learning_rate=1.0, clip_norm=6.0), gradient)
    np.testing.assert_allclose(within["b"], -4.0)


def test_every_component_is_bounded_before_the_norm():
    gradient = jnp.asarray([30.0, -40.0])
    by_value = px.optimizer("sgd", learning_rate=1.0, clip_value=3.0)
    np.testing.assert_allclose(update(by_value, gradient), [-3.0, 3.0])
    both = px.optimizer("sgd", learning_rate=1.0, clip_value=3.0, clip_norm=1.0)
    np.testing.assert_allclose(update(both, gradient), [-(0.5**0.5), 0.5**0.5], rtol=1e-6)


def test_a_bound_can_be_vmapped():
    norms = jnp.asarray([0.5, 1.0])
    made = lambda norm: px.optimizer("sgd", learning_rate=1.0, clip_norm=norm)  # noqa: E731
    found = jax.vmap(lambda norm: update(made(norm), jnp.asarray([3.0, 4.0])))(norms)
    np.testing.assert_allclose(found, -norms[:, None] * jnp.asarray([[0.6, 0.8]]), rtol=1e-6)


@pytest.mark.usefixtures("x64")
@pytest.mark.parametrize(
    ("name", "dtype"),
    [*map(accumulated, ACCUMULATE), ("adam", "float64"), ("noisy_sgd", "float64")],
)
def test_accumulated_gradients_make_the_update_of_their_mean(name, dtype, tree):
    params = tree(dtype)
    gradients = [
        jax.tree.map(lambda leaf, key=key: jr.normal(key, leaf.shape, dtype), params)
        for key in jr.split(jr.key(0), 3)
    ]
    optimizer = px.optimizer(name, accumulate=3)

    def run(optimizer):
        state, updates = optimizer.init(params), []
        for gradient in gradients:
            update, state = optimizer.update(gradient, state, params)
            updates.append(update)
        return updates

    *before, last = eqx.filter_jit(run)(optimizer)
    mean = jax.tree.map(lambda *leaves: sum(leaves[1:], start=leaves[0]) / 3, *gradients)
    alone = px.optimizer(name)
    expected, _ = eqx.filter_jit(alone.update)(mean, alone.init(params), params)
    assert not any(jnp.any(leaf) for leaf in jax.tree.leaves(before))
    for mine, yours in zip(jax.tree.leaves(last), jax.tree.leaves(expected), strict=True):
        assert mine.dtype == dtype
        np.testing.assert_allclose(mine, yours, rtol=1e-4 if dtype == "float32" else 1e-9)


def test_accumulation_can_be_vmapped_over_the_learning_rate():
    rates = jnp.asarray([0.1, 0.2])
    gradient = jnp.ones(2)

    def second(rate):
        optimizer = px.optimizer("sgd", learning_rate=rate, accumulate=2)
        state = optimizer.init(gradient)
        _, state = optimizer.update(gradient, state, gradient)
        return optimizer.update(3 * gradient, state, gradient)[0]

    np.testing.assert_allclose(jax.vmap(second)(rates), [[-0.2, -0.2], [-0.4, -0.4]], rtol=1e-6)
