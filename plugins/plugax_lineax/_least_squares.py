"""Linear least squares, r(u) = A u − b, solved directly.

With D the lengths of A's columns and A D⁻¹ = Q R (Householder),

    Δ = −D⁻¹ R⁻¹ Qᵀ r(u),    u ← u + Δ,

and once more from the new point with the same factors (fixed-precision refinement), which removes
the rounding error of a start far from the answer.

The rank is the number of singular values of R above a cut-off. Since the columns have been scaled,
it does not depend on the units of the unknowns. If the rank is not full, the answer is not unique,
and the solver returns the shortest one in the scaled unknowns.
"""

from typing import Any, ClassVar, cast

import equinox as eqx
import jax
import jax.lax as lax
import jax.numpy as jnp
import lineax as lx
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Bool, Float, Int, PRNGKeyArray, PyTree

from plugax import (
    AbstractLinearLeastSquares,
    AbstractProblem,
    AbstractSolver,
)
from plugax.errors import UnsuitableProblemError


class LeastSquaresState(eqx.Module):
    """The run state.

    Attributes:
        unknowns: u.
        converged: whether u is the answer: after one step, if the rank is full.
        function_evaluations: evaluations of the residuals so far.
        jacobian_evaluations: evaluations of the matrix so far.
    """

    unknowns: PyTree
    converged: Bool[Array, ""]
    function_evaluations: Int[Array, ""]
    jacobian_evaluations: Int[Array, ""]


class LeastSquares(AbstractSolver[AbstractLinearLeastSquares, LeastSquaresState]):
    """Linear least squares in one step, by an orthogonal factorisation of the scaled matrix.

    Converged means: the step was taken, everything in it was finite, and the matrix has full column
    rank, so that the answer is unique. If the rank is not full, the metric `rank` is below the
    number of unknowns, the solver does not converge, and the unknowns are the shortest of the
    answers, with each unknown times the length of its column.

    Arguments:
        rank_tolerance: a singular value of the column-scaled matrix counts as zero below this part
            of the largest; None for the rounding unit times the longer side of the matrix.

    Metrics: `loss`, the problem's own metrics, `rank`, `condition` (the condition number of the
    column-scaled matrix, at most the reciprocal of the rounding unit), `step_norm` (‖Δ‖), and as
    running totals: `function_evaluations`, `jacobian_evaluations`.

    Source: Björck 2024, Numerical Methods for Least Squares Problems, chapter 2,
    doi 10.1137/1.9781611977950; scaling: van der Sluis 1969, doi 10.1007/BF02165096.
    """

    requires: ClassVar[type[AbstractProblem]] = AbstractLinearLeastSquares
    needs_all_data: ClassVar[bool] = True
    default_steps: ClassVar[int] = 1

    rank_tolerance: float | None = None

    def init(
        self,
        problem: AbstractProblem,
        unknowns: PyTree,
        key: PRNGKeyArray,  # noqa: ARG002 - deterministic
    ) -> LeastSquaresState:
        """Nothing evaluated yet."""
        _check_unknowns(problem, unknowns)
        none = jnp.asarray(0, "int32")
        return LeastSquaresState(unknowns, jnp.asarray(False), none, none)

    def step(
        self,
        problem: AbstractLinearLeastSquares,
        state: LeastSquaresState,
        batch: PyTree,
        key: PRNGKeyArray,
    ) -> tuple[LeastSquaresState, dict[str, Array]]:
        """One factorisation, and two solves with it."""
        free, fixed = eqx.partition(state.unknowns, eqx.is_inexact_array)
        vector, unravel = ravel_pytree(free)

        def function(vector: Float[Array, " n"]) -> tuple[Float[Array, " m"], dict[str, Array]]:
            unknowns = eqx.combine(unravel(vector), fixed)
            tree, metrics = problem.residuals(unknowns, batch, key)
            return jnp.concatenate([jnp.ravel(leaf) for leaf in jax.tree.leaves(tree)]), metrics

        residuals, forward, metrics = jax.linearize(function, vector, has_aux=True)
        columns = jax.vmap(forward, out_axes=1)(jnp.eye(vector.size, dtype=vector.dtype))
        factors = _Factors(columns, self.rank_tolerance)
        moved = vector + factors.solve(-residuals)
        moved = moved + factors.solve(-function(moved)[0])
        state = LeastSquaresState(
            unknowns=eqx.combine(unravel(moved), fixed),
            converged=(factors.rank == vector.size) & jnp.all(jnp.isfinite(moved)),
            function_evaluations=state.function_evaluations + 2,
            jacobian_evaluations=state.jacobian_evaluations + 1,
        )
        return state, {
            **metrics,
            "loss": residuals @ residuals / 2,
            "rank": factors.rank,
            "condition": factors.condition,
            "step_norm": jnp.linalg.norm(moved - vector),
            "function_evaluations": state.function_evaluations,
            "jacobian_evaluations": state.jacobian_evaluations,
        }

    def converged(
        self,
        problem: AbstractProblem,  # noqa: ARG002
        state: LeastSquaresState,
    ) -> Bool[Array, ""]:
        """Whether the unknowns are the unique answer."""
        return state.converged

    def unknowns(
        self,
        problem: AbstractProblem,  # noqa: ARG002
        state: LeastSquaresState,
    ) -> PyTree:
        """The start, and the answer after one step."""
        return state.unknowns


