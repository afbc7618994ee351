"""BFGS: optimistix's method, our states and counts."""

import jax.numpy as jnp
import jax.random as jr
import numpy as np
import optimistix as optx
import pytest

import plugax as px


class Bowl(px.AbstractProblem):
    """½ Σ k (u_k − 1)², a quadratic."""

    def init(self, key):
        return {"u": jnp.zeros(4), "label": "kept"}

    def loss(self, unknowns, batch, key):
        u = unknowns["u"]
        stiffness = jnp.arange(1, 5).astype(u.dtype)
        return jnp.sum(stiffness * (u - 1) ** 2) / 2, {"first": u[0]}


@pytest.mark.usefixtures("x64")
def test_a_quadratic_is_minimised_and_the_rest_of_the_unknowns_kept():
    solution = px.solve(Bowl(), "bfgs")
    assert solution.status.name == "converged"
    np.testing.assert_allclose(solution.unknowns["u"], np.ones(4), rtol=1e-7)
    assert solution.unknowns["label"] == "kept"


def test_single_precision_stays(rosenbrock):
    solution = px.solve(rosenbrock(2), "bfgs")
    assert solution.status.name == "converged"
    assert solution.unknowns.dtype == jnp.float32
    np.testing.assert_allclose(solution.unknowns, np.ones(2), rtol=1e-3)


@pytest.mark.usefixtures("x64")
def test_single_precision_works_among_double(curve):
    start = jnp.array([-1.2, 1.0], "float32")

    def residuals(y):
        return 10 * (y[1:] - y[:-1] ** 2), 1 - y[:-1]

    solution = px.solve(curve(residuals, start), "bfgs")
    assert solution.status.name == "converged"
    assert solution.unknowns.dtype == jnp.float32


@pytest.mark.usefixtures("x64")
def test_it_finds_what_optimistix_finds_by_hand(rosenbrock):
    problem = rosenbrock(5)

    def loss(y, args):
        return problem.loss(y, (), jr.key(0))[0]

    method = optx.BFGS(rtol=1e-8, atol=1e-8)
    expected = optx.minimise(loss, method, problem.init(jr.key(0)), max_steps=1000)
    solution = px.solve(problem, "bfgs")
    np.testing.assert_allclose(solution.unknowns, expected.value, rtol=1e-10)
    assert solution.steps == expected.stats["num_steps"]


@pytest.mark.usefixtures("x64")
def test_metrics_are_those_of_the_point_a_step_starts_from():
    history = px.solve(Bowl(), "bfgs").history
    stiffness = np.arange(1.0, 5.0)
    loss, gradient = stiffness.sum() / 2, stiffness
    np.testing.assert_allclose(history["loss"].values[:2], [loss, loss], rtol=1e-12)
    np.testing.assert_allclose(history["gradient_norm"][0], np.linalg.norm(gradient), rtol=1e-12)
    np.testing.assert_array_equal(history["first"].values[:2], 0)
    np.testing.assert_allclose(history["first"].values[-1], 1, rtol=1e-4)
    assert np.all(np.diff(history["loss"].values) <= 0)
    assert history["gradient_norm"].values[-1] < 1e-6


@pytest.mark.usefixtures("x64")
def test_a_step_is_an_evaluation_and_a_gradient_where_it_is_accepted(rosenbrock):
    history = px.solve(rosenbrock(3), "bfgs").history
    steps = np.arange(1, history.sizes["step"] + 1)
    np.testing.assert_array_equal(history["function_evaluations"], steps)
    moved = history["step_norm"].values[1:] > 0
    counted = np.diff(history["gradient_evaluations"].values)
    np.testing.assert_array_equal(counted[moved], 1)
    assert set(counted) == {0, 1}


def test_a_loss_that_is_not_finite_ends_the_run(curve):
    solution = px.solve(curve(lambda u: jnp.log(u), jnp.array([-1.0])), "bfgs")
    assert solution.status.name == "non-finite"
    assert "'loss'" in solution.status.message


def test_changing_batches_are_refused():
    class Batched(Bowl):
        @property
        def data(self):
            return px.Shuffled(jnp.arange(6.0), batch_size=2)

    with pytest.raises(px.UnsuitableProblemError, match=r"FullBatch.*Shuffled"):
        px.solve(Batched(), "bfgs")
