"""Minimisers of optimistix, as state machines.

They are that already: `init`, `step`, `terminate`. One step here is one of theirs, that is one
evaluation of the loss: it either accepts the trial point that the step before proposed (and takes
the gradient there and updates what it knows of curvature), or shortens the step.

The unknowns are handed over as one vector, so that an inverse Hessian is one matrix rather than a
block for every pair of arrays. Only minimisers whose state is made of arrays can be had: that of
optimistix's L-BFGS holds a traced program, which can be neither saved nor compared.
"""

from collections.abc import Callable
from typing import Any, ClassVar, Literal

import equinox as eqx
import jax
import jax.numpy as jnp
import optimistix as optx
from jaxtyping import Array, Bool, Float, Int, PRNGKeyArray, PyTree

from plugax import AbstractProblem, AbstractSolver

from ._suitable import check_suitable
from ._vector import Metrics, as_vector

_METHODS = {"bfgs": optx.BFGS, "dfp": optx.DFP, "nonlinear-cg": optx.NonlinearCG}


class MinimiserState(eqx.Module):
    """Where the iteration stands.

    Attributes:
        unknowns: the last accepted point.
        inner: optimistix's own state.
        function_evaluations: evaluations of the loss so far.
    """

    unknowns: PyTree
    inner: PyTree
    function_evaluations: Int[Array, ""]


class Minimiser(AbstractSolver):
    """Minimisation of any smooth loss by a minimiser of optimistix.

    For comparison, and for who knows it: `bfgs` and `nonlinear-cg` are quicker. A step is one
    evaluation of the loss; steps that the line search refuses leave the unknowns as they are.

    Converged means: the last accepted step changed every unknown by less than `atol + rtol |u|`,
    and the loss f by less than `atol + rtol |f|`. This is a test of smallness, not of optimality:
    `gradient_norm` tells how flat the loss is.

    Arguments:
        method: which one: bfgs or dfp, quasi-Newton methods with a dense inverse Hessian, or
            nonlinear-cg, conjugate gradients of Polak and Ribière.
        rtol: converged if a step changes all unknowns, and the loss, by less than this part.
        atol: added to that bound on the changes [the units of the unknowns and of the loss].

    Metrics: `loss`, the problem's own, `gradient_norm`, `step_norm` (‖Δ‖; 0 where the step was
    refused), and so far: `function_evaluations`.

    Source: Rader, Lyons and Kidger 2024, doi 10.48550/arXiv.2402.09983.
    """

    default_steps: ClassVar[int] = 1000

    method: Literal["bfgs", "dfp", "nonlinear-cg"] = eqx.field(static=True, default="bfgs")
    rtol: float = 1e-8
    atol: float = 1e-8

    def init(
        self,
        problem: AbstractProblem,
        unknowns: PyTree,
        key: PRNGKeyArray,
    ) -> MinimiserState:
        """Nothing evaluated yet."""
        check_suitable(problem, unknowns, "optimistix")
        vector, rebuild = as_vector(unknowns)
        batch = eqx.filter_eval_shape(problem.data.first)
        loss, metrics = eqx.filter_eval_shape(problem.loss, unknowns, batch, key)
        unused = lambda vector, args: problem.loss(rebuild(vector), args, key)  # noqa: E731
        inner = self._method.init(unused, vector, None, {}, loss, metrics, frozenset())
        # Optimistix makes the length of a step in the default precision, whatever the loss has.
        inner = eqx.tree_at(
            lambda inner: inner.search_state.step_size, inner, replace_fn=_cast_to(loss.dtype)
        )
        none = jnp.asarray(0, "int32")
        return MinimiserState(unknowns, inner, none)

    def step(
        self,
        problem: AbstractProblem,
        state: MinimiserState,
        batch: PyTree,
        key: PRNGKeyArray,
    ) -> tuple[MinimiserState, Metrics]:
        """One evaluation, and a gradient where it is accepted."""
        vector, rebuild = as_vector(state.unknowns)
        before = state.inner

        def loss(vector: Float[Array, " n"], args: Any) -> tuple[Float[Array, ""], Metrics]:
            return problem.loss(rebuild(vector), args, key)

        moved, inner, metrics = self._method.step(loss, vector, batch, {}, before, frozenset())
        # The very first step evaluates the starting point itself.
        known = jax.tree.map(
            lambda now, then: jnp.where(before.first_step, now, then),
            (inner.f_info.f, inner.f_info.grad),
            (before.f_info.f, before.f_info.grad),
        )
        state = MinimiserState(
            unknowns=rebuild(moved),
            inner=inner,
            function_evaluations=state.function_evaluations + 1,
        )
        return state, {
            **metrics,
            "loss": known[0],
            "gradient_norm": jnp.linalg.norm(known[1]),
            "step_norm": jnp.linalg.norm(moved - vector),
            "function_evaluations": state.function_evaluations,
        }

    def converged(
        self,
        problem: AbstractProblem,  # noqa: ARG002
        state: MinimiserState,
    ) -> Bool[Array, ""]:
        """Optimistix's test: the last accepted step was small, and changed the loss by little."""
        return state.inner.terminate

    def unknowns(
        self,
        problem: AbstractProblem,  # noqa: ARG002
        state: MinimiserState,
    ) -> PyTree:
        """The last accepted point."""
        return state.unknowns

    @property
    def _method(self) -> Any:
        return _METHODS[self.method](rtol=self.rtol, atol=self.atol)


def _cast_to(dtype: Any) -> Callable[[Array], Array]:
    return lambda array: array.astype(dtype)
