"""The loss of a linear regression as a quadratic function, for figures.

    L(β) = L(β*) + ‖R (β − β*)‖² / n,   X = Q R,   β* the coefficients of least squares

In this form the cost does not depend on the number of points, so it can be drawn over a plane and
along a path; and its excess over the minimum is accurate to all digits, however small it is.
"""

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from ._linear import AbstractLinearRegression


class Quadratic(NamedTuple):
    """L(β), in double precision on the host.

    Attributes:
        best: β*.
        least: L(β*).
        triangle: R / √n.
    """

    best: np.ndarray
    least: float
    triangle: np.ndarray

    def excess(self, coefficients: np.ndarray) -> np.ndarray:
        """L(β) − L(β*), for coefficients of shape (…, terms)."""
        with np.errstate(over="ignore", invalid="ignore"):  # of a descent that diverged
            return np.asarray(np.sum(((coefficients - self.best) @ self.triangle.T) ** 2, axis=-1))


def quadratic_of(problem: "AbstractLinearRegression") -> Quadratic:
    """The loss of a problem as a quadratic function."""
    design, response = np.asarray(problem.design, float), np.asarray(problem.response, float)
    best = np.linalg.lstsq(design, response)[0]
    least = float(np.mean((response - design @ best) ** 2))
    return Quadratic(best, least, np.linalg.qr(design, mode="r") / np.sqrt(len(design)))
