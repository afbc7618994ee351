"""Descent along the gradient of the loss, with updates from an optimizer.

    u ← u + Δ(∇L(u))

where L is the loss on one batch and Δ the update that the optimizer computes from a gradient.
"""

import operator
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
from jaxtyping import Array, Bool, Float, Int, PRNGKeyArray, PyTree

import plugax
from plugax import AbstractOptimizer, AbstractProblem, AbstractSolver, PlugaxError, Stateful
from plugax.problems import free_of, loss_and_state, put_together
from plugax.solution import Table

from . import _averages as averages
from . import _mixed as mixed
from ._averages import Average, AverageName
from ._check import check_options, check_unknowns
from ._groups import Groups, factors_of, read_groups, scaled
from ._mixed import LossScale, ShortFloat
from ._range_test import range_test_of


class GradientState(eqx.Module):
    """The run state.

    Attributes:
        unknowns: the unknowns.
        optimizer: the optimizer's state; without any array for plain gradient descent.
        update_size: root mean square of the last update; None without a tolerance.
        average: the average of the weights so far; None without one.
        loss_scale: the scale of the loss; None unless it is computed in float16.
    """

    unknowns: PyTree
    optimizer: PyTree
    update_size: Float[Array, ""] | None
    average: Average | None = None
    loss_scale: LossScale | None = None


