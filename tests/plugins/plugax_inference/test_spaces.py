"""The maps onto spaces: onto, one to one, and the density they leave."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from plugax_inference import (
    CholeskyCorrelation,
    CholeskyCovariance,
    Interval,
    Ordered,
    Positive,
    Real,
    Simplex,
)


def below(size, diagonal):
    rows, columns = np.tril_indices(size, diagonal)
    return lambda x: x[rows, columns]


# Each with the coordinates of x that the density is one of, and what x has to fulfil.
SPACES = {
    "real": (Real((3,)), lambda x: x, lambda x: True),
    "positive": (Positive((3,)), lambda x: x, lambda x: (x > 0).all()),
    "interval": (Interval(-1.0, 4.0, (3,)), lambda x: x, lambda x: ((x > -1) & (x < 4)).all()),
    "ordered": (Ordered(4), lambda x: x, lambda x: (np.diff(x) > 0).all()),
    "simplex": (
        Simplex(4),
        lambda x: x[:-1],
        lambda x: (x > 0).all() and abs(x.sum() - 1) < 1e-12,
    ),
    "correlation": (
        CholeskyCorrelation(3),
        below(3, -1),
        lambda x: np.allclose(np.diag(x @ x.T), 1) and (np.diag(x) > 0).all(),
    ),
    "covariance": (
        CholeskyCovariance(3),
        below(3, 0),
        lambda x: (np.linalg.eigvalsh(x @ x.T) > 0).all() and (np.diag(x) > 0).all(),
    ),
}


@pytest.mark.usefixtures("x64")
@pytest.mark.parametrize("name", SPACES)
def test_the_map_is_onto_one_to_one_and_tells_its_determinant(name):
    space, coordinates, holds = SPACES[name]
    rng = np.random.default_rng(0)
    # A jitted function each, so that three points share what is compiled.
    forward = jax.jit(space)
    jacobian = jax.jit(jax.jacfwd(lambda z: coordinates(space(z)[0])))
    for scale in (0.3, 1.0, 3.0):
        z = jnp.asarray(scale * rng.normal(size=space.shape))
        x, slope = forward(z)
        assert holds(np.asarray(x))
        np.testing.assert_allclose(space.inverse(x), z, rtol=1e-7, atol=1e-7)
        _, wanted = np.linalg.slogdet(np.asarray(jacobian(z)))
        np.testing.assert_allclose(slope, wanted, rtol=1e-9, atol=1e-9)


def test_zero_is_the_middle_of_a_simplex():
    np.testing.assert_allclose(Simplex(5)(jnp.zeros(4))[0], 0.2, rtol=1e-6)


def test_what_is_no_space_is_refused():
    for wrong, told in (
        (lambda: Interval(1.0, 1.0), "lower must be below upper"),
        (lambda: Simplex(1), "size must be at least 2"),
        (lambda: Ordered(0), "size must be at least 1"),
        (lambda: CholeskyCorrelation(1), "size must be at least 2"),
        (lambda: CholeskyCovariance(0), "size must be at least 1"),
    ):
        with pytest.raises(ValueError, match=told):
            wrong()
