import jax
import jax.numpy as jnp
import pytest

import plugax as px
from plugax.problems import on_all_data


class Fit(px.AbstractLeastSquares):
    """u − x over batches of x."""

    x: jax.Array
    kind: type = px.Shuffled

    @property
    def data(self):
        return self.kind(self.x, 2) if self.kind is px.Shuffled else self.kind(self.x)

    def init(self, key):
        return jnp.asarray(0.0)

    def residuals(self, unknowns, batch, key):
        return unknowns - batch, {}


def test_every_step_sees_all_examples_and_the_kind_stays():
    problem = Fit(jnp.arange(6.0))
    whole = on_all_data(problem)
    assert whole.data.same_every_step
    assert whole.data.first() is problem.x
    assert isinstance(whole, Fit)
    assert whole.x is problem.x
    assert on_all_data(whole) is whole
    assert jax.tree.structure(on_all_data(problem)) == jax.tree.structure(whole)
    assert px.solve(whole, "levenberg-marquardt").unknowns == pytest.approx(2.5)


def test_variants_of_it_are_solved_too():
    problem = px.bounded(Fit(jnp.arange(6.0)), upper=2.0)
    solution = px.solve(on_all_data(problem), "levenberg-marquardt")
    assert solution.unknowns == pytest.approx(2.0)


def test_data_that_are_no_set_are_refused():
    assert px.Sequence(jnp.arange(3.0)).whole is None
    with pytest.raises(px.errors.UnsuitableProblemError, match="Sequence, which cannot be seen"):
        on_all_data(Fit(jnp.arange(6.0), px.Sequence))


def test_a_solver_that_needs_all_data_says_so():
    with pytest.raises(px.errors.UnsuitableProblemError, match=r"all data .* Fit has Shuffled"):
        px.solve(Fit(jnp.arange(6.0)), "levenberg-marquardt")