class GradientDescent(AbstractSolver[AbstractProblem, GradientState]):
    """Minimise the loss along its gradient; only floating-point arrays among the unknowns change.

    Laws: with `sgd` on ½ λ u², a step multiplies u by 1 − learning_rate · λ; the metrics are those
    of the problem and `loss`, at the unknowns the step starts from. An average changes the answer,
    and not the run: the unknowns that are averaged are those of the same run without one.

    Arguments:
        optimizer: computes the update from the gradient.
        tolerance: stop when the root mean square of an update falls below this; None runs all
            steps.
        average: an average of the weights that is evaluated, and is the answer, in place of the
            last weights: exponential, with average_decay, or stochastic, with equal weights from
            average_start on. None is the last weights.
        average_decay: d of the exponential average, which sees about 1 / (1 − d) steps.
        average_start: the fraction of the run after which the stochastic average begins.
        rate_factors: learning rates of groups of arrays, as factors of the learning rate by
            pattern: layers.0.*=0.1,*.bias=2; 0 keeps an array as it is. In Python a dictionary, or
            a function of the path.
        compute: the short type in which the loss and its gradient are computed, while the weights
            stay as they are: bfloat16, or float16, for which the loss is scaled; None for the type
            of the weights.

    Errors: `ValueError` for a number out of bounds, and for a tolerance together with an optimizer
    that accumulates gradients (its updates in between are zero); `PlugaxError` for a pattern that
    fits no array.
    """

    carries: ClassVar[bool] = True

    optimizer: AbstractOptimizer
    tolerance: Float[Array, "..."] | None
    average: AverageName | None = eqx.field(static=True)
    average_decay: Float[Array, "..."] | None
    average_start: Float[Array, "..."] | None
    rate_factors: Groups | None
    compute: ShortFloat | None = eqx.field(static=True)

    def __init__(
        self,
        optimizer: AbstractOptimizer | str = "adam",
        tolerance: float | None = None,
        average: AverageName | None = None,
        average_decay: float = 0.999,
        average_start: float = 0.75,
        rate_factors: tuple[str, ...] | Mapping[str, float] | Callable | None = None,
        compute: ShortFloat | None = None,
    ):
        self.optimizer = plugax.optimizer(optimizer)
        check_options(self.optimizer, tolerance, average_decay, average_start, rate_factors)
        self.tolerance = None if tolerance is None else jnp.asarray(tolerance, float)
        self.average, self.compute = average, compute
        decays, starts = average == "exponential", average == "stochastic"
        self.average_decay = jnp.asarray(average_decay, float) if decays else None
        self.average_start = jnp.asarray(average_start, float) if starts else None
        self.rate_factors = read_groups(rate_factors)

    def prepare(
        self,
        problem: AbstractProblem,  # noqa: ARG002 - the length of the run is all it needs
        steps: int,
    ) -> tuple[Int[Array, ""] | None]:
        """The number of steps, if a schedule ends with the run or an average begins in it."""
        needed = self.optimizer.needs_steps or self.average == "stochastic"
        return (jnp.asarray(steps, "int32") if needed else None,)

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
        check_unknowns(problem, unknowns, params)
        return GradientState(
            unknowns,
            self.optimizer.init(params),
            None if self.tolerance is None else jnp.full_like(_size(params), jnp.inf),
            None if self.average is None else averages.begin(params),
            mixed.begin_scale() if self.compute == "float16" else None,
        )

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
        loss = self._loss(problem, before, rest, batch, loss_key)
        factor = None if state.loss_scale is None else state.loss_scale.scale

        def objective(params: PyTree) -> tuple[Float[Array, ""], tuple]:
            value, *more = loss(params)
            return value if factor is None else value * factor.astype(value.dtype), (value, *more)

        (_, (value, metrics, carried)), gradient = jax.value_and_grad(objective, has_aux=True)(
            params
        )
        if "loss" in metrics:
            raise PlugaxError(
                f"{type(problem).__name__}.loss returns a metric named 'loss', which is the name "
                "of the loss itself; give the metric another name."
            )
        if factor is not None:
            gradient = jax.tree.map(lambda leaf: leaf / factor.astype(leaf.dtype), gradient)
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
        if self.rate_factors is not None:
            updates = scaled(updates, factors_of(params, self.rate_factors))
        size = None if self.tolerance is None else _size(updates)
        scale = state.loss_scale
        if scale is not None:
            finite = mixed.all_finite(gradient)
            scale = mixed.next_scale(scale, finite)
            after = (updates, optimizer_state, size)
            nothing = (jax.tree.map(jnp.zeros_like, updates), state.optimizer, state.update_size)
            updates, optimizer_state, size = mixed.choose(finite, after, nothing)
        params = jax.tree.map(operator.add, params, updates)
        average = self._averaged(state.average, params, steps)
        unknowns = put_together(before, eqx.combine(params, rest), carried)
        after = GradientState(unknowns, optimizer_state, size, average, scale)
        return after, {"loss": value, **metrics}

    def _loss(
        self, problem: AbstractProblem, before: PyTree, rest: PyTree, batch: PyTree, key: Array
    ) -> Callable[[PyTree], tuple[Float[Array, ""], dict[str, Any], PyTree]]:
        """The loss, its metrics and the next carried state, as a function of the weights."""
        carried = before.state if isinstance(before, Stateful) else None

        def loss(params: PyTree) -> tuple[Float[Array, ""], dict[str, Any], PyTree]:
            if self.compute is None:
                unknowns = put_together(before, eqx.combine(params, rest), carried)
                return loss_and_state(problem, unknowns, batch, key)
            short, seen = mixed.cast(params, self.compute), mixed.cast(batch, self.compute)
            unknowns = put_together(before, eqx.combine(short, rest), carried)
            value, metrics, after = loss_and_state(problem, unknowns, seen, key)
            # Running statistics change by less than half precision can express.
            after = mixed.cast_like(after, carried)
            return mixed.widened(value), mixed.widened(metrics), after

        return loss

    def _averaged(
        self, average: Average | None, params: PyTree, steps: Int[Array, ""] | None
    ) -> Average | None:
        """The average with the weights after this step."""
        if average is None:
            return None
        count = average.count + 1
        if self.average_decay is not None:
            weight = averages.exponential_weight(count, self.average_decay)
        elif self.average_start is not None and steps is not None:
            weight = averages.stochastic_weight(count, steps, self.average_start)
        else:
            raise PlugaxError("A stochastic average needs the number of steps, which `step` takes.")
        return averages.add(average, params, weight)

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
        """The unknowns after the last step, or their average."""
        if state.average is None:
            return state.unknowns
        params, rest = eqx.partition(free_of(state.unknowns), eqx.is_inexact_array)
        free = eqx.combine(averages.like(state.average, params), rest)
        carried = state.unknowns.state if isinstance(state.unknowns, Stateful) else None
        return put_together(state.unknowns, free, carried)

    def tables(self, solution: plugax.Solution) -> tuple[Table, ...]:
        """The rates that a range test suggests."""
        test = range_test_of(self, solution)
        return () if test is None else (test.table(),)

    def figures(self, solution: plugax.Solution) -> dict[str, Any]:
        """The loss over the learning rate, if the schedule is a range test."""
        test = range_test_of(self, solution)
        return {} if test is None else {"range-test": test.figure()}


def _size(tree: PyTree) -> Float[Array, ""]:
    """The root mean square of all numbers in a tree."""
    leaves = jax.tree.leaves(tree)
    dtype = max((leaf.dtype for leaf in leaves), key=lambda dtype: jnp.finfo(dtype).bits)
    squares = [jnp.sum(jnp.square(leaf.astype(dtype))) for leaf in leaves]
    return jnp.sqrt(sum(squares[1:], start=squares[0]) / sum(leaf.size for leaf in leaves))
