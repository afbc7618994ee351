"""What `NEW_name` promises besides the laws of its kind."""

import jax.numpy as jnp

from NEW_package.NEW_module import NEW_class


def test_every_update_has_the_length_of_the_learning_rate():
    optimizer = NEW_class(learning_rate=0.3)
    params = {"a": jnp.zeros(2), "b": jnp.zeros(())}
    gradient = {"a": jnp.asarray([3.0, 0.0]), "b": jnp.asarray(-4.0)}
    updates, _ = optimizer.update(gradient, optimizer.init(params), params)
    assert jnp.allclose(updates["a"], jnp.asarray([-0.18, 0.0]))
    assert jnp.allclose(updates["b"], 0.24)
