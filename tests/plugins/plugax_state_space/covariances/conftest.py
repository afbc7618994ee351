"""One covariance of every kind, from a seed: well-conditioned, of six numbers."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import plugax_state_space as ss
from plugax_state_space.covariances import BlockCovariance, ScaledCovariance, SumCovariance

SIZE = 6


def scalar(random, size=SIZE):
    return ss.ScalarCovariance(random.uniform(0.5, 2), size)


def diagonal(random, size=SIZE):
    return ss.DiagonalCovariance(random.uniform(0.5, 2, size))


def dense(random, size=SIZE):
    root = random.normal(size=(size, size)) / np.sqrt(size)
    return ss.DenseCovariance(root @ root.T + 0.5 * np.eye(size))


def factor(random, size=SIZE):
    return ss.FactorCovariance(random.normal(size=(size, size - 2)))


def scaled(random):
    return ScaledCovariance(dense(random), random.uniform(0.5, 2))


def scaled_diagonal(random):
    return 2 * diagonal(random)


def hybrid(random):
    return SumCovariance((factor(random), dense(random)))


def diagonal_sum(random):
    return SumCovariance((scalar(random), diagonal(random)))


def block(random):
    return BlockCovariance((dense(random, 2), scalar(random, 1), diagonal(random, 3)))


def diagonal_block(random):
    return BlockCovariance((scalar(random, 2), diagonal(random, 4)))


def rank_deficient_block(random):
    return BlockCovariance((factor(random, 3), scalar(random, 3)))


def part(random):
    return dense(random).restricted(jnp.asarray([True, False, True, True, False, True]))


def diagonal_part(random):
    return diagonal(random).restricted(jnp.asarray([True, False, True, True, False, True]))


UNCORRELATED = (scalar, diagonal, scaled_diagonal, diagonal_sum, diagonal_block, diagonal_part)
INVERTIBLE = (
    scalar,
    diagonal,
    dense,
    scaled,
    scaled_diagonal,
    hybrid,
    diagonal_sum,
    block,
    diagonal_block,
)
ALL = (*INVERTIBLE, factor, rank_deficient_block, part, diagonal_part)


def pytest_generate_tests(metafunc):
    kinds = {"make": ALL, "invertible": INVERTIBLE, "uncorrelated": UNCORRELATED}
    for argument, makers in kinds.items():
        if argument in metafunc.fixturenames:
            metafunc.parametrize(argument, makers, ids=lambda make: make.__name__)


@pytest.fixture(autouse=True, scope="module")
def double_precision():
    """Laws are tested in double precision."""
    with jax.enable_x64(True):
        yield
