"""What `NEW_name` promises besides the laws of its kind."""

import jax.numpy as jnp
import plugax as px

from NEW_package.NEW_module import NEW_class


class Slope(px.AbstractProblem):
    """J(u) = u: the gradient is 1 everywhere."""

    def init(self, key):
        return jnp.zeros(())

    def loss(self, unknowns, batch, key):
        return unknowns, {}


def test_its_steps_are_those_of_the_equation():
    solver = NEW_class(learning_rate=0.1, momentum=0.5)
    solution = px.solve(Slope(), solver, steps=3)
    # v = −0.1, then −0.15, then −0.175.
    assert jnp.allclose(solution.unknowns, -0.425)


def test_it_finds_the_coefficients_of_a_regression():
    exact = px.solve("regression", seed=0).metrics["coefficients"]
    found = px.solve("regression", NEW_class(), seed=0).metrics["coefficients"]
    assert jnp.allclose(jnp.asarray(found), jnp.asarray(exact), rtol=1e-3)
