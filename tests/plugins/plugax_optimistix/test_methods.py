"""Optimistix's methods by name: its steps and answers, our states and test of a minimum."""

import inspect

import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
import optimistix as optx
import pytest

import plugax as px
import plugax_optimistix
from plugax.plugins import options_of

pytestmark = pytest.mark.usefixtures("x64")
MINIMISERS = {
    "bfgs": optx.BFGS(1e-8, 1e-8),
    "dfp": optx.DFP(1e-8, 1e-8),
    "lbfgs": optx.LBFGS(1e-8, 1e-8),
    "nonlinear-cg": optx.NonlinearCG(1e-8, 1e-8),
    "gradient-descent": optx.GradientDescent(0.1, 1e-8, 1e-8),
    "nelder-mead": optx.NelderMead(1e-8, 1e-8),
}
SQUARES = {
    "gauss-newton": optx.GaussNewton(1e-8, 1e-8),
    "levenberg-marquardt": optx.LevenbergMarquardt(1e-8, 1e-8),
    "indirect-levenberg-marquardt": optx.IndirectLevenbergMarquardt(1e-8, 1e-8),
    "dogleg": optx.Dogleg(1e-8, 1e-8),
}
METHODS = MINIMISERS | SQUARES
# Classes of optimistix that are not registered, and why.
EXCLUDED = {
    "GoldenSearch": "needs an interval",
    "OptaxMinimiser": "is the solver gradient",
    "BestSoFarMinimiser": "wraps a minimiser",
    "BestSoFarLeastSquares": "wraps a solver of least squares",
}


class Fit(px.AbstractLeastSquares):
    """A decay to a constant; unknowns in two arrays, and one that is no unknown."""

    batches: bool = False

    @property
    def data(self):
        x = jnp.linspace(0, 2, 8)
        y = 2 * jnp.exp(-1.3 * x) + 0.1 * jnp.sin(9 * x)
        return px.Shuffled((x, y), 4) if self.batches else px.FullBatch((x, y))

    def init(self, key):
        return {"height": jnp.ones((1,)), "rate": jnp.asarray(2.0), "count": jnp.asarray(3)}

    def residuals(self, unknowns, batch, key):
        x, y = batch
        misfit = unknowns["height"] * jnp.exp(-unknowns["rate"] * x) - y
        return misfit, {"largest": jnp.max(jnp.abs(misfit))}


class Density(px.AbstractProblem):
    """No least squares."""

    def init(self, key):
        return jnp.ones(2)

    def loss(self, unknowns, batch, key):
        return jnp.sum(jnp.cosh(unknowns - 2)), {}


def by_hand(method):
    """The solution of a fit by optimistix itself, of one vector."""
    problem = Fit()
    batch = problem.data.first()

    def residuals(vector, args):
        unknowns = {"height": vector[:1], "rate": vector[1]}
        return problem.residuals(unknowns, batch, jr.key(0))[0]

    def loss(vector, args):
        return jnp.sum(residuals(vector, args) ** 2) / 2

    start, options = jnp.array([1.0, 2.0]), {"max_steps": 3000, "throw": False}
    if isinstance(method, optx.AbstractMinimiser):
        return optx.minimise(loss, method, start, **options)
    return optx.least_squares(residuals, method, start, **options)


@pytest.mark.parametrize("name", METHODS)
def test_steps_and_answer_are_those_of_optimistix_by_hand(name):
    expected = by_hand(METHODS[name])
    solution = px.solve(Fit(), f"optimistix-{name}", steps=3000)
    assert solution.status.name == "converged"
    assert solution.steps == int(expected.stats["num_steps"])
    found = jnp.append(solution.unknowns["height"], solution.unknowns["rate"])
    np.testing.assert_allclose(found, expected.value, rtol=1e-12)
    assert solution.unknowns["count"] == 3


def test_every_method_is_registered_or_excluded_with_a_reason():
    kinds = optx.AbstractMinimiser, optx.AbstractLeastSquaresSolver
    public = {
        name
        for name, value in vars(optx).items()
        if inspect.isclass(value) and issubclass(value, kinds) and not inspect.isabstract(value)
    }
    made = {type(method).__name__ for method in METHODS.values()}
    assert {name for name in public if not name.startswith("Abstract")} == made | set(EXCLUDED)
    assert set(METHODS) == set(plugax_optimistix.SOLVERS)


@pytest.mark.parametrize("name", METHODS)
def test_options_are_those_of_optimistix_with_its_defaults(name):
    theirs = inspect.signature(type(METHODS[name])).parameters
    factory = px.default_manager().find("solver", f"optimistix-{name}").load()
    for option in options_of(factory):
        if option.name in theirs and theirs[option.name].default is not inspect.Parameter.empty:
            default = theirs[option.name].default
            assert option.default == getattr(default, "__name__", default)
        assert option.help
        assert not option.required


