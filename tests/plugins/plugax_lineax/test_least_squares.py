"""Linear least squares: certified answers, rank, and the laws of a direct solve."""

import json

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
import pytest

import plugax as px

pytestmark = pytest.mark.usefixtures("x64")

# NIST's linear problems, and the digits that a Householder factorisation reaches on them.
DIGITS = {"noint1": 14, "norris": 11.5, "longley": 10, "wampler1": 9, "wampler4": 7.5}


class Linear(px.AbstractLinearLeastSquares):
    """r(u) = A u − b."""

    matrix: jax.Array
    target: jax.Array
    start: jax.Array

    def init(self, key):
        return self.start

    def residuals(self, unknowns, batch, key):
        return self.matrix @ unknowns - self.target, {}


def linear(matrix, target, start=None):
    matrix, target = jnp.asarray(matrix), jnp.asarray(target)
    return Linear(matrix, target, jnp.zeros_like(matrix[0]) if start is None else start)


@pytest.fixture
def random():
    return jr.normal(jr.key(0), (12, 4)), jr.normal(jr.key(1), (12,))


@pytest.mark.parametrize("name", sorted(DIGITS))
@pytest.mark.parametrize("far", [False, True])
def test_certified_digits_are_reached(data_directory, name, far):
    path = data_directory / "nist-strd" / "linear" / f"{name}.json"
    if not path.is_file():
        pytest.skip(f"needs {path.name} in nist-strd/linear of the data directory")
    file = json.loads(path.read_text())
    x, certified = np.array(file["x"]), np.array([float(word) for word in file["certified"]])
    if file["degree"]:
        matrix = x ** np.arange(0 if file["intercept"] else 1, file["degree"] + 1)
    else:
        matrix = np.concatenate([np.ones_like(x[:, :1]), x], axis=1)
    start = jr.normal(jr.key(0), certified.shape) if far else None
    solution = px.solve(linear(matrix, np.array(file["y"]), start), "least-squares")
    assert solution.status.name == "converged"
    error = np.max(np.abs(solution.unknowns - certified) / np.abs(certified))
    assert -np.log10(error + 1e-17) > DIGITS[name]


def test_one_step_finds_the_answer_and_knows_it(random):
    solution = px.solve(linear(*random), "least-squares", steps=10)
    assert (solution.status.name, solution.steps) == ("converged", 1)
    expected = np.linalg.lstsq(*map(np.asarray, random))[0]
    np.testing.assert_allclose(solution.unknowns, expected, rtol=1e-12)


def test_what_it_reports_is_so(random):
    matrix, target = random
    history = px.solve(linear(matrix, target), "least-squares").history.isel(step=0)
    scaled = np.asarray(matrix) / np.linalg.norm(matrix, axis=0)
    assert history["rank"] == 4
    np.testing.assert_allclose(history["condition"], np.linalg.cond(scaled), rtol=1e-10)
    np.testing.assert_allclose(history["loss"], target @ target / 2, rtol=1e-12)
    # The residuals once with their derivatives, and once more at the first solve's answer.
    assert (history["function_evaluations"], history["jacobian_evaluations"]) == (2, 1)


def test_the_units_of_the_unknowns_do_not_matter(random):
    matrix, target = random
    units = jnp.array([1e-12, 1.0, 1e6, 1e12])
    plain = px.solve(linear(matrix, target), "least-squares")
    scaled = px.solve(linear(matrix * units[None, :], target), "least-squares")
    assert scaled.status.name == "converged"
    np.testing.assert_allclose(scaled.unknowns * units, plain.unknowns, rtol=1e-12)


@pytest.mark.parametrize("kind", ["copied", "zero", "wide"])
def test_a_rank_that_is_not_full_is_reported_and_the_fit_still_best(random, kind):
    matrix, target = random
    if kind == "copied":
        matrix = matrix.at[:, 3].set(2 * matrix[:, 0])
    elif kind == "zero":
        matrix = matrix.at[:, 3].set(0)
    else:
        matrix, target = matrix[:3], target[:3]
    solution = px.solve(linear(matrix, target), "least-squares")
    assert solution.status.name == "not-converged"
    assert solution.history["rank"].values[-1] == 3
    assert np.all(np.isfinite(solution.history["condition"]))
    expected = np.linalg.lstsq(np.asarray(matrix), np.asarray(target), rcond=1e-12)[0]
    np.testing.assert_allclose(matrix @ solution.unknowns, matrix @ expected, atol=1e-12)
    np.testing.assert_allclose(np.isfinite(solution.unknowns), True)


def test_of_two_equal_columns_each_gets_half(random):
    matrix, target = random
    matrix = matrix.at[:, 3].set(matrix[:, 0])
    unknowns = px.solve(linear(matrix, target), "least-squares").unknowns
    np.testing.assert_allclose(unknowns[0], unknowns[3], rtol=1e-10)


def test_the_rank_tolerance_draws_the_line(random):
    matrix, target = random
    matrix = matrix.at[:, 3].set(matrix[:, 0] + 1e-6 * matrix[:, 3])
    fine = px.solve(linear(matrix, target), "least-squares")
    coarse = px.solve(linear(matrix, target), "least-squares", rank_tolerance=1e-4)
    assert fine.history["rank"].values[-1] == 4
    assert coarse.history["rank"].values[-1] == 3


def test_a_population_equals_its_members(random):
    matrix, target = random
    deficient = matrix.at[:, 3].set(0)
    problem = linear(matrix, target)
    over = {"problem.matrix": jnp.stack([matrix, deficient])}
    population = px.sweep(problem, "least-squares", over=over)
    names = [status.name for status in population.status]
    assert names == ["converged", "not-converged"]
    alone = px.solve(problem, "least-squares")
    np.testing.assert_allclose(population.unknowns[0], alone.unknowns, rtol=1e-12)


def test_unknowns_may_be_a_pytree_with_other_things_in_it():
    class Affine(px.AbstractLinearLeastSquares):
        x: jax.Array
        model: eqx.nn.Linear

        def init(self, key):
            return self.model

        def residuals(self, unknowns, batch, key):
            return jax.vmap(unknowns)(self.x) - 3 * self.x[:, :1] - 1, {}

    x = jr.normal(jr.key(0), (10, 2))
    model = eqx.nn.Linear(2, 1, key=jr.key(1))
    solution = px.solve(Affine(x, model), "least-squares")
    assert isinstance(solution.unknowns, eqx.nn.Linear)
    np.testing.assert_allclose(solution.unknowns.weight, [[3, 0]], atol=1e-12)
    np.testing.assert_allclose(solution.unknowns.bias, [1], rtol=1e-12)


def test_numbers_that_are_not_finite_end_the_run(random):
    matrix, target = random
    solution = px.solve(linear(matrix, target.at[0].set(jnp.nan)), "least-squares")
    assert solution.status.name == "non-finite"


def test_nonlinear_problems_are_refused():
    class Squares(px.AbstractLeastSquares):
        def init(self, key):
            return jnp.ones(1)

        def residuals(self, unknowns, batch, key):
            return unknowns**2, {}

    with pytest.raises(px.errors.UnsuitableProblemError):
        px.solve(Squares(), "least-squares")


def test_changing_batches_are_refused(random):
    class Batched(px.AbstractLinearLeastSquares):
        @property
        def data(self):
            return px.Sequence(jnp.arange(5.0))

        def init(self, key):
            return jnp.zeros(1)

        def residuals(self, unknowns, batch, key):
            return unknowns - batch, {}

    with pytest.raises(px.errors.UnsuitableProblemError, match=r"FullBatch.*Sequence"):
        px.solve(Batched(), "least-squares")
