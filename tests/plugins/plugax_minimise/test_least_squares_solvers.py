"""What `gauss-newton`, `levenberg-marquardt` and `dogleg` have in common."""

import equinox as eqx
import jax
import jax.lax as lax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
import pytest

import plugax as px

NAMES = ["gauss-newton", "levenberg-marquardt", "dogleg"]
ALL = pytest.mark.parametrize("solver", NAMES)


def most_slow(*quick):
    """All of them, of which those that share the code of the named are slow."""
    slow = pytest.mark.slow
    named = [name if name in quick else pytest.param(name, marks=slow) for name in NAMES]
    return pytest.mark.parametrize("solver", named)


class OneUnknown(px.AbstractLeastSquares):
    """A curve of one unknown, chosen by an array so that all curves are one program."""

    curve: jax.Array
    start: jax.Array

    def init(self, key):
        return self.start

    def residuals(self, unknowns, batch, key):
        return lax.switch(self.curve, [jnp.log, lambda u: 1 + jnp.abs(u)], unknowns), {}


def logarithm(start):
    return OneUnknown(jnp.asarray(0), jnp.asarray([start]))


def kink(start):
    return OneUnknown(jnp.asarray(1), jnp.asarray([start]))


@pytest.fixture
def lines(x64, linear):
    return linear(jr.normal(jr.key(0), (12, 4)), jr.normal(jr.key(1), (12,)))


@ALL
def test_linear_residuals_are_solved_by_the_first_step(lines, solver):
    solution = px.solve(lines, solver, steps=1)
    expected = np.linalg.lstsq(np.asarray(lines.matrix), np.asarray(lines.target))[0]
    np.testing.assert_allclose(solution.unknowns, expected, rtol=1e-12)


@ALL
def test_a_linear_problem_is_seen_to_be_solved_at_the_second_step(lines, solver):
    solution = px.solve(lines, solver)
    assert (solution.status.name, solution.steps) == ("converged", 2)


@ALL
def test_evaluations_are_counted(lines, solver):
    # A full step solves it, and the second step finds nothing left to do: each step linearises
    # once, which evaluates the residuals, and looks at one point.
    history = px.solve(lines, solver).history
    np.testing.assert_array_equal(history["function_evaluations"], [2, 4])
    np.testing.assert_array_equal(history["jacobian_evaluations"], [1, 2])


@ALL
@pytest.mark.usefixtures("x64")
def test_the_rosenbrock_valley_ends_at_one(rosenbrock, solver):
    solution = px.solve(rosenbrock(4), solver, rtol=1e-10)
    assert solution.status.name == "converged"
    np.testing.assert_allclose(solution.unknowns, np.ones(4), rtol=1e-9)


@ALL
def test_single_precision_converges_and_stays(rosenbrock, solver):
    solution = px.solve(rosenbrock(2), solver)
    assert solution.status.name == "converged"
    assert solution.unknowns.dtype == jnp.float32
    np.testing.assert_allclose(solution.unknowns, np.ones(2), rtol=1e-5)


@ALL
@pytest.mark.usefixtures("x64")
def test_the_loss_never_increases_but_along_a_valley(rosenbrock, solver):
    """Gauss–Newton may leave the floor of a valley, at most as often as there are unknowns."""
    loss = px.solve(rosenbrock(4), solver).history["loss"].values
    assert np.sum(np.diff(loss) > 0) <= (4 if solver == "gauss-newton" else 0)
    assert np.argmin(loss) == len(loss) - 1


def _overparametrised(u):
    """J = a aᵀ, of rank 1: a·u = 30 / 55 for the least loss."""
    a = jnp.arange(1.0, 6)
    return a * (a @ u) - jnp.asarray([1.0, 2, 3, 4, 0])


def _sum_and_square(u):
    """J is singular at the minimum alone, u = (1, −1): the second residual is a square."""
    return jnp.stack([u[0] + u[1], (u[0] - 1) ** 2])


@ALL
@pytest.mark.usefixtures("x64")
@pytest.mark.parametrize(
    ("residuals", "size", "least"),
    [(_overparametrised, 5, (30 - 30**2 / 55) / 2), (_sum_and_square, 2, 0)],
)
def test_a_minimum_where_the_jacobian_is_singular_is_one(curve, solver, residuals, size, least):
    solution = px.solve(curve(residuals, jnp.full(size, 3.0)), solver)
    assert solution.status.name == "converged"
    loss = np.sum(residuals(solution.unknowns) ** 2) / 2
    np.testing.assert_allclose(loss, least, rtol=1e-9, atol=1e-20)


@ALL
@pytest.mark.usefixtures("x64")
def test_the_unit_of_an_unknown_does_not_matter(decay, solver):
    one, other = (
        px.solve(decay(jnp.asarray(unit), jnp.asarray(1.0), jnp.asarray(1.0)), solver)
        for unit in (1.0, 1e-9)
    )
    assert one.steps == other.steps
    np.testing.assert_allclose(other.unknowns[0] * 1e-9, one.unknowns[0], rtol=1e-7)


