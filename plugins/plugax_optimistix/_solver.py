"""A method of optimistix as a solver: one step here is one step of optimistix.

The state of optimistix holds arrays, and besides functions and traced programs, which can be
neither saved nor compared. Those follow from the problem: they are derived anew in every step, by
tracing optimistix's `init`, which costs nothing once the step is compiled. Only the arrays are in
the state here, so a run can be saved and resumed.

The unknowns are passed as one vector, so that an inverse Hessian is one matrix rather than a block
for every pair of arrays.

Optimistix makes some arrays in the default precision. So it always computes in that one, and only
the problem computes in the precision of the unknowns.

Source: Rader, Lyons and Kidger 2024, doi 10.48550/arXiv.2402.09983.
"""

import abc
from typing import Any, ClassVar

import equinox as eqx
import jax
import jax.lax as lax
import jax.numpy as jnp
import numpy as np
import optimistix as optx
from jaxtyping import Array, Bool, Float, Int, PRNGKeyArray, PyTree

from plugax import AbstractProblem, AbstractSolver
from plugax.errors import UnsuitableProblemError
from plugax.solvers import Problem

from ._function import AbstractFunction, Metrics
from ._minimum import is_minimum, rounding_of
from ._options import as_optimistix, check_choices, signature_of


class OptimistixState(eqx.Module):
    """The run state.

    Attributes:
        unknowns: the last accepted point.
        inner: the arrays of optimistix's own state.
        asked: the loss at the last test with the Hessian; infinite before the first.
        patience: the number of steps after which the Hessian may be used again.
        steps: steps so far.
        converged: whether the point passes the test.
        stalled: whether optimistix gave up, or the loss has not decreased since the last test with
            the Hessian.
    """

    unknowns: PyTree
    inner: PyTree
    asked: Float[Array, ""]
    patience: Int[Array, ""]
    steps: Int[Array, ""]
    converged: Bool[Array, ""]
    stalled: Bool[Array, ""]


