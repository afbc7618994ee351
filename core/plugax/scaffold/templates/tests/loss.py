"""What the loss `NEW_class` promises."""

import jax
import jax.numpy as jnp
import pytest

from NEW_package.NEW_module import NEW_class


def test_its_derivative_is_the_hyperbolic_tangent():
    errors = jnp.asarray([-100.0, -1.0, 0.0, 0.5, 100.0])
    loss = NEW_class(reduction="sum")
    slopes = jax.grad(lambda prediction: loss(prediction, jnp.zeros(5)))(errors)
    assert jnp.allclose(slopes, jnp.tanh(errors))


def test_an_example_of_weight_zero_has_no_effect():
    prediction, target = jnp.asarray([1.0, jnp.inf]), jnp.zeros(2)
    value = NEW_class()(prediction, target, jnp.asarray([1.0, 0.0]))
    assert jnp.allclose(value, jnp.log(jnp.cosh(1.0)))


def test_nothing_is_broadcast():
    with pytest.raises(ValueError, match="one shape"):
        NEW_class()(jnp.zeros((3, 1)), jnp.zeros(3))