class _Factors(eqx.Module):
    """A D⁻¹ = Q R, and the singular values of R."""

    scale: Float[Array, " n"]
    orthogonal: Float[Array, "m k"]
    triangular: Float[Array, "k n"]
    singular_values: Float[Array, " k"]
    cut_off: Float[Array, ""]

    def __init__(self, columns: Float[Array, "m n"], tolerance: float | Array | None):
        lengths = jnp.linalg.norm(columns, axis=0)
        self.scale = jnp.where(lengths > 0, lengths, jnp.ones_like(lengths))
        self.orthogonal, self.triangular = jnp.linalg.qr(columns / self.scale[None, :])
        self.singular_values = jnp.linalg.svd(self.triangular, compute_uv=False)
        if tolerance is None:
            tolerance = max(columns.shape) * float(jnp.finfo(columns.dtype).eps)
        self.cut_off = jnp.asarray(tolerance, columns.dtype)

    @property
    def rank(self) -> Int[Array, ""]:
        """The number of singular values above the cut-off."""
        largest = jnp.max(self.singular_values, initial=0)
        return jnp.sum(self.singular_values > self.cut_off * largest, dtype="int32")

    @property
    def condition(self) -> Float[Array, ""]:
        """Largest singular value over the smallest, limited so that it is finite."""
        largest = jnp.max(self.singular_values, initial=0)
        smallest = jnp.min(self.singular_values, initial=jnp.inf)
        floor = jnp.maximum(jnp.finfo(largest.dtype).eps * largest, jnp.finfo(largest.dtype).tiny)
        return largest / jnp.maximum(smallest, floor)

    def solve(self, vector: Float[Array, " m"]) -> Float[Array, " n"]:
        """The Δ that minimises ‖A Δ − vector‖."""
        projection = self.orthogonal.T @ vector
        count = self.scale.size
        if self.triangular.shape[0] < count:  # fewer residuals than unknowns
            return self._shortest(projection) / self.scale
        scaled = lax.cond(
            self.rank == count,
            lambda: self._unique(projection),
            lambda: self._shortest(projection),
        )
        return scaled / self.scale

    def _unique(self, projection: Float[Array, " k"]) -> Float[Array, " n"]:
        operator = lx.MatrixLinearOperator(self.triangular, lx.upper_triangular_tag)
        return lx.linear_solve(operator, projection, lx.Triangular(), throw=False).value

    def _shortest(self, projection: Float[Array, " k"]) -> Float[Array, " n"]:
        operator = lx.MatrixLinearOperator(self.triangular)
        solver = lx.SVD(rcond=cast(Any, self.cut_off))
        return lx.linear_solve(operator, projection, solver, throw=False).value


def _check_unknowns(problem: AbstractProblem, unknowns: PyTree) -> None:
    """Raise `UnsuitableProblemError` unless there are floating-point numbers, all real."""
    leaves = [leaf for leaf in jax.tree.leaves(unknowns) if eqx.is_inexact_array(leaf)]
    if not leaves or any(jnp.iscomplexobj(leaf) for leaf in leaves):
        raise UnsuitableProblemError(
            f"least-squares solves for real floating-point arrays; {type(problem).__name__}.init "
            f"returned {'a complex one' if leaves else 'none'}."
        )
