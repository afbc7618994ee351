"""What lineax is told about a covariance, so that it chooses the right linear solver.

A diagonal covariance is solved by division, any other by a Cholesky decomposition.
"""

import jax.numpy as jnp
import lineax as lx
from jaxtyping import Array, Float

from ._covariance import AbstractCovariance

Diagonals = tuple[Float[Array, " size"], Float[Array, " rest"], Float[Array, " rest"]]


def _yes(operator: AbstractCovariance) -> bool:
    del operator
    return True


def _no(operator: AbstractCovariance) -> bool:
    del operator
    return False


def _where_uncorrelated(operator: AbstractCovariance) -> bool:
    return operator.uncorrelated


def _itself(operator: AbstractCovariance) -> AbstractCovariance:
    return operator


_ANSWERS = {
    _yes: (lx.is_symmetric, lx.is_positive_semidefinite),
    _no: (lx.is_negative_semidefinite, lx.has_unit_diagonal),
    _where_uncorrelated: (
        lx.is_diagonal,
        lx.is_tridiagonal,
        lx.is_lower_triangular,
        lx.is_upper_triangular,
    ),
    _itself: (lx.linearise, lx.conj),
}
for _answer, _questions in _ANSWERS.items():
    for _question in _questions:
        _question.register(AbstractCovariance)(_answer)


@lx.materialise.register(AbstractCovariance)
def _materialise(operator: AbstractCovariance) -> lx.AbstractLinearOperator:
    if operator.uncorrelated:
        return lx.DiagonalLinearOperator(operator.variances())
    tags = frozenset({lx.symmetric_tag, lx.positive_semidefinite_tag})
    return lx.MatrixLinearOperator(operator.as_matrix(), tags)


@lx.diagonal.register(AbstractCovariance)
def _diagonal(operator: AbstractCovariance) -> Float[Array, " size"]:
    return operator.variances()


@lx.tridiagonal.register(AbstractCovariance)
def _tridiagonal(operator: AbstractCovariance) -> Diagonals:
    if operator.uncorrelated:
        beside = jnp.zeros((operator.size - 1,), operator.dtype)
        return operator.variances(), beside, beside
    matrix = operator.as_matrix()
    return jnp.diagonal(matrix), jnp.diagonal(matrix, -1), jnp.diagonal(matrix, 1)
