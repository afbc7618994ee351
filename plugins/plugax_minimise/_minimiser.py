"""Minimisers of optimistix, as solvers.

One step here is one step of theirs, that is one evaluation of the loss: it either accepts the trial
point that the previous step proposed (and then computes the gradient there and updates the
curvature), or shortens the step.

The unknowns are passed as one vector, so that an inverse Hessian is one matrix rather than a block
for every pair of arrays. Only minimisers whose state consists of arrays are available: the state of
optimistix's L-BFGS holds a traced program, which can be neither saved nor compared.
"""

from collections.abc import Callable
from typing import Any, ClassVar, Literal

import equinox as eqx
import jax
import jax.numpy as jnp
import optimistix as optx
from jaxtyping import Array, Bool, Float, Int, PRNGKeyArray, PyTree

from plugax import AbstractProblem

from ._newton_step import ROUNDING_UNITS, NewtonStep, ask_hessian
from ._suitable import AbstractDeterministicSolver
from ._vector import Metrics, as_vector

_METHODS = {"bfgs": optx.BFGS, "dfp": optx.DFP, "nonlinear-cg": optx.NonlinearCG}


class MinimiserState(eqx.Module):
    """The run state.

    Attributes:
        unknowns: the last accepted point.
        inner: optimistix's own state.
        asked: the loss at the last test with the Hessian; infinite before the first.
        patience: the number of evaluations after which the Hessian may be used again.
        converged: whether the point passes the test.
        stalled: whether the loss has not decreased since the last test with the Hessian.
        function_evaluations: evaluations of the loss so far.
    """

    unknowns: PyTree
    inner: PyTree
    asked: Float[Array, ""]
    patience: Int[Array, ""]
    converged: Bool[Array, ""]
    stalled: Bool[Array, ""]
    function_evaluations: Int[Array, ""]


class Minimiser(AbstractDeterministicSolver[AbstractProblem, MinimiserState]):
    """Minimisation of any smooth loss by a minimiser of optimistix.

    For comparison, and for users of optimistix; `bfgs` and `nonlinear-cg` are quicker. A step is
    one evaluation of the loss; steps that the line search refuses do not change the unknowns.

    Converged means: the last accepted step changed every unknown by less than `atol + rtol |u|`,
    and the loss f by less than `atol + rtol |f|`, which is optimistix's own test; and at that point
    all eigenvalues of the Hessian H are positive, and Newton's step p = −H⁻¹∇f promises less than
    `rtol |f|` or changes no unknown by more than `√rtol |u|`.

    Arguments:
        method: the minimiser: bfgs or dfp, quasi-Newton methods with a dense inverse Hessian, or
            nonlinear-cg, conjugate gradients of Polak and Ribière.
        rtol: converged if a step changes all unknowns and the loss by less than this part, and
            Newton's step promises no more.
        atol: added to the bound on the changes [the units of the unknowns and of the loss].

    Metrics: `loss`, the problem's own metrics, `gradient_norm`, `step_norm` (‖Δ‖; 0 if the step was
    refused), and as a running total: `function_evaluations`.

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
        self.check_unknowns(problem, unknowns)
        vector, rebuild = as_vector(unknowns)
        batch = eqx.filter_eval_shape(problem.data.first)
        loss, metrics = eqx.filter_eval_shape(problem.loss, unknowns, batch, key)
        unused = lambda vector, args: problem.loss(rebuild(vector), args, key)  # noqa: E731
        inner = self._method.init(unused, vector, None, {}, loss, metrics, frozenset())
        # Optimistix computes the step length in the default precision, not in that of the loss.
        inner = eqx.tree_at(
            lambda inner: inner.search_state.step_size, inner, replace_fn=_cast_to(loss.dtype)
        )
        none = jnp.asarray(0, "int32")
        return MinimiserState(
            unknowns=unknowns,
            inner=inner,
            asked=jnp.full_like(vector, jnp.inf, shape=()),
            patience=none,
            converged=jnp.asarray(False),
            stalled=jnp.asarray(False),
            function_evaluations=none,
        )

    def step(
        self,
        problem: AbstractProblem,
        state: MinimiserState,
        batch: PyTree,
        key: PRNGKeyArray,
    ) -> tuple[MinimiserState, Metrics]:
        """One evaluation, and a gradient if the point is accepted."""
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
        evaluations = state.function_evaluations + 1
        here, gradient = inner.f_info.f, inner.f_info.grad
        nothing = jnp.zeros_like(moved)
        asking = inner.terminate & (evaluations >= state.patience)

        def is_minimum(newton: NewtonStep) -> Bool[Array, ""]:
            small = newton.is_small(moved, jnp.abs(moved), here, rtol=self.rtol, atol=0.0)
            return newton.definite & small

        converged = ask_hessian(
            asking,
            lambda vector: loss(vector, batch),
            moved,
            gradient,
            is_minimum,
            unasked=jnp.asarray(False),
            unknown=NewtonStep(nothing, 0 * here, jnp.asarray(True), jnp.asarray(True), nothing),
        )
        rounding = ROUNDING_UNITS * jnp.finfo(here.dtype).eps * jnp.abs(here)
        state = MinimiserState(
            unknowns=rebuild(moved),
            inner=inner,
            asked=jnp.where(asking, here, state.asked),
            patience=jnp.where(asking, evaluations + moved.size, state.patience),
            converged=converged,
            stalled=asking & ~converged & ~(here < state.asked - rounding),
            function_evaluations=evaluations,
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
        """Whether optimistix's test and the test with the Hessian are passed."""
        return state.converged

    def stalled(
        self,
        problem: AbstractProblem,  # noqa: ARG002
        state: MinimiserState,
    ) -> Bool[Array, ""]:
        """Whether optimistix's test is passed, but not at a minimum, and without progress."""
        return state.stalled

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
