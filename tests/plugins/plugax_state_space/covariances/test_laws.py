"""What every covariance promises, held against its matrix."""

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
import lineax as lx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

# Rounding of sums of a few numbers of about one, whose condition is below 100.
EXACT = 1e-11

seeds = st.integers(0, 2**31 - 1)
few = settings(max_examples=3, deadline=None, derandomize=True)


# Compiled once for covariances of one kind, where the same in pieces would be many programs.
matrix_of = eqx.filter_jit(lambda covariance: covariance.as_matrix())
product = eqx.filter_jit(lambda covariance, x: covariance.mv(x))
root = eqx.filter_jit(lambda covariance, v: covariance.root(v))
root_transposed = eqx.filter_jit(lambda covariance, x: covariance.root_transposed(x))
whitened = eqx.filter_jit(lambda covariance, x: covariance.whiten(x))
restricted = eqx.filter_jit(lambda covariance, here: covariance.restricted(here))


def drawn(make, seed):
    """A covariance and its matrix, and a vector."""
    random = np.random.default_rng(seed)
    covariance = make(random)
    return covariance, np.asarray(matrix_of(covariance)), random.normal(size=covariance.size)


@given(seeds)
@few
def test_it_is_the_square_of_its_root(make, seed):
    covariance, matrix, _ = drawn(make, seed)
    columns = [root(covariance, jnp.asarray(v)) for v in np.eye(covariance.control_size)]
    square_root = np.stack(columns, 1)
    assert square_root.shape == (covariance.size, covariance.control_size)
    np.testing.assert_allclose(square_root @ square_root.T, matrix, atol=EXACT)
    assert np.linalg.eigvalsh(matrix).min() > -EXACT


@given(seeds)
@few
def test_the_root_transposed_is_the_transpose_of_the_root(make, seed):
    covariance, _, x = drawn(make, seed)
    v = np.random.default_rng(seed).normal(size=covariance.control_size)
    left = np.vdot(root(covariance, jnp.asarray(v)), x)
    right = np.vdot(v, root_transposed(covariance, jnp.asarray(x)))
    np.testing.assert_allclose(left, right, atol=EXACT)


@given(seeds)
@few
def test_it_multiplies_as_its_matrix_does_and_is_its_own_transpose(make, seed):
    covariance, matrix, x = drawn(make, seed)
    for operator in (covariance, covariance.T, lx.materialise(covariance), lx.conj(covariance)):
        np.testing.assert_allclose(product(operator, jnp.asarray(x)), matrix @ x, atol=EXACT)
        np.testing.assert_allclose(matrix_of(operator), matrix, atol=EXACT)
    np.testing.assert_allclose(covariance.variances(), np.diag(matrix), atol=EXACT)
    np.testing.assert_allclose(lx.diagonal(covariance), np.diag(matrix), atol=EXACT)
    bands = lx.tridiagonal(covariance)
    expected = (np.diag(matrix), np.diag(matrix, -1), np.diag(matrix, 1))
    for band, numbers in zip(bands, expected, strict=True):
        np.testing.assert_allclose(band, numbers, atol=EXACT)


@given(seeds)
@few
def test_what_is_whitened_has_the_norm_of_the_inverse(invertible, seed):
    covariance, matrix, x = drawn(invertible, seed)
    white = whitened(covariance, jnp.asarray(x))
    np.testing.assert_allclose(white @ white, x @ np.linalg.solve(matrix, x), rtol=EXACT)


@given(seeds, st.lists(st.booleans(), min_size=6, max_size=6))
@few
def test_a_part_is_the_marginal_of_what_is_available(invertible, seed, available):
    covariance, matrix, x = drawn(invertible, seed)
    here = np.asarray(available)
    part = restricted(covariance, jnp.asarray(here))
    np.testing.assert_allclose(matrix_of(part), np.where(np.outer(here, here), matrix, 0))
    white = whitened(part, jnp.asarray(x))
    assert not white[~here].any()
    expected = x[here] @ np.linalg.solve(matrix[np.ix_(here, here)], x[here])
    np.testing.assert_allclose(white @ white, expected, rtol=EXACT)
    np.testing.assert_array_equal(whitened(part, jnp.asarray(np.where(here, x, 1e6))), white)


