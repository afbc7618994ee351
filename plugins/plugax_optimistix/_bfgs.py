"""BFGS of optimistix, as a state machine.

Optimistix's solver is one already: `init`, `step`, `terminate`. One step here is one of its steps,
that is one evaluation of the loss: it either accepts the trial point that the step before proposed
(and takes the gradient there and updates the inverse Hessian), or shortens the step.

The unknowns are handed over as one vector, so that the inverse Hessian is one matrix rather than a
block for every pair of arrays.
"""

from collections.abc import Callable
from typing import Any, ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
import optimistix as optx
from jaxtyping import Array, Bool, Float, Int, PRNGKeyArray, PyTree

from plugax import AbstractProblem, AbstractSolver

from ._suitable import check_suitable
from ._vector import Metrics, as_vector


class BFGSState(eqx.Module):
    """Where the iteration stands.

    Attributes:
        unknowns: the last accepted point.
        inner: optimistix's own state.
        function_evaluations: evaluations of the loss so far.
        gradient_evaluations: evaluations of its gradient so far.
    """

    unknowns: PyTree
    inner: PyTree
    function_evaluations: Int[Array, ""]
    gradient_evaluations: Int[Array, ""]


class BFGS(AbstractSolver):
    """Minimisation of any smooth loss by the quasi-Newton method BFGS.

    It keeps a dense approximation of the inverse Hessian: made for up to a few thousand unknowns. A
    step is one evaluation of the loss; steps that the line search refuses leave the unknowns as
    they are.

    Converged means: the last accepted step changed every unknown by less than `atol + rtol |u|`,
    and the loss f by less than `atol + rtol |f|`. This is a test of smallness, not of optimality:
    `gradient_norm` tells how flat the loss is.

    Arguments:
        rtol: relative tolerance of the test above.
        atol: absolute tolerance of the test above [the units of the unknowns and of the loss].

    Metrics: `loss`, the problem's own, `gradient_norm`, `step_norm` (‖Δ‖; 0 where the step was
    refused), and so far: `function_evaluations`, `gradient_evaluations`.

    Source: Nocedal and Wright 2006, Numerical Optimization, chapter 6,
    doi 10.1007/978-0-387-40065-5; optimistix: Rader, Lyons and Kidger 2024,
    doi 10.48550/arXiv.2402.09983.
    """

    default_steps: ClassVar[int] = 1000

    rtol: float = 1e-8
    atol: float = 1e-8

    def init(
        self,
        problem: AbstractProblem,
        unknowns: PyTree,
        key: PRNGKeyArray,
    ) -> BFGSState:
        """Nothing evaluated yet."""
        check_suitable(problem, unknowns, "bfgs")
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
        return BFGSState(unknowns, inner, none, none)

    def step(
        self,
        problem: AbstractProblem,
        state: BFGSState,
        batch: PyTree,
        key: PRNGKeyArray,
    ) -> tuple[BFGSState, Metrics]:
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
        state = BFGSState(
            unknowns=rebuild(moved),
            inner=inner,
            function_evaluations=state.function_evaluations + 1,
            gradient_evaluations=inner.num_accepted_steps.astype("int32"),
        )
        return state, {
            **metrics,
            "loss": known[0],
            "gradient_norm": jnp.linalg.norm(known[1]),
            "step_norm": jnp.linalg.norm(moved - vector),
            "function_evaluations": state.function_evaluations,
            "gradient_evaluations": state.gradient_evaluations,
        }

    def converged(
        self,
        problem: AbstractProblem,  # noqa: ARG002
        state: BFGSState,
    ) -> Bool[Array, ""]:
        """Optimistix's test: the last accepted step was small, and changed the loss by little."""
        return state.inner.terminate

    def unknowns(
        self,
        problem: AbstractProblem,  # noqa: ARG002
        state: BFGSState,
    ) -> PyTree:
        """The last accepted point."""
        return state.unknowns

    @property
    def _method(self) -> optx.BFGS:
        return optx.BFGS(rtol=self.rtol, atol=self.atol)


def _cast_to(dtype: Any) -> Callable[[Array], Array]:
    return lambda array: array.astype(dtype)
