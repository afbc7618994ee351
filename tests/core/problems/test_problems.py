"""What problems and their refinements promise a solver, on small ones of each kind."""

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
import pytest

import plugax as px

KEY = jr.key(0)


class Circles(px.AbstractLeastSquares):
    """A pytree of residuals, of several shapes, that is not linear in the unknowns."""

    centre: jax.Array

    def init(self, key):
        return {"x": jnp.asarray([3.0, -1.0]), "r": jnp.asarray(2.0)}

    def residuals(self, unknowns, batch, key):
        away = unknowns["x"] - self.centre
        radial = jnp.sqrt(jnp.sum(away**2)) - unknowns["r"]
        return {"away": away, "radial": (radial, jnp.outer(away, away))}, {"radius": unknowns["r"]}


class Line(px.AbstractLinearLeastSquares):
    """A straight line through the points of a batch."""

    x: jax.Array
    y: jax.Array

    def init(self, key):
        return jr.normal(key, (2,))

    @property
    def data(self):
        return px.FullBatch((self.x, self.y))

    def residuals(self, unknowns, batch, key):
        x, y = batch
        return unknowns[0] + unknowns[1] * x - y, {}


class Normal(px.AbstractLogDensity):
    """A normal density, but for its constant."""

    mean: jax.Array

    def init(self, key):
        return jnp.zeros_like(self.mean)

    def log_density(self, unknowns, batch, key):
        return -jnp.sum((unknowns - self.mean) ** 2) / 2, {"mean": self.mean}


LINE = Line(jnp.asarray([0.0, 1.0, 2.0]), jnp.asarray([1.0, 3.0, 6.0]))


def test_the_loss_of_least_squares_is_half_the_squared_norm_of_all_residuals():
    problem = Circles(jnp.asarray([0.5, 0.5]))
    unknowns = problem.init(KEY)
    residuals, metrics = problem.residuals(unknowns, (), KEY)
    loss, same = problem.loss(unknowns, (), KEY)
    flat = jnp.concatenate([jnp.ravel(leaf) for leaf in jax.tree.leaves(residuals)])
    assert flat.size == 2 + 1 + 4
    np.testing.assert_allclose(loss, flat @ flat / 2, rtol=1e-6)
    assert eqx.tree_equal(metrics, same)


def test_the_gradient_of_least_squares_is_the_adjoint_of_the_jacobian_on_the_residuals():
    with jax.enable_x64(True):
        problem = Circles(jnp.asarray([0.5, 0.5]))
        unknowns = problem.init(KEY)
        function = lambda unknowns: problem.residuals(unknowns, (), KEY)[0]  # noqa: E731
        residuals, pull_back = jax.vjp(function, unknowns)
        gradient = jax.grad(lambda unknowns: problem.loss(unknowns, (), KEY)[0])(unknowns)
        for a, b in zip(
            jax.tree.leaves(gradient), jax.tree.leaves(pull_back(residuals)[0]), strict=True
        ):
            np.testing.assert_allclose(a, b, rtol=1e-14)


def test_one_newton_step_from_anywhere_solves_linear_least_squares():
    with jax.enable_x64(True):
        line = Line(jnp.asarray([0.0, 1.0, 2.0]), jnp.asarray([1.0, 3.0, 6.0]))
        function = lambda unknowns: line.residuals(unknowns, line.data.first(), KEY)[0]  # noqa: E731
        expected = np.polynomial.polynomial.polyfit(line.x, line.y, 1)
        for seed in range(3):
            start = line.init(jr.key(seed))
            jacobian = jax.jacobian(function)(start)
            step = np.linalg.lstsq(jacobian, -function(start))[0]
            np.testing.assert_allclose(start + step, expected, rtol=1e-13)


def test_the_loss_of_a_log_density_is_its_negative():
    problem = Normal(jnp.asarray([1.0, 2.0]))
    unknowns = jnp.asarray([0.5, 0.0])
    density, _ = problem.log_density(unknowns, (), KEY)
    loss, metrics = problem.loss(unknowns, (), KEY)
    assert loss == -density
    np.testing.assert_array_equal(metrics["mean"], [1, 2])
    mode = jax.grad(lambda unknowns: problem.loss(unknowns, (), KEY)[0])(problem.mean)
    np.testing.assert_array_equal(mode, [0, 0])


def test_what_a_problem_does_not_bring_is_none_or_empty():
    problem = Normal(jnp.zeros(1))
    assert problem.data.first() == ()
    assert problem.data.steps is None
    assert problem.evaluate(jnp.zeros(1)) == {}
    assert problem.reference() is None
    assert problem.figures(None) == {}
    assert problem.recipes == {}
    assert problem.precision is None


def draw(problem, solution):
    return {"mean": (problem.mean, solution)}


def test_figures_come_from_the_function_that_the_class_names():
    class Drawn(Normal):
        figures_from = f"{__name__}:draw"

    class DrawnOtherwise(Drawn):
        def figures(self, solution):
            return super().figures(solution) | {"other": solution}

    assert Drawn(1.0).figures("run") == {"mean": (1.0, "run")}
    assert DrawnOtherwise(1.0).figures("run") == {"mean": (1.0, "run"), "other": "run"}


@pytest.mark.parametrize("target", ["nowhere:draw", f"{__name__}:drew", "no target"])
def test_figures_from_a_function_that_is_not_there_are_an_error(target):
    class Drawn(Normal):
        figures_from = target

    with pytest.raises(px.PlugaxError, match=r"Drawn\.figures_from names no function: ") as caught:
        Drawn(1.0).figures(None)
    assert repr(target) in str(caught.value)


def test_the_batch_of_a_problem_is_that_of_its_data():
    assert eqx.tree_equal(LINE.data.first(), (LINE.x, LINE.y))


@pytest.mark.parametrize("problem", [Circles(jnp.ones(2)), LINE, Normal(jnp.ones(2))])
def test_problems_are_pytrees_traced_once_and_vmapped(problem):
    traces = []

    @eqx.filter_jit
    def loss(problem, unknowns):
        traces.append(None)
        return problem.loss(unknowns, problem.data.first(), KEY)[0]

    unknowns = problem.init(KEY)
    again = jax.tree.unflatten(jax.tree.structure(problem), jax.tree.leaves(problem))
    np.testing.assert_array_equal(loss(problem, unknowns), loss(again, unknowns))
    other = jax.tree.map(lambda leaf: leaf + 1, problem)
    assert loss(other, unknowns) != loss(problem, unknowns)
    assert len(traces) == 1
    both = jax.tree.map(lambda *leaves: jnp.stack(leaves), problem, other)
    together = eqx.filter_vmap(loss, in_axes=(0, None))(both, unknowns)
    np.testing.assert_allclose(
        together, [loss(problem, unknowns), loss(other, unknowns)], rtol=1e-6
    )


@pytest.mark.parametrize(
    ("kind", "missing"),
    [
        (px.AbstractProblem, "loss"),
        (px.AbstractLeastSquares, "residuals"),
        (px.AbstractLinearLeastSquares, "residuals"),
        (px.AbstractLogDensity, "log_density"),
    ],
)
def test_a_problem_without_its_essence_cannot_be_made(kind, missing):
    with pytest.raises(TypeError, match=missing):
        type("Incomplete", (kind,), {"init": lambda self, key: 0})()


def test_a_refinement_is_what_it_refines():
    assert issubclass(px.AbstractLinearLeastSquares, px.AbstractLeastSquares)
    assert issubclass(px.AbstractLeastSquares, px.AbstractProblem)
    assert issubclass(px.AbstractLogDensity, px.AbstractProblem)
