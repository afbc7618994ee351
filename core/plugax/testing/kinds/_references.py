"""Small problems with known answers, one for every kind that solvers require, and a plain solver.

These problems have to be easy: a conformance kit does not test whether a method is *good*. Each
starts at a random point, and passes its numbers to the loss as a batch, so that a solver which
loses the seed or the batch is detected.
"""

import functools
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
from jaxtyping import Array, PRNGKeyArray, PyTree

from ...data import FullBatch
from ...problems import (
    AbstractLeastSquares,
    AbstractLinearLeastSquares,
    AbstractLogDensity,
    AbstractProblem,
    AbstractStatefulProblem,
    Constrained,
    Metrics,
    Stateful,
    free_of,
    loss_and_state,
    put_together,
)
from ...solvers import AbstractSolver
from ..claims._claim import name_of
from ..claims._precision import cast, native
from ._laws import own_laws


def _array(values: Any) -> Array:
    return jnp.asarray(values, float)


class Valley(AbstractProblem):
    """½ Σ c (u − m)² + ¹⁄₁₀ Σ (u − m)⁴: convex, curvatures c from 2 to 8, minimum at u = m."""

    def init(self, key: PRNGKeyArray) -> PyTree:
        """Near the minimum."""
        x_key, s_key = jr.split(key)
        answer = self.reference()
        return {
            "x": answer["x"] + 0.4 + 0.05 * jr.normal(x_key, (2,)),
            "s": answer["s"] - 0.4 + 0.05 * jr.normal(s_key, ()),
        }

    @property
    def data(self) -> FullBatch:
        """The minimum m, all at every step."""
        return FullBatch(self.reference())

    def loss(self, unknowns: PyTree, batch: PyTree, key: PRNGKeyArray) -> tuple[Array, Metrics]:  # noqa: ARG002
        """The loss above, and the distance to the minimum along s."""
        # Solvers in float32 may use the data directly, which have the default float dtype.
        gaps = jax.tree.map(lambda u, m: u - m.astype(u.dtype), unknowns, batch)
        x, s = gaps["x"], gaps["s"]
        curvature = jnp.asarray([2, 8], x.dtype)
        loss = jnp.sum(curvature * x**2) / 2 + 2 * s**2 + (jnp.sum(x**4) + s**4) / 10
        return loss, {"distance": jnp.abs(s)}

    def evaluate(self, unknowns: PyTree) -> Metrics:
        """The distance to the minimum."""
        gaps = jax.tree.map(lambda u, m: u - m.astype(u.dtype), unknowns, self.reference())
        return {"distance": jnp.sqrt(sum(jnp.sum(gap**2) for gap in jax.tree.leaves(gaps)))}

    def reference(self) -> PyTree:
        """The minimum m."""
        return {"x": _array([0.5, -1.0]), "s": _array(1.5)}


class Rosenbrock(AbstractLeastSquares):
    """½‖(10 (y − x²), 1 − x)‖², from about (−1.2, 1).

    Source: H. H. Rosenbrock, Comput. J. 3 (1960), doi 10.1093/comjnl/3.3.175.
    """

    def init(self, key: PRNGKeyArray) -> PyTree:
        """Near the usual start."""
        return _array([-1.2, 1.0]) + 0.01 * jr.normal(key, (2,))

    def residuals(
        self,
        unknowns: PyTree,
        batch: PyTree,  # noqa: ARG002
        key: PRNGKeyArray,  # noqa: ARG002
    ) -> tuple[PyTree, Metrics]:
        """The distances from the valley, and from its lowest point."""
        x, y = unknowns
        return {"across": 10 * (y - x**2), "along": 1 - x}, {}

    def reference(self) -> PyTree:
        """(1, 1)."""
        return _array([1.0, 1.0])


class Line(AbstractLinearLeastSquares):
    """A line through four points, y ≈ a + b t; the answer is a = 0.59, b = 0.74."""

    def init(self, key: PRNGKeyArray) -> PyTree:
        """Random numbers."""
        a_key, b_key = jr.split(key)
        return {"a": jr.normal(a_key, ()), "b": jr.normal(b_key, ())}

    @property
    def data(self) -> FullBatch:
        """t and y."""
        return FullBatch((_array([0, 1, 2, 3]), _array([1, 0.5, 2.5, 2.8])))

    def residuals(
        self,
        unknowns: PyTree,
        batch: PyTree,
        key: PRNGKeyArray,  # noqa: ARG002
    ) -> tuple[PyTree, Metrics]:
        """a + b t − y."""
        t, y = (values.astype(unknowns["a"].dtype) for values in batch)
        return unknowns["a"] + unknowns["b"] * t - y, {}

    def reference(self) -> PyTree:
        """From the normal equations."""
        return {"a": _array(0.59), "b": _array(0.74)}


class Gaussian(AbstractLogDensity):
    """The standard normal density in two dimensions, −½‖u‖², with a start far from the mode."""

    def init(self, key: PRNGKeyArray) -> PyTree:
        """About 14 standard deviations from the mode."""
        return _array([10.0, -10.0]) + 0.1 * jr.normal(key, (2,))

    def log_density(
        self,
        unknowns: PyTree,
        batch: PyTree,  # noqa: ARG002
        key: PRNGKeyArray,  # noqa: ARG002
    ) -> tuple[Array, Metrics]:
        """−½‖u‖²."""
        return -jnp.sum(unknowns**2) / 2, {}

    def reference(self) -> PyTree:
        """The mode."""
        return _array([0.0, 0.0])


