"""What `bfgs`, `lbfgs`, `nonlinear-cg` and `newton` have in common."""

import equinox as eqx
import jax
import jax.lax as lax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
import pytest

import plugax as px

NAMES = ["bfgs", "lbfgs", "nonlinear-cg", "newton"]
ALL = pytest.mark.parametrize("solver", NAMES)
# Where the first three share the code that is tested.
TWO = pytest.mark.parametrize("solver", ["lbfgs", "newton"])
# Two that differ most where all are alike but for the direction.
MOST = pytest.mark.parametrize(
    "solver",
    [
        *("nonlinear-cg", "newton"),
        *(pytest.param(name, marks=pytest.mark.slow) for name in ("bfgs", "lbfgs")),
    ],
)
STIFFNESS = (1.0, 2.0, 3.0, 4.0)


class Loss(px.AbstractProblem):
    """A loss given as a function of the unknowns."""

    function: object = eqx.field(static=True)
    start: object

    def init(self, key):
        return self.start

    def loss(self, unknowns, batch, key):
        return self.function(unknowns), {}


LANDSCAPES = {
    "valley": lambda u: 100 * (u[1] - u[0] ** 2) ** 2 + (1 - u[0]) ** 2,
    "barrier": lambda u: jnp.sum(u - jnp.log(u)),
    "flat": lambda u: jnp.sum(0 * u),
    "kink": lambda u: jnp.sum(jnp.abs(u - 0.3)) + u[0] / 4,
}


class Landscape(px.AbstractProblem):
    """A loss of two unknowns, chosen by an array so that all of them are one program."""

    which: jax.Array
    factor: jax.Array
    start: jax.Array

    def __init__(self, name, start, factor=1.0):
        self.which = jnp.asarray(list(LANDSCAPES).index(name))
        self.factor, self.start = jnp.asarray(factor), jnp.asarray(start)

    def init(self, key):
        return self.start

    def loss(self, unknowns, batch, key):
        return self.factor * lax.switch(self.which, list(LANDSCAPES.values()), unknowns), {}


class Bowl(px.AbstractProblem):
    """½ Σ k (u_k − 1)², a quadratic."""

    def init(self, key):
        return {"u": jnp.zeros(4), "label": "kept"}

    def loss(self, unknowns, batch, key):
        u = unknowns["u"]
        return jnp.sum(jnp.asarray(STIFFNESS, u.dtype) * (u - 1) ** 2) / 2, {"first": u[0]}


@ALL
@pytest.mark.usefixtures("x64")
def test_a_quadratic_is_minimised_and_the_rest_of_the_unknowns_kept(solver):
    solution = px.solve(Bowl(), solver)
    assert solution.status.name == "converged"
    # A gradient of 1e-8 of the first, which is 5.5, over the smallest stiffness.
    np.testing.assert_allclose(solution.unknowns["u"], np.ones(4), atol=1e-7)
    assert solution.unknowns["label"] == "kept"


@ALL
@pytest.mark.usefixtures("x64")
def test_the_rosenbrock_valley_ends_at_one(rosenbrock, solver):
    solution = px.solve(rosenbrock(5), solver, rtol=1e-10)
    assert solution.status.name == "converged"
    # ‖∇f‖ ≤ 1e-10 of at most 1e3; the smallest curvature there is about 0.1.
    np.testing.assert_allclose(solution.unknowns, np.ones(5), atol=1e-6)


@MOST
def test_single_precision_stays_and_converges(rosenbrock, solver):
    solution = px.solve(rosenbrock(2), solver)
    assert solution.status.name == "converged"
    assert solution.unknowns.dtype == jnp.float32
    np.testing.assert_allclose(solution.unknowns, np.ones(2), rtol=1e-3)


@TWO
@pytest.mark.usefixtures("x64")
def test_single_precision_works_among_double(solver):
    start = jnp.array([-1.2, 1.0], "float32")
    problem = Loss(lambda y: 100 * (y[1] - y[0] ** 2) ** 2 + (1 - y[0]) ** 2, start)
    solution = px.solve(problem, solver)
    assert solution.status.name == "converged"
    assert solution.unknowns.dtype == jnp.float32


@TWO
@pytest.mark.usefixtures("x64")
def test_metrics_are_those_of_the_point_a_step_starts_from(solver):
    history = px.solve(Bowl(), solver).history
    stiffness = np.array(STIFFNESS)
    np.testing.assert_allclose(history["loss"][0], stiffness.sum() / 2, rtol=1e-12)
    np.testing.assert_allclose(history["gradient_norm"][0], np.linalg.norm(stiffness), rtol=1e-12)
    assert history["first"][0] == 0
    np.testing.assert_allclose(history["first"].values[-1], 1, rtol=1e-3)