@most_slow("gauss-newton", "dogleg")
@pytest.mark.usefixtures("x64")
def test_unknowns_may_be_any_pytree_and_the_rest_of_it_stays(curve, solver):
    start = {"shape": (jnp.ones((2, 2)), jnp.asarray(3)), "function": jnp.tanh, "none": None}
    target = jnp.arange(4.0).reshape(2, 2)

    def residuals(u):
        return {"a": u["shape"][0] - target, "b": jnp.zeros(u["shape"][1].shape)}

    solution = px.solve(curve(residuals, start), solver)
    assert jax.tree.structure(solution.unknowns) == jax.tree.structure(start)
    np.testing.assert_allclose(solution.unknowns["shape"][0], target, atol=1e-12)
    assert solution.unknowns["shape"][1] == 3
    assert solution.unknowns["function"] is jnp.tanh


@ALL
@pytest.mark.usefixtures("x64")
def test_fewer_residuals_than_unknowns_are_fitted_exactly(curve, solver):
    problem = curve(lambda u: jnp.stack([u[0] * u[1] - 2, u[2] - 1]), jnp.ones(3))
    solution = px.solve(problem, solver)
    assert solution.status.name == "converged"
    np.testing.assert_allclose(solution.unknowns[0] * solution.unknowns[1], 2, rtol=1e-8)


@ALL
@pytest.mark.usefixtures("x64")
def test_an_unknown_without_effect_stays_where_it_was(curve, solver):
    problem = curve(lambda u: jnp.stack([u[0] ** 2 - 4, u[0] - 2]), jnp.array([3.0, 7.0]))
    solution = px.solve(problem, solver)
    assert solution.status.name == "converged"
    np.testing.assert_allclose(solution.unknowns, [2.0, 7.0], rtol=1e-8)


@ALL
@pytest.mark.usefixtures("x64")
def test_a_step_that_leads_nowhere_finite_is_shortened(solver):
    # From 3, a full step for log u leads to 3 − 3 log 3 < 0.
    solution = px.solve(logarithm(3.0), solver)
    assert solution.status.name == "converged"
    np.testing.assert_allclose(solution.unknowns, [1.0], rtol=1e-6)
    history = solution.history
    assert history["function_evaluations"].values[0] > 2
    assert np.isfinite(history["loss"].values).all()


@ALL
@pytest.mark.usefixtures("x64")
def test_residuals_that_are_not_finite_end_the_run(solver):
    solution = px.solve(logarithm(-1.0), solver)
    assert solution.status.name == "non-finite"
    assert "'loss'" in solution.status.message
    np.testing.assert_array_equal(solution.unknowns, [-1.0])


@ALL
@pytest.mark.usefixtures("x64")
def test_a_kink_at_the_minimum_is_not_called_converged(solver):
    # ½ (1 + |u|)² is least where its slope jumps: the residuals never become orthogonal to J.
    assert px.solve(kink(0.5), solver, steps=30).status.name == "stalled"


@most_slow("dogleg")
@pytest.mark.usefixtures("x64")
def test_a_population_equals_its_members(solver):
    class Random(px.AbstractLeastSquares):
        def init(self, key):
            return jr.normal(key, (2,))

        def residuals(self, unknowns, batch, key):
            return jnp.stack([10 * (unknowns[1] - unknowns[0] ** 2), 1 - unknowns[0]]), {}

    population = px.sweep(Random(), solver, over={"seed": range(3)})
    for seed in range(3):
        alone = px.solve(Random(), solver, seed=seed)
        np.testing.assert_allclose(population.unknowns[seed], alone.unknowns, rtol=1e-9)
        assert population.steps[seed] == alone.steps


@ALL
def test_changing_batches_are_refused(solver):
    class Batched(px.AbstractLeastSquares):
        @property
        def data(self):
            return px.Sequence(jnp.arange(5.0))

        def init(self, key):
            return jnp.zeros(1)

        def residuals(self, unknowns, batch, key):
            return unknowns - batch, {}

    with pytest.raises(px.errors.UnsuitableProblemError, match=r"FullBatch.*Sequence.*'gradient'"):
        px.solve(Batched(), solver)


@ALL
@pytest.mark.parametrize(
    ("start", "message"), [(1.0, "1.0, a Python number"), (jnp.ones(2, "complex64"), "complex")]
)
def test_unknowns_that_are_not_real_arrays_are_refused(curve, solver, start, message):
    with pytest.raises(px.PlugaxError, match=message):
        px.solve(curve(lambda u: jnp.real(jnp.zeros(2) + u), start), solver)


@ALL
def test_the_state_holds_arrays_only(rosenbrock, solver):
    problem = rosenbrock(3)
    made = px.solver(solver)
    state = made.init(problem, problem.init(jr.key(0)), jr.key(0))
    assert all(eqx.is_array(leaf) for leaf in jax.tree.leaves(state))


@most_slow("levenberg-marquardt")
@pytest.mark.usefixtures("x64")
def test_tolerances_can_be_swept_in_another_precision_than_the_unknowns(curve, solver):
    start = jnp.array([-1.2, 1.0], "float32")
    # Residuals stay, so that no method gets there in a few steps whatever the tolerance.
    residuals = lambda y: jnp.stack([y[1] - y[0] ** 2, 1 - y[0], y[0] * y[1] + 1])  # noqa: E731
    problem = curve(residuals, start)
    over = {"rtol": jnp.array([1e-1, 1e-6]), "atol": jnp.zeros(2)}
    population = px.sweep(problem, solver, over=over)
    assert population.unknowns.dtype == jnp.float32
    assert np.all(population.steps[0] < population.steps[1])