def _on_the_plane(unknowns: PyTree) -> Array:
    return jnp.sum(unknowns["x"]) + 0.5


def _below(unknowns: PyTree) -> Array:
    return unknowns["s"] - 2


class Fenced(Constrained):
    """The valley with x₁ + x₂ = −½ and s ≤ 2, which its minimum satisfies."""

    # A class attribute, since it is also read from the class.
    precision: ClassVar[str | None] = None  # pyright: ignore[reportIncompatibleMethodOverride]

    def __init__(self):
        super().__init__(Valley(), equal=_on_the_plane, at_most=_below)

    def reference(self) -> PyTree:
        """The minimum of the valley."""
        return self.problem.reference()


class RunningMean(AbstractStatefulProblem):
    """½‖u − m‖², which keeps the mean of the unknowns so far: s ← s + (u − s) / 2."""

    def init(self, key: PRNGKeyArray) -> Stateful:
        """Beside the minimum, with a mean of zero."""
        start = self.reference().free + 0.5 + 0.1 * jr.normal(key, (2,))
        return Stateful(start, jnp.zeros_like(start))

    def stateful_loss(
        self,
        unknowns: Stateful,
        batch: PyTree,  # noqa: ARG002
        key: PRNGKeyArray,  # noqa: ARG002
    ) -> tuple[Array, Metrics, PyTree]:
        """The loss, and the mean with these unknowns in it."""
        gap = unknowns.free - self.reference().free.astype(unknowns.free.dtype)
        mean = (unknowns.state + unknowns.free) / 2
        return jnp.sum(gap**2) / 2, {"mean": jnp.mean(mean)}, mean

    def reference(self) -> Stateful:
        """The minimum m, at which the mean ends too."""
        return Stateful(_array([0.5, -1.0]), _array([0.5, -1.0]))


def reference_for(solver: AbstractSolver) -> AbstractProblem:
    """The reference problem of the kind that a solver requires, on which it is tested.

    Errors: `AssertionError` if the laws of that kind have none.
    """
    laws = own_laws(solver.requires)
    if laws is not None and laws.reference is not None:
        return laws.reference()
    raise AssertionError(
        f"{name_of(solver)} requires an {solver.requires.__name__}, for which the kit has no "
        "example. Give one: check_solver_…(solver, key, problem=…), or "
        f"parametrize_checks(…, references={{{solver.requires.__name__}: …}}), or the attribute "
        f"laws of {solver.requires.__name__} itself."
    )


@contextmanager
def tried(
    solver: AbstractSolver, problem: AbstractProblem | None
) -> Iterator[tuple[AbstractSolver, AbstractProblem, int]]:
    """Solver, problem and bits, in the precision in which users would run the two.

    Arguments:
        solver: the solver.
        problem: the problem; None for the kit's reference problem.
    """
    problem = reference_for(solver) if problem is None else problem
    with native(problem) as bits:
        yield cast(solver, bits), cast(problem, bits), bits


class Descent(AbstractSolver[AbstractProblem, PyTree]):
    """Gradient descent with short steps of constant length, for problems of any scale.

    Arguments:
        length: the length of a step; the default is meant for unknowns of about one.
    """

    carries: ClassVar[bool] = True

    length: float = eqx.field(static=True, default=1e-3)

    def init(self, problem: AbstractProblem, unknowns: PyTree, key: PRNGKeyArray) -> PyTree:  # noqa: ARG002
        """The unknowns, which are the whole state."""
        return unknowns

    def step(
        self, problem: AbstractProblem, state: PyTree, batch: PyTree, key: PRNGKeyArray
    ) -> tuple[PyTree, Metrics]:
        """u ← u − length · ∇J / ‖∇J‖."""
        carried = state.state if isinstance(state, Stateful) else None

        def loss_of(free: PyTree) -> tuple[Array, tuple[Metrics, PyTree]]:
            unknowns = put_together(state, free, carried)
            value, metrics, after = loss_and_state(problem, unknowns, batch, key)
            return value, (metrics, after)

        value_and_grad = eqx.filter_value_and_grad(loss_of, has_aux=True)
        (loss, (metrics, carried)), gradient = value_and_grad(free_of(state))
        squares = [jnp.sum(jnp.abs(g) ** 2).astype(loss.dtype) for g in jax.tree.leaves(gradient)]
        # Never zero, although the gradient may be.
        norm = jnp.sqrt(sum(squares, start=jnp.asarray(jnp.finfo(loss.dtype).tiny, loss.dtype)))
        move = lambda g: (-self.length * jnp.conj(g) / norm.astype(g.real.dtype)).astype(g.dtype)  # noqa: E731
        free = eqx.apply_updates(free_of(state), jax.tree.map(move, gradient))
        return put_together(state, free, carried), {"loss": loss, **metrics}

    def converged(self, problem: AbstractProblem, state: PyTree) -> None:  # noqa: ARG002
        """None: it has no test."""
        return

    def unknowns(self, problem: AbstractProblem, state: PyTree) -> PyTree:  # noqa: ARG002
        """The state."""
        return state


def descent_for(problem: AbstractProblem) -> Descent:
    """Plain descent on a problem's loss, whatever else the problem asks of solvers."""
    return Descent() if problem.suits(AbstractProblem) else _descent_on(type(problem))()


@functools.cache
def _descent_on(kind: type[AbstractProblem]) -> type[Descent]:
    return type("Descent", (Descent,), {"requires": kind})
