"""Descent along the gradient of the loss, with updates from an optimizer.

    u ← u + Δ(∇L(u))

where L is the loss on one batch and Δ the update that the optimizer computes from a gradient.
"""

import operator
from typing import Any, ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
from jaxtyping import Array, Bool, Float, Int, PRNGKeyArray, PyTree

import plugax
from plugax import AbstractOptimizer, AbstractProblem, AbstractSolver, PlugaxError, Stateful
from plugax.problems import free_of, loss_and_state, put_together


class GradientState(eqx.Module):
    """The run state.

    Attributes:
        unknowns: the unknowns.
        optimizer: the optimizer's state; without any array for plain gradient descent.
        update_size: root mean square of the last update; None without a tolerance.
    """

    unknowns: PyTree
    optimizer: PyTree
    update_size: Float[Array, ""] | None


class GradientDescent(AbstractSolver[AbstractProblem, GradientState]):
    """Minimise the loss along its gradient; only floating-point arrays among the unknowns change.

    Laws: with `sgd` on ½ λ u², a step multiplies u by 1 − learning_rate · λ; the metrics are those
    of the problem and `loss`, at the unknowns the step starts from.

    Arguments:
        optimizer: computes the update from the gradient.
        tolerance: stop when the root mean square of an update falls below this; None runs all
            steps.

    Errors: `ValueError` for a tolerance that is not positive, and for one together with an
    optimizer that accumulates gradients (its updates in between are zero).
    """

    carries: ClassVar[bool] = True

    optimizer: AbstractOptimizer
    tolerance: Float[Array, "..."] | None

    def __init__(
        self,
        optimizer: AbstractOptimizer | str = "adam",
        tolerance: float | None = None,
    ):
        self.optimizer = plugax.optimizer(optimizer)
        if isinstance(tolerance, float | int) and not tolerance > 0:
            raise ValueError(f"tolerance must be positive, or None for no test; got {tolerance}.")
        if tolerance is not None and getattr(self.optimizer, "accumulate", 1) > 1:
            raise ValueError(
                "An optimizer that accumulates gradients makes updates of zero in between, which "
                "any tolerance mistakes for convergence; leave out tolerance or accumulate."
            )
        self.tolerance = None if tolerance is None else jnp.asarray(tolerance, float)

    def prepare(
        self,
        problem: AbstractProblem,  # noqa: ARG002 - the length of the run is all it needs
        steps: int,
    ) -> tuple[Int[Array, ""] | None]:
        """The number of steps, if a schedule ends with the run."""
        return (jnp.asarray(steps, "int32") if self.optimizer.needs_steps else None,)

    def init(
        self,
        problem: AbstractProblem,
        unknowns: PyTree,
        key: PRNGKeyArray,  # noqa: ARG002 - nothing is drawn here
        steps: Int[Array, ""] | None = None,  # noqa: ARG002 - the state does not depend on it
    ) -> GradientState:
        """The state before the first step.

        Errors: `PlugaxError` if the unknowns have no floating-point array, or a complex one.
        """
        params = eqx.filter(free_of(unknowns), eqx.is_inexact_array)
        _check(problem, unknowns, params)
        size = None if self.tolerance is None else jnp.full_like(_size(params), jnp.inf)
        return GradientState(unknowns, self.optimizer.init(params), size)

    def step(
        self,
        problem: AbstractProblem,
        state: GradientState,
        batch: PyTree,
        key: PRNGKeyArray,
        steps: Int[Array, ""] | None = None,
    ) -> tuple[GradientState, dict[str, Any]]:
        """One update from the gradient on `batch`."""
        loss_key, noise_key = jr.split(key)
        before = state.unknowns
        params, rest = eqx.partition(free_of(before), eqx.is_inexact_array)

        def loss(params: PyTree) -> tuple[Float[Array, ""], tuple[dict[str, Any], PyTree]]:
            carried = before.state if isinstance(before, Stateful) else None
            unknowns = put_together(before, eqx.combine(params, rest), carried)
            value, metrics, carried = loss_and_state(problem, unknowns, batch, loss_key)
            return value, (metrics, carried)

        (value, (metrics, carried)), gradient = jax.value_and_grad(loss, has_aux=True)(params)
        if "loss" in metrics:
            raise PlugaxError(
                f"{type(problem).__name__}.loss returns a metric named 'loss', which is the name "
                "of the loss itself; give the metric another name."
            )
        updates, optimizer_state = self.optimizer.update(
            gradient,
            state.optimizer,
            params,
            value=value,
            grad=gradient,
            value_fn=lambda params: loss(params)[0],
            key=noise_key,
            steps=steps,
        )
        free = eqx.combine(jax.tree.map(operator.add, params, updates), rest)
        unknowns = put_together(before, free, carried)
        size = None if self.tolerance is None else _size(updates)
        return GradientState(unknowns, optimizer_state, size), {"loss": value, **metrics}

    def converged(
        self,
        problem: AbstractProblem,  # noqa: ARG002
        state: GradientState,
    ) -> Bool[Array, ""] | None:
        """Whether the last update was smaller than the tolerance; None without one."""
        if self.tolerance is None or state.update_size is None:
            return None
        return state.update_size < self.tolerance.astype(state.update_size.dtype)

    def unknowns(
        self,
        problem: AbstractProblem,  # noqa: ARG002
        state: GradientState,
    ) -> PyTree:
        """The unknowns after the last step."""
        return state.unknowns


def _check(problem: AbstractProblem, unknowns: PyTree, params: PyTree) -> None:
    """Raise if there are no unknowns to descend in."""
    if not jax.tree.leaves(params):
        kinds = {str(leaf.dtype) for leaf in jax.tree.leaves(unknowns) if eqx.is_array(leaf)}
        raise PlugaxError(
            "Gradient descent needs at least one array of floating-point numbers among the "
            f"unknowns; {type(problem).__name__}.init gives {_list(kinds)}. Make the unknowns "
            "arrays, with a decimal point in them."
        )
    for path, leaf in jax.tree_util.tree_leaves_with_path(params):
        if jnp.iscomplexobj(leaf):
            raise PlugaxError(
                f"Gradient descent needs real unknowns; unknowns{jax.tree_util.keystr(path)} of "
                f"{type(problem).__name__} is {leaf.dtype}. Give real and imaginary part as two "
                "arrays."
            )


def _list(kinds: set[str]) -> str:
    return f"only arrays of {' and '.join(sorted(kinds))}" if kinds else "no arrays at all"


def _size(tree: PyTree) -> Float[Array, ""]:
    """The root mean square of all numbers in a tree."""
    leaves = jax.tree.leaves(tree)
    dtype = max((leaf.dtype for leaf in leaves), key=lambda dtype: jnp.finfo(dtype).bits)
    squares = [jnp.sum(jnp.square(leaf.astype(dtype))) for leaf in leaves]
    return jnp.sqrt(sum(squares[1:], start=squares[0]) / sum(leaf.size for leaf in leaves))