@ALL
@pytest.mark.usefixtures("x64")
def test_the_loss_never_increases(rosenbrock, solver):
    history = px.solve(rosenbrock(5), solver).history
    assert np.all(np.diff(history["loss"].values) <= 0)
    evaluations = history["function_evaluations"].values
    assert np.all(np.diff(evaluations) >= 1)


@pytest.mark.usefixtures("x64")
@pytest.mark.parametrize(
    ("solver", "options", "most"),
    # Conjugate directions end after n exact line searches, one step to evaluate the start,
    # one that sees nothing left to gain, and Newton's last;
    # the others superlinearly, to a gradient of 1e-12 of the first.
    [
        ("nonlinear-cg", {"remaining_slope": 1e-3}, 11),
        ("bfgs", {}, 20),
        ("lbfgs", {}, 32),
        ("newton", {}, 5),
    ],
)
def test_a_quadratic_takes_few_steps(solver, options, most):
    scales = jnp.linspace(1.0, 50.0, 8)
    problem = Loss(lambda u: jnp.sum(scales * (u - 1) ** 2) / 2, jnp.zeros(8))
    solution = px.solve(problem, solver, **options)
    assert solution.status.name == "converged"
    assert solution.steps <= most


@TWO
@pytest.mark.usefixtures("x64")
def test_a_trial_that_is_not_a_number_shortens_the_step(solver):
    # From u = 10 a full step leads to where the logarithm is none.
    solution = px.solve(Landscape("barrier", [10.0, 4.0]), solver)
    assert solution.status.name == "converged"
    np.testing.assert_allclose(solution.unknowns, np.ones(2), rtol=1e-6)


@TWO
@pytest.mark.usefixtures("x64")
def test_a_loss_that_is_not_finite_at_the_start_ends_the_run(solver):
    solution = px.solve(Landscape("barrier", [-1.0, 1.0]), solver)
    assert solution.status.name == "non-finite"
    assert "'loss'" in solution.status.message


@TWO
@pytest.mark.usefixtures("x64")
def test_a_flat_start_has_converged(solver):
    solution = px.solve(Landscape("flat", [1.0, 1.0]), solver)
    assert solution.status.name == "converged"
    np.testing.assert_array_equal(solution.unknowns, np.ones(2))


@TWO
@pytest.mark.usefixtures("x64")
def test_a_kink_at_the_minimum_is_not_called_converged(solver):
    solution = px.solve(Landscape("kink", [1.0, -2.0]), solver, steps=60)
    assert solution.status.name in {"stalled", "not-converged"}
    assert np.all(np.isfinite(solution.unknowns))


@TWO
@pytest.mark.usefixtures("x64")
@pytest.mark.parametrize("factor", [1e-6, 1e6])
def test_the_unit_of_the_loss_does_not_matter_much(solver, factor):
    solution = px.solve(Landscape("valley", [-1.2, 1.0], factor), solver)
    assert solution.status.name == "converged"
    np.testing.assert_allclose(solution.unknowns, np.ones(2), atol=1e-4)


@ALL
def test_changing_batches_are_refused(solver):
    class Batched(Bowl):
        @property
        def data(self):
            return px.Shuffled(jnp.arange(6.0), batch_size=2)

    with pytest.raises(px.errors.UnsuitableProblemError, match=rf"{solver}.*FullBatch.*Shuffled"):
        px.solve(Batched(), solver)


@ALL
@pytest.mark.parametrize("start", [jnp.arange(2), jnp.ones(2, "complex64")])
def test_unknowns_that_are_not_real_arrays_are_refused(solver, start):
    with pytest.raises(px.errors.UnsuitableProblemError, match=r"floating-point|real unknowns"):
        px.solve(Loss(lambda u: jnp.sum(jnp.abs(u)), start), solver)


@ALL
def test_the_state_holds_arrays_only(solver):
    problem = Loss(lambda u: jnp.sum(u**2), jnp.ones(2))
    state = px.solver(solver).init(problem, jnp.ones(2), jr.key(0))
    assert all(eqx.is_array(leaf) for leaf in jax.tree.leaves(state))


@MOST
@pytest.mark.usefixtures("x64")
def test_a_wide_chain_of_valleys_is_walked_to_its_end(solver):
    # 30 unknowns; the only other minimum of the chain has u[0] near −1.
    start = jnp.full(30, 0.5)
    chain = lambda y: jnp.sum(100 * (y[1:] - y[:-1] ** 2) ** 2 + (1 - y[:-1]) ** 2)  # noqa: E731
    solution = px.solve(Loss(chain, start), solver, steps=3000)
    assert solution.status.name == "converged"
    np.testing.assert_allclose(solution.unknowns, np.ones(30), atol=1e-4)