class AbstractOptimistix(AbstractSolver[Problem, OptimistixState]):
    """A method of optimistix, its options readable as attributes: `solver.rtol`.

    Law: as long as no test with the Hessian refuses what passes optimistix's, steps and answer are
    those of optimistix.

    Arguments:
        algorithm: a class of optimistix.
        options: its options.

    Attributes:
        hyperparameters: the float options, as array leaves that can be vmapped and changed.
        settings: all other options.

    Errors: `TypeError` and `ValueError` for options that do not exist or values that do not fit.
    """

    needs_all_data: ClassVar[bool] = True
    default_steps: ClassVar[int] = 1000

    algorithm: type = eqx.field(static=True)
    hyperparameters: dict[str, Float[Array, "..."]]
    settings: tuple[tuple[str, Any], ...] = eqx.field(static=True)

    def __init__(self, algorithm: type, /, **options: Any):
        signature = signature_of(algorithm)
        bound = signature.bind(**options)
        bound.apply_defaults()
        check_choices(algorithm, bound.arguments)
        floats = [
            name for name in bound.arguments if signature.parameters[name].annotation is float
        ]
        self.algorithm = algorithm
        self.hyperparameters = {name: _leaf(bound.arguments[name]) for name in floats}
        self.settings = tuple(
            (name, value) for name, value in bound.arguments.items() if name not in floats
        )

    def __getattr__(self, name: str) -> Any:
        """An option by its name."""
        # Through __dict__, since a module has no fields yet while it is being made.
        options = dict(self.__dict__.get("settings", ())) | self.__dict__.get("hyperparameters", {})
        if name in options:
            return options[name]
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    @abc.abstractmethod
    def function(self, problem: Problem, unknowns: PyTree, key: PRNGKeyArray) -> AbstractFunction:
        """The problem as optimistix takes it."""

    def init(self, problem: Problem, unknowns: PyTree, key: PRNGKeyArray) -> OptimistixState:
        """Nothing evaluated yet.

        Errors: `UnsuitableProblemError` if the unknowns have no floating-point array, or a complex
        one.
        """
        _check_unknowns(problem, unknowns)
        function = self.function(problem, unknowns, key)
        batch = eqx.filter_eval_shape(problem.data.first)
        none = jnp.asarray(0, "int32")
        return OptimistixState(
            unknowns=unknowns,
            inner=jax.tree.map(jnp.asarray, eqx.filter(self._begin(function, batch), _is_array)),
            asked=jnp.full_like(function.vector(), jnp.inf, shape=()),
            patience=none,
            steps=none,
            converged=jnp.asarray(False),
            stalled=jnp.asarray(False),
        )

    def step(
        self, problem: Problem, state: OptimistixState, batch: PyTree, key: PRNGKeyArray
    ) -> tuple[OptimistixState, Metrics]:
        """One step of optimistix, and the test with the Hessian if its own is passed."""
        function = self.function(problem, state.unknowns, key)
        vector = function.vector()
        method, options = self._method(vector.dtype)
        begun = eqx.filter_eval_shape(self._begin, function, batch)
        before = eqx.combine(state.inner, eqx.filter(begun, _is_array, inverse=True))
        given = batch, options
        moved, inner, metrics = method.step(
            function, vector.astype(float), *given, before, frozenset()
        )
        ended, result = method.terminate(function, moved, *given, inner, frozenset())
        if self.algorithm is optx.NelderMead:  # it gives the metrics of its trial point
            metrics = function(vector, batch)[1]
        failed = jnp.asarray(result != optx.RESULTS.successful)
        steps = state.steps + 1
        asking = ended & ~failed & (steps >= state.patience)
        moved = moved.astype(vector.dtype)
        minimum, loss = _ask(asking, lambda u: function(u, batch)[1]["loss"], moved, method.rtol)
        rounding = rounding_of(loss.dtype) * jnp.abs(loss)
        idle = asking & ~minimum & ~(loss < state.asked - rounding)
        state = OptimistixState(
            unknowns=function.rebuild(moved),
            inner=jax.tree.map(jnp.asarray, eqx.filter(inner, _is_array)),
            asked=jnp.where(asking, loss, state.asked),
            patience=jnp.where(asking, steps + moved.size, state.patience),
            steps=steps,
            converged=minimum,
            stalled=failed | idle,
        )
        return state, {**metrics, "step_norm": jnp.linalg.norm(moved - vector)}

    def converged(
        self,
        problem: Problem,  # noqa: ARG002
        state: OptimistixState,
    ) -> Bool[Array, ""]:
        """Whether optimistix's test and the test with the Hessian are passed."""
        return state.converged

    def stalled(
        self,
        problem: Problem,  # noqa: ARG002
        state: OptimistixState,
    ) -> Bool[Array, ""]:
        """Whether optimistix gave up, or its test is passed at no minimum and without progress."""
        return state.stalled

    def unknowns(
        self,
        problem: Problem,  # noqa: ARG002
        state: OptimistixState,
    ) -> PyTree:
        """The last accepted point."""
        return state.unknowns

    def _method(self, dtype: Any) -> tuple[Any, dict[str, Any]]:
        """Optimistix's object and `options` for unknowns of a dtype.

        No tolerance is below ten units of its rounding.
        """
        floats = {name: leaf.astype(float) for name, leaf in self.hyperparameters.items()}
        for name in ("rtol", "atol"):
            floats[name] = jnp.maximum(floats[name], rounding_of(dtype).astype(float))
        own, options = as_optimistix(dict(self.settings))
        return self.algorithm(**own, **floats), options

    def _begin(self, function: AbstractFunction, batch: PyTree) -> PyTree:
        """Optimistix's state before the first step, arrays and all the rest."""
        vector = function.vector()
        value, metrics = eqx.filter_eval_shape(function, vector, batch)
        method, options = self._method(vector.dtype)
        start = vector.astype(float)
        return method.init(function, start, batch, options, value, metrics, frozenset())


def _ask(
    asking: Bool[Array, ""], loss: Any, vector: Float[Array, " n"], rtol: Float[Array, ""]
) -> tuple[Bool[Array, ""], Float[Array, ""]]:
    """Whether there is a minimum, and the loss there; false and infinite if not asked."""

    def answer(_: tuple) -> tuple:
        value = loss(vector).astype(vector.dtype)
        return jnp.asarray(False), is_minimum(loss, vector, rtol.astype(vector.dtype)), value

    # A loop, not a condition: under vmap both branches of a condition would be computed.
    unasked = asking, jnp.asarray(False), jnp.full_like(vector, jnp.inf, shape=())
    return lax.while_loop(lambda carry: carry[0], answer, unasked)[1:]


def _check_unknowns(problem: AbstractProblem, unknowns: PyTree) -> None:
    """Raise `UnsuitableProblemError` unless there are floating-point numbers, all real."""
    leaves = [leaf for leaf in jax.tree.leaves(unknowns) if eqx.is_inexact_array(leaf)]
    if not leaves or any(jnp.iscomplexobj(leaf) for leaf in leaves):
        raise UnsuitableProblemError(
            "Optimistix needs unknowns in floating-point arrays, all real: "
            f"{type(problem).__name__}.init returned {'a complex' if leaves else 'no such'} array."
        )


def _leaf(value: Any) -> Float[Array, "..."]:
    """A number as an array; arrays keep their precision."""
    kept = value.dtype if eqx.is_inexact_array(value) else jnp.result_type(float)
    return jnp.asarray(value, kept)


def _is_array(leaf: Any) -> bool:
    return isinstance(leaf, jax.Array | np.ndarray | jax.ShapeDtypeStruct)
