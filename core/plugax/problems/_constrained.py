"""Equations and inequalities that the unknowns have to satisfy."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Float, PRNGKeyArray, PyTree

from ..data import AbstractData
from ..errors import PlugaxError
from ._constraint import AbstractConstraint
from ._least_squares import AbstractLeastSquares
from ._problem import AbstractProblem, Metrics
from ._variant import variant

if TYPE_CHECKING:
    from ..solution import Solution

Function = Callable[[PyTree], PyTree[Array]]


class Constrained(AbstractProblem):
    """Minimise f(u) with c(u) = 0 and g(u) ≤ 0.

    Only solvers that require this kind of problem respect the constraints; others cannot solve it.
    `evaluate` has one more figure of merit, `violation`: the largest of |c| and g, or 0.

    Arguments:
        problem: f.
        equal: c, a function of the unknowns as `problem` returns them to the user; arrays, in any
            pytree.
        at_most: g, a function of those unknowns; arrays, in any pytree.
    """

    laws: ClassVar[str | None] = "plugax.testing.kinds._kinds:CONSTRAINED"

    recipes: ClassVar[Mapping[str, Mapping[str, Any]]] = {"augmented-lagrangian": {}}

    problem: AbstractProblem
    equal: Function
    at_most: Function

    @classmethod
    def suits(cls, requires: type[AbstractProblem]) -> bool:
        """Whether a solver that requires this kind of problem respects the constraints."""
        return issubclass(requires, Constrained)

    def in_variables(self, constraint: AbstractConstraint, start: PyTree | None) -> AbstractProblem:
        """The problem f in other variables, with the same constraints."""
        return Constrained(variant(self.problem, constraint, start), self.equal, self.at_most)

    @property
    def precision(self) -> str | None:  # pyright: ignore[reportIncompatibleVariableOverride]
        """That of the problem."""
        return self.problem.precision

    @property
    def may_be_infinite(self) -> tuple[str, ...]:  # pyright: ignore[reportIncompatibleVariableOverride]
        """Those of the problem."""
        return self.problem.may_be_infinite

    @property
    def data(self) -> AbstractData:
        """Those of the problem."""
        return self.problem.data

    def init(self, key: PRNGKeyArray) -> PyTree:
        """The start of the problem."""
        return self.problem.init(key)

    def loss(
        self, unknowns: PyTree, batch: PyTree, key: PRNGKeyArray
    ) -> tuple[Float[Array, ""], Metrics]:
        """f(u)."""
        return self.problem.loss(unknowns, batch, key)

    def constrained(self, unknowns: PyTree) -> PyTree:
        """The unknowns as the problem returns them to the user."""
        return self.problem.constrained(unknowns)

    def constraints(self, unknowns: PyTree) -> tuple[Float[Array, " equal"], Float[Array, " most"]]:
        """c(u) and g(u), each as one vector."""
        own = self.problem.constrained(unknowns)
        dtype = ravel_pytree(eqx.filter(unknowns, eqx.is_inexact_array))[0].dtype
        # An empty pytree would give a vector of the default dtype.
        equal, at_most = (
            ravel_pytree(function(own))[0].astype(dtype) for function in (self.equal, self.at_most)
        )
        return equal, at_most

    def augmented(
        self, equal: Float[Array, " equal"], at_most: Float[Array, " most"], penalty: Array
    ) -> AbstractProblem:
        """The unconstrained f + ½ρ ‖c + λ/ρ‖² + ½ρ ‖max(0, g + μ/ρ)‖²; least squares if f is.

        Arguments:
            equal: λ, the multipliers of c.
            at_most: μ ≥ 0, the multipliers of g.
            penalty: ρ.
        """
        least_squares = isinstance(self.problem, AbstractLeastSquares)
        kind = LagrangianLeastSquares if least_squares else Lagrangian
        return kind(self, equal, at_most, penalty)

    def evaluate(self, unknowns: PyTree) -> Metrics:
        """The problem's figures of merit, and the violation."""
        equal, at_most = self.constraints(unknowns)
        sizes = jnp.concatenate([jnp.abs(equal), at_most])
        violation = jnp.max(sizes, initial=0)
        return {**self.problem.evaluate(unknowns), "violation": violation}

    def summary(self, series: Mapping[str, np.ndarray]) -> Metrics:
        """The problem's figures of merit for the run."""
        return self.problem.summary(series)

    def remarks(self, series: Mapping[str, np.ndarray]) -> tuple[str, ...]:
        """The problem's remarks on the run."""
        return self.problem.remarks(series)

    def figures(self, solution: "Solution") -> dict[str, Any]:
        """The problem's figures."""
        return self.problem.figures(solution)


