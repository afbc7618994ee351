"""A solution as a function: its derivative is that of the minimum."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import plugax as px

pytestmark = pytest.mark.usefixtures("x64")


class Ridge(px.AbstractLeastSquares):
    """½ ‖A u − b‖² + ½ λ ‖u‖², whose minimum is (AᵀA + λ I)⁻¹ Aᵀ b."""

    matrix: jax.Array
    right: jax.Array
    weight: jax.Array

    def init(self, key):
        return {"u": jnp.zeros(self.matrix.shape[1] - 1), "last": jnp.zeros(()), "count": 3}

    def residuals(self, unknowns, batch, key):
        u = jnp.append(unknowns["u"], unknowns["last"])
        return (self.matrix @ u - self.right, jnp.sqrt(self.weight) * u), {}


def ridge(size=4):
    rng = np.random.default_rng(0)
    return Ridge(*map(jnp.asarray, (rng.normal(size=(9, size)), rng.normal(size=9), 0.3)))


def formula(problem, free=slice(None)):
    matrix = problem.matrix[:, free]
    gram = matrix.T @ matrix + problem.weight * jnp.eye(matrix.shape[1])
    return jnp.linalg.solve(gram, matrix.T @ problem.right)


def found_by(solver, **options):
    def found(problem):
        unknowns = px.implicit(problem, solver, **options).unknowns
        return jnp.append(unknowns["u"], unknowns["last"])

    return found


def assert_close(one, other, rtol=1e-6):
    for a, b in zip(jax.tree.leaves(one), jax.tree.leaves(other), strict=True):
        np.testing.assert_allclose(a, b, rtol=rtol, atol=1e-9)


@pytest.mark.parametrize("solver", ["levenberg-marquardt", "gauss-newton", "bfgs", "newton"])
def test_the_derivative_is_that_of_the_formula(solver):
    found, problem = found_by(solver), ridge()
    assert_close(found(problem), formula(problem))
    total = lambda function: lambda problem: jnp.sum(jnp.sin(function(problem)))  # noqa: E731
    reverse = eqx.filter_jit(eqx.filter_grad(total(found)))(problem)
    assert_close(reverse, eqx.filter_grad(total(formula))(problem))

    def by_weight(function):
        put = lambda weight: eqx.tree_at(lambda p: p.weight, problem, weight)  # noqa: E731
        return lambda weight: function(put(weight))

    forward = jax.jacfwd(by_weight(found))(problem.weight)
    assert_close(forward, jax.jacfwd(by_weight(formula))(problem.weight))


def test_many_unknowns_need_products_with_the_hessian_alone(monkeypatch):
    monkeypatch.setattr("plugax.runner._implicit.DENSE", 3)
    total = lambda function: lambda problem: jnp.sum(function(problem) ** 2)  # noqa: E731
    found = found_by("bfgs")
    assert_close(eqx.filter_grad(total(found))(ridge()), eqx.filter_grad(total(formula))(ridge()))


class Curved(px.AbstractProblem):
    """(u² − a)² + b u: a minimum near √a that has no simple formula."""

    a: jax.Array
    b: jax.Array

    def init(self, key):
        return jnp.asarray(2.0)

    def loss(self, unknowns, batch, key):
        return (unknowns**2 - self.a) ** 2 + self.b * unknowns, {}


@pytest.mark.slow
def test_second_derivatives_and_members_agree_with_differences():
    def found(a):
        problem = Curved(a, jnp.asarray(0.3))
        return px.implicit(problem, "newton", rtol=1e-12, atol=1e-12).unknowns

    step = 1e-3
    at = jnp.asarray([1.0, 2.0, 3.0])
    values = {k: jax.vmap(found)(at + k * step) for k in (-1, 0, 1)}
    slope = (values[1] - values[-1]) / (2 * step)
    bend = (values[1] - 2 * values[0] + values[-1]) / step**2
    np.testing.assert_allclose(jax.vmap(jax.grad(found))(at), slope, rtol=1e-5)
    np.testing.assert_allclose(jax.vmap(jax.grad(jax.grad(found)))(at), bend, rtol=1e-4)


def test_it_equals_the_steps_at_a_minimum():
    """Gradient descent that has come to its end, unrolled, has the same derivative."""
    problem = ridge(2)
    options = {"optimizer": {"name": "sgd", "learning_rate": 0.05}, "tolerance": 1e-13}
    total = lambda run: lambda p: jnp.sum(run(p, "gradient", steps=2000, **options).unknowns["u"])  # noqa: E731
    implicit = eqx.filter_grad(total(px.implicit))(problem)
    assert_close(implicit, eqx.filter_grad(total(px.unrolled))(problem))
    assert px.implicit(problem, "gradient", steps=2000, **options).converged


def test_without_convergence_there_is_no_derivative():
    def found(weight):
        problem = eqx.tree_at(lambda p: p.weight, ridge(), weight)
        told = {"optimizer": "sgd", "tolerance": 1e-13, "steps": 3}
        return px.implicit(problem, "gradient", **told)

    solution = found(jnp.asarray(0.3))
    assert not solution.converged
    assert solution.steps == 3
    assert np.isfinite(solution.unknowns["u"]).all()
    assert np.isnan(jax.jacrev(lambda w: found(w).unknowns["u"])(jnp.asarray(0.3))).all()


def test_what_is_fixed_stays_fixed():
    def found(right):
        problem = eqx.tree_at(lambda p: p.right, ridge(), right)
        held = px.fixed(problem, lambda unknowns: unknowns["last"])
        return px.implicit(held, "levenberg-marquardt").unknowns["u"]

    def expected(right):
        return formula(eqx.tree_at(lambda p: p.right, ridge(), right), free=slice(3))

    right = ridge().right
    assert_close(jax.jacrev(found)(right), jax.jacrev(expected)(right))


class InBatches(Ridge):
    @property
    def data(self):
        return px.Shuffled((self.matrix, self.right), batch_size=3)

    def loss(self, unknowns, batch, key):
        return jnp.sum(unknowns["u"] ** 2), {}


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: InBatches(*jax.tree.leaves(ridge())), "other data at every step"),
        (lambda: px.bounded(Curved(jnp.ones(()), jnp.ones(())), lower=0.0), "need not vanish"),
    ],
)
def test_where_the_gradient_need_not_vanish_that_is_said(make, message):
    with pytest.raises(px.errors.UnsuitableProblemError, match=message):
        px.implicit(make(), "gradient", tolerance=1e-3)


def test_a_solver_has_to_know_when_it_has_converged():
    with pytest.raises(px.PlugaxError, match=r"has no test of that.*plugax\.unrolled"):
        px.implicit(ridge(), "gradient", steps=2)
