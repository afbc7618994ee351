"""What is no covariance is refused, with what to do."""

import jax
import jax.numpy as jnp
import lineax as lx
import numpy as np
import pytest

import plugax as px
import plugax_state_space as ss
from plugax_state_space.covariances import BlockCovariance, ScaledCovariance, SumCovariance


@pytest.mark.parametrize(
    ("unusable", "message"),
    [
        (lambda: ss.ScalarCovariance(0.0, 3), "std of a ScalarCovariance must be positive"),
        (lambda: ss.ScalarCovariance(-1.0, 3), "must be positive and finite; got -1.0"),
        (lambda: ss.ScalarCovariance(np.nan, 3), "must be positive and finite; got nan"),
        (lambda: ss.ScalarCovariance(np.inf, 3), "must be positive and finite; got inf"),
        (lambda: ss.ScalarCovariance(np.ones(3), 3), r"must be one number; got .* shape \(3,\)"),
        (lambda: ss.ScalarCovariance(1.0, 0), "size of a ScalarCovariance must be a whole number"),
        (lambda: ss.ScalarCovariance(1.0, True), "at least 1; got True"),
        (lambda: ss.DiagonalCovariance(np.asarray([1.0, 0.0])), "std of a DiagonalCovariance"),
        (lambda: ss.DiagonalCovariance(np.ones((2, 2))), r"one axis.*got shape \(2, 2\)"),
        (lambda: ss.DiagonalCovariance(np.zeros(0)), r"one axis.*got shape \(0,\)"),
        (lambda: ss.DenseCovariance(np.ones((2, 3))), r"must be square, .* shape \(2, 3\)"),
        (lambda: ss.DenseCovariance(np.asarray([[1.0, 0.5], [0.0, 1.0]])), "must be symmetric"),
        (lambda: ss.DenseCovariance(np.ones((2, 2)) - 2 * np.eye(2)), "must be positive definite"),
        (lambda: ss.DenseCovariance(np.zeros((0, 0))), r"at least one row.*shape \(0, 0\)"),
        (lambda: ss.DenseCovariance(np.ones((3, 3)) * np.nan), "must be finite; it is nan at"),
        (
            lambda: ss.DenseCovariance(np.diag([1.0, np.inf])),
            r"must be finite; it is inf at \[1, 1\], and 1 of its 4",
        ),
        (
            lambda: ss.DenseCovariance(np.asarray([[1.0, 0.5], [0.0, 1.0]])),
            r"symmetric; it is not: 0.5 at \[0, 1\], 0 at \[1, 0\]",
        ),
        (
            lambda: ss.FactorCovariance(np.asarray([[1.0], [np.nan]])),
            r"finite; it is nan at \[1, 0",
        ),
        (
            lambda: ss.Gaussian([0.0, np.nan], ss.ScalarCovariance(1.0, 2)),
            "mean of a Gaussian must",
        ),
        (lambda: ss.FactorCovariance(np.ones(3)), r"must have two axes; got shape \(3,\)"),
        (lambda: ss.ScalarCovariance(1.0, 2) * -1.0, "scale of a ScaledCovariance must be posit"),
        (lambda: ss.ScalarCovariance(1.0, 2) / 0, "must be positive and finite; got inf"),
        (lambda: ss.ScalarCovariance(1.0, 2) * np.ones(2), "must be one number"),
        (lambda: ss.ScalarCovariance(1.0, 2) + ss.ScalarCovariance(1.0, 3), r"sizes \[2, 3\]"),
        (lambda: SumCovariance(()), r"got sizes \[\]"),
        (lambda: BlockCovariance(()), "at least one block"),
    ],
)
def test_unusable_numbers_are_refused(unusable, message):
    with pytest.raises(px.PlugaxError, match=message):
        unusable()


def test_nothing_is_whitened_by_a_factor():
    with pytest.raises(px.PlugaxError, match=r"DenseCovariance\(factor @ factor.T\).*\(4, 2\)"):
        ss.FactorCovariance(np.ones((4, 2))).whiten(jnp.ones(4))


def test_a_factor_without_columns_is_no_error_at_all():
    nothing = ss.FactorCovariance(np.zeros((3, 0)))
    np.testing.assert_array_equal(nothing.sample(jax.random.key(0)), np.zeros(3))
    np.testing.assert_array_equal(nothing.as_matrix(), np.zeros((3, 3)))


def test_numbers_that_are_not_known_yet_are_not_looked_at():
    def variance(std):
        return (2 * ss.ScalarCovariance(std, 2)).variances()[0]

    assert jnp.isclose(jax.jit(variance)(3.0), 18.0)
    assert jnp.isnan(jax.jit(lambda m: ss.DenseCovariance(m).variances()[0])(-jnp.eye(2)))


def test_other_operators_may_be_added():
    total = ss.ScalarCovariance(2.0, 3) + lx.IdentityLinearOperator(
        jax.ShapeDtypeStruct((3,), jnp.zeros(3).dtype)
    )
    assert not isinstance(total, ss.AbstractCovariance)
    np.testing.assert_allclose(total.mv(jnp.ones(3)), 5.0)


def test_scaled_covariances_stay_scaled_where_they_are_restricted():
    part = ScaledCovariance(ss.ScalarCovariance(1.0, 2), 4.0).restricted(jnp.asarray([True, False]))
    np.testing.assert_allclose(part.whiten(jnp.ones(2)), [0.5, 0.0])