class AbstractLagrangian(AbstractProblem):
    """A constrained problem with its constraints in the loss.

    - `constrained_problem`: f, c and g.
    - `equal`, `at_most`: the multipliers λ and μ.
    - `penalty`: ρ.
    """

    constrained_problem: eqx.AbstractVar[Constrained]
    equal: eqx.AbstractVar[Array]
    at_most: eqx.AbstractVar[Array]
    penalty: eqx.AbstractVar[Array]

    @property
    def data(self) -> AbstractData:
        """Those of the problem."""
        return self.constrained_problem.data

    def init(self, key: PRNGKeyArray) -> PyTree:
        """The start of the problem."""
        return self.constrained_problem.init(key)

    def constrained(self, unknowns: PyTree) -> PyTree:
        """The unknowns as the problem returns them to the user."""
        return self.constrained_problem.constrained(unknowns)

    def penalties(self, unknowns: PyTree) -> dict[str, Array]:
        """√ρ (c + λ/ρ) and √ρ max(0, g + μ/ρ)."""
        equal, at_most = self.constrained_problem.constraints(unknowns)
        root = jnp.sqrt(self.penalty)
        return {
            "equal": root * equal + self.equal / root,
            "at_most": jnp.maximum(root * at_most + self.at_most / root, 0),
        }


class Lagrangian(AbstractLagrangian):
    """The augmented Lagrangian of any problem."""

    constrained_problem: Constrained
    equal: Float[Array, " equal"]
    at_most: Float[Array, " most"]
    penalty: Float[Array, ""]

    def loss(
        self, unknowns: PyTree, batch: PyTree, key: PRNGKeyArray
    ) -> tuple[Float[Array, ""], Metrics]:
        """The loss, and half the squares of the penalties."""
        loss, metrics = self.constrained_problem.loss(unknowns, batch, key)
        squares = sum(jnp.sum(part**2) for part in self.penalties(unknowns).values())
        return loss + squares / 2, {**metrics, "objective": loss}


class LagrangianLeastSquares(AbstractLagrangian, AbstractLeastSquares):
    """The augmented Lagrangian of least squares: the penalties are further residuals."""

    constrained_problem: Constrained
    equal: Float[Array, " equal"]
    at_most: Float[Array, " most"]
    penalty: Float[Array, ""]

    def residuals(
        self, unknowns: PyTree, batch: PyTree, key: PRNGKeyArray
    ) -> tuple[PyTree[Array], Metrics]:
        """The residuals, and the penalties."""
        problem = self.constrained_problem.problem
        assert isinstance(problem, AbstractLeastSquares)
        residuals, metrics = problem.residuals(unknowns, batch, key)
        squares = [jnp.sum(jnp.square(leaf)) for leaf in jax.tree.leaves(residuals)]
        objective = sum(squares[1:], start=squares[0]) / 2
        return (residuals, self.penalties(unknowns)), {**metrics, "objective": objective}


def constrained(
    problem: AbstractProblem, *, equal: Function | None = None, at_most: Function | None = None
) -> Constrained:
    """The problem with equations c(u) = 0 and inequalities g(u) ≤ 0 to be satisfied.

        px.constrained(problem, equal=lambda u: jnp.sum(u) - 1, at_most=lambda u: u[0] * u[1] - 2)

    For bounds alone, `plugax.bounded` is quicker. The two can be combined, bounds first:
    `px.constrained(px.bounded(problem, lower=0.0), …)`.

    Arguments:
        problem: any problem.
        equal: c, a function of the unknowns that returns arrays, in any pytree; None for no
            equations.
        at_most: g, a function of the unknowns that returns arrays, in any pytree; None for no
            inequalities.

    Errors: `PlugaxError` if there is no constraint, or a function does not return arrays of
    floating-point numbers.
    """
    if equal is None and at_most is None:
        raise PlugaxError(
            "Give equal=, a function that is to be zero, or at_most=, a function that is not to "
            "exceed zero."
        )
    none = lambda unknowns: ()  # noqa: ARG005, E731
    shapes = eqx.filter_eval_shape(lambda key: problem.constrained(problem.init(key)), jr.key(0))
    for name, function in (("equal", equal), ("at_most", at_most)):
        if function is None:
            continue
        try:
            found = eqx.filter_eval_shape(function, shapes)
        except Exception as error:
            raise PlugaxError(
                f"{name} cannot be computed from the unknowns of {type(problem).__name__}, which "
                f"are {eqx.tree_pformat(shapes, width=10_000, struct_as_array=True)}: {error}"
            ) from error
        leaves = jax.tree.leaves(found)
        arrays = [leaf for leaf in leaves if isinstance(leaf, jax.ShapeDtypeStruct)]
        if not leaves or any(not jnp.issubdtype(leaf.dtype, jnp.floating) for leaf in arrays):
            came = eqx.tree_pformat(found, width=10_000, struct_as_array=True)
            raise PlugaxError(f"{name} must return arrays of floating-point numbers; got {came}.")
    return Constrained(problem, equal or none, at_most or none)
