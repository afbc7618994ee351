"""Success means a minimum, in the problem's own scale; what is none says so."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import plugax as px

pytestmark = pytest.mark.usefixtures("x64")

GRADIENTS = ["bfgs", "lbfgs", "nonlinear-cg", "newton", "optimistix-bfgs"]
SQUARES = ["gauss-newton", "levenberg-marquardt", "dogleg", "optimistix-levenberg-marquardt"]
SOLVERS = [*GRADIENTS, "nelder-mead", *SQUARES]
# One of each kind: those of one kind share their test of convergence.
KINDS = ["lbfgs", "newton", "optimistix-bfgs", "nelder-mead", "levenberg-marquardt"]


def slow_but_for_one_of_each_kind(names):
    return [name if name in KINDS else pytest.param(name, marks=pytest.mark.slow) for name in names]


QUICK = slow_but_for_one_of_each_kind(SOLVERS)
FIRST_ORDER = slow_but_for_one_of_each_kind(["bfgs", "lbfgs", "nonlinear-cg", "optimistix-bfgs"])


def polynomial(unit=1.0):
    """A fit of a polynomial of the year, uncentred: the columns are nearly parallel."""
    x = np.linspace(1.0, 1.5, 16)
    columns = np.stack([x**k for k in range(4)], axis=1) * np.array([1, 1e3, 1e-2, 1]) * unit
    y = np.cos(3 * x)
    found = np.linalg.lstsq(columns / unit, y)[0] / unit
    least = 0.5 * np.sum((columns @ found - y) ** 2)
    return jnp.asarray(columns), jnp.asarray(y), least


@pytest.mark.parametrize("solver", QUICK)
def test_nearly_parallel_columns_of_all_sizes_are_no_minimum_before_it_is_one(curve, solver):
    # The scaled Hessian has a condition of 10⁹, that of the raw one is 10¹⁵.
    columns, y, least = polynomial()
    problem = curve(lambda u: columns @ u - y, jnp.ones(4))
    solution = px.solve(problem, solver)
    loss = float(problem.loss(solution.unknowns, (), jax.random.key(0))[0])
    if solution.status.success:
        np.testing.assert_allclose(loss, least, rtol=1e-6)
    if solver != "nelder-mead":
        assert solution.status.name == "converged"


@pytest.mark.parametrize("solver", SOLVERS)
def test_neither_the_unit_of_the_unknowns_nor_that_of_the_loss_decides(decay, solver):
    usual = None

    def fit(*units):
        solution = px.solve(decay(*map(jnp.asarray, units)), solver)
        if solver.startswith("optimistix") and solution.status.name == "stalled":
            return usual  # its steps have units; its status is honest
        assert solution.status.name == "converged"
        return np.asarray(solution.unknowns) * units[:2]

    usual = fit(1.0, 1.0, 1.0)
    tolerance = 1e-4 if solver == "nelder-mead" else 1e-5
    for size in (1e-8, 1e8):
        np.testing.assert_allclose(fit(size, 1.0, 1.0), usual, rtol=tolerance)
        np.testing.assert_allclose(fit(1.0, size, 1.0), usual, rtol=tolerance)
        np.testing.assert_allclose(fit(1.0, 1.0, size), usual, rtol=tolerance)


@pytest.mark.parametrize("solver", QUICK)
def test_a_plateau_is_no_minimum(curve, solver):
    # Box, Hunter and Hunter's data of biochemical oxygen demand: where the rate is large, the model
    # is a constant, to rounding.
    x, y = jnp.array([1.0, 2, 3, 5, 7, 10]), jnp.array([109.0, 149, 149, 191, 213, 224])
    problem = curve(lambda b: b[0] * (1 - jnp.exp(-b[1] * x)) - y, jnp.array([1.0, 1.0]))
    solution = px.solve(problem, solver)
    if solution.status.success:
        np.testing.assert_allclose(solution.unknowns, [213.80940889, 0.54723748542], rtol=1e-5)
    # A step of 10⁴ from here, and the rate has no part in the loss.
    far = px.solve(curve(problem.function, jnp.array([150.0, 1000.0])), solver)
    if far.status.success:
        np.testing.assert_allclose(far.unknowns[0], y.mean(), rtol=1e-5)


class Saddle(px.AbstractProblem):
    """Down the gradient of the start, to the saddle between two minima."""

    def init(self, key):
        return jnp.array([1.0, 0.0])

    def loss(self, unknowns, batch, key):
        x, y = unknowns
        return x**2 - y**2 + y**4, {}


@pytest.mark.parametrize("solver", FIRST_ORDER)
def test_a_saddle_that_the_gradient_leads_to_is_no_minimum(solver):
    assert px.solve(Saddle(), solver).status.name in {"stalled", "not-converged"}


def test_second_derivatives_lead_away_from_such_a_saddle():
    solution = px.solve(Saddle(), "newton")
    assert solution.status.name == "converged"
    np.testing.assert_allclose(np.abs(solution.unknowns), [0, 0.5**0.5], atol=1e-6)


@pytest.mark.parametrize(
    "solver", ["lbfgs", "nonlinear-cg", pytest.param("bfgs", marks=pytest.mark.slow)]
)
def test_a_start_that_passes_the_test_is_left_by_the_last_step_all_the_same(curve, solver):
    near = 1 + 1e-7 * jnp.array([1.0, -2.0])
    problem = curve(lambda u: jnp.append(u - 1, 1.0), near)
    solution = px.solve(problem, solver)
    assert (solution.status.name, solution.steps) == ("converged", 2)
    np.testing.assert_allclose(solution.unknowns, np.ones(2), atol=1e-14)


@jax.custom_vjp
def bowl(u):
    return jnp.sum(jnp.asarray([1.0, 100.0]) * (u - 1) ** 2) + 3


bowl.defvjp(lambda u: (bowl(u), u), lambda u, c: (c * 2 * jnp.asarray([1.0, 100.0]) * (u - 1),))


class Bowl(px.AbstractProblem):
    """A loss that can be differentiated backwards only."""

    def init(self, key):
        return jnp.zeros(2)

    def loss(self, unknowns, batch, key):
        return bowl(unknowns), {}


class SquaredBowl(Bowl):
    """A loss whose gradient contains the value that cannot be differentiated forwards."""

    def loss(self, unknowns, batch, key):
        return bowl(unknowns) ** 2, {}


@pytest.mark.parametrize("problem", [Bowl(), SquaredBowl()])
@pytest.mark.parametrize("solver", FIRST_ORDER)
def test_a_loss_with_a_gradient_of_its_own_making_is_minimised(solver, problem):
    solution = px.solve(problem, solver)
    assert solution.status.name == "converged"
    np.testing.assert_allclose(solution.unknowns, np.ones(2), atol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("solver", [*FIRST_ORDER[:2], "newton"])
def test_many_unknowns_are_tested_by_conjugate_gradients(curve, solver):
    scales = jnp.logspace(0, 2, 150)
    problem = curve(lambda u: scales * (u - 1) + 0.1 * (u - 1) ** 2 + 2, jnp.zeros(150))
    solution = px.solve(problem, solver)
    assert solution.status.name == "converged"
    slope = jax.grad(lambda u: problem.loss(u, (), jax.random.key(0))[0])(solution.unknowns)
    # ½ ∇f·H⁻¹∇f, the Hessian being all but the squares of the scales.
    assert float(jnp.sum((slope / scales) ** 2)) < 1e-10


def test_a_stalled_run_says_so_and_is_not_taken_up(tmp_path):
    class Kink(px.AbstractProblem):
        def init(self, key):
            return jnp.array([1.0, -2.0])

        def loss(self, unknowns, batch, key):
            return jnp.sum(jnp.abs(unknowns - 0.3)) + unknowns[0] / 4, {}

    solution = px.solve(Kink(), "bfgs", out=tmp_path / "run")
    assert (solution.status.name, solution.status.success) == ("stalled", False)
    assert "float64" in solution.status.message
    with pytest.raises(px.PlugaxError, match="stalled"):
        px.resume(tmp_path / "run", problem=Kink(), steps=10_000)
