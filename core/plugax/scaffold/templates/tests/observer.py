"""What `NEW_name` promises besides the laws of its kind."""

import jax.numpy as jnp
import plugax as px

from NEW_package.NEW_module import NEW_class


class Plain(px.AbstractProblem):
    """J(u) = 1: nothing can be gained."""

    def init(self, key):
        return jnp.zeros(())

    def loss(self, unknowns, batch, key):
        return 0 * unknowns + 1, {}


def test_it_stops_a_run_that_no_longer_gets_better():
    observer = NEW_class(patience=20)
    solution = px.solve(Plain(), "gradient", steps=1000, chunk=10, observers=[observer])
    assert solution.status.name == "stopped"
    assert len(solution.history.step) == 30  # the first chunk, and two more