def test_options_reach_optimistix():
    options = {"rtol": 1e-6, "atol": 1e-5}
    method = optx.NonlinearCG(norm=optx.two_norm, method=optx.dai_yuan, **options)
    named = {"norm": "two_norm", "method": "dai_yuan", **options}
    solution = px.solve(Fit(), "optimistix-nonlinear-cg", **named)
    assert solution.steps == int(by_hand(method).stats["num_steps"])
    assert solution.steps != int(by_hand(MINIMISERS["nonlinear-cg"]).stats["num_steps"])


@jax.custom_vjp
def square(u):
    return u**2 + u - 2


square.defvjp(lambda u: (square(u), u), lambda u, cotangent: (cotangent * (2 * u + 1),))


def test_residuals_differentiated_backwards_only_need_the_option_for_it():
    class Backwards(px.AbstractLeastSquares):
        def init(self, key):
            return jnp.array([2.0, 3.0])

        def residuals(self, unknowns, batch, key):
            return square(unknowns), {}

    solution = px.solve(Backwards(), "optimistix-levenberg-marquardt", jac="bwd")
    assert solution.status.name == "converged"
    np.testing.assert_allclose(solution.unknowns, [1, 1], rtol=1e-8)


@pytest.mark.parametrize("options", [{"norm": "one_norm"}, {"rtol_": 1.0}, {"linear_solver": "qr"}])
def test_an_option_that_is_not_offered_is_refused(options):
    with pytest.raises((px.PlugaxError, ValueError), match=next(iter(options))):
        px.solver("optimistix-nonlinear-cg", **options)


@pytest.mark.parametrize("name", ["bfgs", "lbfgs", "nelder-mead", "levenberg-marquardt"])
def test_a_run_resumed_in_the_middle_is_the_uninterrupted_one_bit_for_bit(name, tmp_path):
    solver = f"optimistix-{name}"
    whole = px.solve(Fit(), solver)
    px.solve(Fit(), solver, steps=whole.steps // 2, out=tmp_path / "run")
    resumed = px.resume(tmp_path / "run", problem=Fit(), steps=1000)
    assert resumed.steps == whole.steps
    for part in ("height", "rate"):
        np.testing.assert_array_equal(resumed.unknowns[part], whole.unknowns[part])
    np.testing.assert_array_equal(resumed.history["loss"].values, whole.history["loss"].values)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["bfgs", "levenberg-marquardt", "nelder-mead"])
def test_metrics_are_those_of_the_point_a_step_starts_from(name):
    problem, solver = Fit(), px.solver(f"optimistix-{name}")
    batch, key = problem.data.first(), jr.key(0)
    state = solver.init(problem, problem.init(key), key)
    for _ in range(3):
        loss, metrics = problem.loss(state.unknowns, batch, key)
        state, found = solver.step(problem, state, batch, key)
        np.testing.assert_allclose(found["loss"], loss, rtol=1e-12)
        np.testing.assert_allclose(found["largest"], metrics["largest"], rtol=1e-12)


def test_least_squares_need_residuals():
    with pytest.raises(px.errors.UnsuitableProblemError, match="needs an AbstractLeastSquares"):
        px.solve(Density(), "optimistix-levenberg-marquardt")
    assert px.solve(Density(), "optimistix-bfgs").status.name == "converged"


def test_changing_batches_are_refused():
    with pytest.raises(px.errors.UnsuitableProblemError, match="FullBatch"):
        px.solve(Fit(batches=True), "optimistix-bfgs")


@pytest.mark.parametrize(
    ("start", "message"), [(jnp.array([1]), "no such array"), (jnp.array([1j]), "a complex array")]
)
def test_unknowns_are_real_numbers(start, message):
    class Odd(Density):
        def init(self, key):
            return start

    with pytest.raises(px.errors.UnsuitableProblemError, match=message):
        px.solve(Odd(), "optimistix-bfgs")


@pytest.mark.parametrize("name", ["lbfgs", "nelder-mead", "gauss-newton"])
def test_single_precision_works_among_double(name):
    class Single(px.AbstractLeastSquares):
        def init(self, key):
            return jnp.array([0.5, 0.5], "float32")

        def residuals(self, y, batch, key):
            return jnp.append(10 * (y[1:] - y[:-1] ** 2), 1 - y[:-1]), {}

    solution = px.solve(Single(), f"optimistix-{name}")
    assert solution.status.name == "converged"
    assert solution.unknowns.dtype == jnp.float32
    np.testing.assert_allclose(solution.unknowns, [1, 1], rtol=1e-3)


def test_a_collapsed_simplex_is_no_minimum():
    # Optimistix's simplex of three unknowns collapses here, where the gradient is 0.05.
    class Offset(Fit):
        def init(self, key):
            return jnp.array([1.0, 2.0, 0.5])

        def residuals(self, y, batch, key):
            x = jnp.linspace(0, 2, 7)
            data = 2 * jnp.exp(-1.3 * x) + 0.3 + 0.05 * jnp.sin(9 * x)
            return y[0] * jnp.exp(-y[1] * x) + y[2] - data, {}

    assert px.solve(Offset(), "optimistix-nelder-mead").status.name == "stalled"
