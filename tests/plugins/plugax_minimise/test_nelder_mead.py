"""Nelder and Mead's simplex: SciPy's moves, kinks, holes and steps in the loss."""

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
import pytest
import scipy.optimize

import plugax as px


class Loss(px.AbstractProblem):
    """A loss given as a function of the unknowns, and the first of them."""

    function: object = eqx.field(static=True)
    start: object

    def init(self, key):
        return self.start

    def loss(self, unknowns, batch, key):
        return self.function(unknowns), {"first": jax.tree.leaves(unknowns)[0].ravel()[0]}


def valley(u):
    return jnp.sum(100 * (u[1:] - u[:-1] ** 2) ** 2 + (1 - u[:-1]) ** 2)


@pytest.mark.usefixtures("x64")
@pytest.mark.parametrize("size", [2, 4])
def test_it_moves_as_scipys_does(size):
    start = np.resize([-1.2, 1.0], size)
    problem = Loss(valley, jnp.asarray(start))
    evaluate = jax.jit(valley)
    count = 60
    # SciPy's count of iterations begins at 1, with the first simplex; so does ours.
    expected = scipy.optimize.minimize(
        lambda u: float(evaluate(u)),
        start,
        method="Nelder-Mead",
        options={"adaptive": True, "maxiter": count, "xatol": 0, "fatol": 0},
    )
    solution = px.solve(problem, "nelder-mead", steps=count)
    np.testing.assert_allclose(solution.unknowns, expected.x, rtol=1e-9)
    assert solution.history["function_evaluations"].values[-1] == expected.nfev


@pytest.mark.usefixtures("x64")
def test_the_rosenbrock_valley_ends_at_one():
    solution = px.solve(Loss(valley, jnp.array([-1.2, 1.0])), "nelder-mead")
    assert solution.status.name == "converged"
    np.testing.assert_allclose(solution.unknowns, np.ones(2), atol=1e-5)


def test_single_precision_stays_and_converges():
    solution = px.solve(Loss(valley, jnp.array([-1.2, 1.0])), "nelder-mead")
    assert solution.status.name == "converged"
    assert solution.unknowns.dtype == jnp.float32
    np.testing.assert_allclose(solution.unknowns, np.ones(2), atol=1e-3)


@pytest.mark.usefixtures("x64")
def test_a_kink_is_found():
    problem = Loss(lambda u: jnp.abs(u[0] - 2) + 2 * jnp.abs(u[1] + 1), jnp.array([1.0, 1.0]))
    solution = px.solve(problem, "nelder-mead")
    assert solution.status.name == "converged"
    np.testing.assert_allclose(solution.unknowns, [2, -1], atol=1e-5)


@pytest.mark.usefixtures("x64")
def test_where_the_loss_is_not_a_number_is_avoided():
    problem = Loss(lambda u: jnp.sum(u - jnp.log(u)), jnp.array([0.04, 8.0]))
    solution = px.solve(problem, "nelder-mead")
    assert solution.status.name == "converged"
    np.testing.assert_allclose(solution.unknowns, np.ones(2), atol=1e-4)
    assert np.all(np.isfinite(solution.history["loss"]))


def test_a_loss_that_is_not_finite_at_the_start_ends_the_run():
    solution = px.solve(Loss(lambda u: jnp.sum(jnp.log(u)), jnp.array([-1.0])), "nelder-mead")
    assert solution.status.name == "non-finite"


@pytest.mark.usefixtures("x64")
@pytest.mark.parametrize("start", [{"a": 1.0, "b": [2.0, 0.0]}, {"a": 0.0, "b": [0.0, 0.0]}])
def test_unknowns_may_be_any_pytree_and_zero(start):
    start = {"a": jnp.asarray(start["a"]), "b": jnp.asarray(start["b"]), "label": "kept"}
    problem = Loss(lambda u: (u["a"] - 3) ** 2 + jnp.sum((u["b"] + 1) ** 2), start)
    solution = px.solve(problem, "nelder-mead")
    assert solution.status.name == "converged"
    np.testing.assert_allclose(solution.unknowns["a"], 3, atol=1e-4)
    np.testing.assert_allclose(solution.unknowns["b"], -np.ones(2), atol=1e-4)
    assert solution.unknowns["label"] == "kept"


@pytest.mark.usefixtures("x64")
def test_one_unknown_will_do():
    solution = px.solve(Loss(lambda u: jnp.sum((u - 3) ** 2), jnp.ones(1)), "nelder-mead")
    assert solution.status.name == "converged"
    np.testing.assert_allclose(solution.unknowns, [3.0], atol=1e-4)


@pytest.mark.usefixtures("x64")
def test_metrics_are_those_of_the_best_vertex_and_the_loss_never_increases():
    problem = Loss(lambda u: jnp.sum((u - 3) ** 2), jnp.array([1.0]))
    history = px.solve(problem, "nelder-mead").history
    np.testing.assert_allclose((history["first"] - 3) ** 2, history["loss"], rtol=1e-12)
    assert np.all(np.diff(history["loss"].values) <= 0)
    assert history["first"][0] == 1


def test_the_state_holds_arrays_only():
    problem = Loss(valley, jnp.ones(3))
    state = px.solver("nelder-mead").init(problem, jnp.ones(3), jr.key(0))
    assert all(eqx.is_array(leaf) for leaf in jax.tree.leaves(state))