@given(seeds, st.floats(0.01, 100))
@few
def test_sums_and_multiples_are_those_of_the_matrices(make, seed, factor):
    covariance, matrix, _ = drawn(make, seed)
    for scaled in (factor * covariance, covariance * factor, np.float64(factor) * covariance):
        np.testing.assert_allclose(matrix_of(scaled), factor * matrix, rtol=1e-9, atol=EXACT)
    np.testing.assert_allclose(matrix_of(covariance / factor), matrix / factor, rtol=1e-9)
    total = matrix_of(covariance + 2 * covariance)
    np.testing.assert_allclose(total, 3 * matrix, rtol=1e-9, atol=EXACT)


@given(seeds)
@few
def test_lineax_solves_with_it(invertible, seed):
    covariance, matrix, x = drawn(invertible, seed)
    solution = lx.linear_solve(covariance, jnp.asarray(x)).value
    np.testing.assert_allclose(solution, np.linalg.solve(matrix, x), rtol=1e-9)


def test_lineax_divides_where_it_is_diagonal(uncorrelated):
    covariance, matrix, _ = drawn(uncorrelated, 0)
    assert covariance.uncorrelated
    assert lx.is_diagonal(covariance)
    np.testing.assert_array_equal(matrix, np.diag(np.diag(matrix)))
    solver = lx.AutoLinearSolver(well_posed=True).select_solver(covariance)
    assert isinstance(solver, lx.Diagonal)
    # Nothing square is made for it.
    assert "[6,6]" not in str(jax.make_jaxpr(covariance.whiten)(jnp.ones(6)))


@pytest.mark.parametrize("law", [lx.is_symmetric, lx.is_positive_semidefinite])
def test_lineax_knows_that_it_is_a_covariance(make, law):
    covariance, _, _ = drawn(make, 0)
    assert law(covariance)
    assert not lx.is_negative_semidefinite(covariance)


def test_draws_have_it_for_their_covariance(make):
    covariance, matrix, _ = drawn(make, 0)
    count = 20_000
    draws = np.asarray(jax.vmap(covariance.sample)(jr.split(jr.key(1), count)))
    variances = np.diag(matrix)
    # The variance of an element of a sample covariance is (c_ij² + c_ii c_jj) / n; five of them.
    error = 5 * np.sqrt((matrix**2 + np.outer(variances, variances)) / count) + EXACT
    assert (np.abs(draws.T @ draws / count - matrix) <= error).all()
    assert (np.abs(draws.mean(0)) <= 5 * np.sqrt(variances / count) + EXACT).all()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_vectors_keep_their_dtype(make, dtype):
    covariance, _, x = drawn(make, 0)
    v = jnp.zeros(covariance.control_size, dtype)
    assert root(covariance, v).dtype == dtype
    assert root_transposed(covariance, jnp.asarray(x, dtype)).dtype == dtype
    assert product(covariance, jnp.asarray(x, dtype)).dtype == dtype


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_white_vectors_keep_their_dtype(invertible, dtype):
    covariance, _, x = drawn(invertible, 0)
    x = jnp.asarray(x, dtype)
    assert whitened(covariance, x).dtype == dtype
    assert whitened(restricted(covariance, x > 0), x).dtype == dtype


def test_its_numbers_can_be_vmapped_and_differentiated(make):
    covariance, _, x = drawn(make, 0)
    numbers, rest = eqx.partition(covariance, eqx.is_inexact_array)

    @jax.jit
    def size_of(scale):
        scaled = jax.tree.map(lambda leaf: scale * leaf, numbers)
        return jnp.sum(eqx.combine(scaled, rest).mv(jnp.asarray(x)) ** 2)

    scales = jnp.asarray([0.5, 1.0, 2.0])
    many = jax.vmap(size_of)(scales)
    np.testing.assert_allclose(many, [size_of(scale) for scale in scales], rtol=1e-9)
    step = 1e-5
    slope = (size_of(1 + step) - size_of(1 - step)) / (2 * step)
    np.testing.assert_allclose(jax.grad(size_of)(1.0), slope, rtol=1e-6)
