"""Problems that hand a state on from step to step, beside the unknowns."""

import abc
from typing import Any, ClassVar

import equinox as eqx
import jax
from jaxtyping import Array, Float, PRNGKeyArray, PyTree

from ..errors import UnsuitableProblemError
from ._constraint import AbstractConstraint, Fixed, Unconstrained
from ._problem import AbstractProblem, Metrics
from ._variant import AbstractVariant


class Stateful(eqx.Module):
    """Unknowns, and the state that goes with them.

    Attributes:
        free: what is solved for.
        state: what steps hand on and nobody differentiates: running statistics (an `eqx.nn.State`),
            a buffer, the level of a noise.
    """

    free: PyTree
    state: PyTree


class AbstractStatefulProblem(AbstractProblem):
    """A problem whose loss also makes the state of the next step.

    `init` returns a `Stateful`, and the answer of a run is one. So `evaluate` has the state too, as
    inference with batch normalisation needs it. Only solvers that hand the state on solve such a
    problem, as `gradient` does.

    Law: the new state has the structure, shapes and dtypes of the old one.
    """

    laws: ClassVar[str | None] = "plugax.testing.kinds._kinds:STATEFUL"

    @abc.abstractmethod
    def stateful_loss(
        self, unknowns: Stateful, batch: PyTree, key: PRNGKeyArray
    ) -> tuple[Float[Array, ""], Metrics, PyTree]:
        """The loss on one batch, figures worth keeping, and the state after it."""

    def loss(
        self, unknowns: Stateful, batch: PyTree, key: PRNGKeyArray
    ) -> tuple[Float[Array, ""], Metrics]:
        """The loss and the figures; the new state is dropped."""
        return loss_and_state(self, unknowns, batch, key)[:2]

    def in_variables(self, constraint: AbstractConstraint, start: PyTree | None) -> AbstractProblem:
        """The same problem from another start, or with parts of what is solved for held.

        A part that is held keeps its weights; the statistics of its layers go on to move, unless
        it is in inference mode (`eqx.nn.inference_mode`).

        Errors: `UnsuitableProblemError` for bounds, and for a state that is to be held.
        """
        if isinstance(constraint, Fixed):
            if jax.tree.leaves(constraint.values.state):
                raise UnsuitableProblemError(
                    f"The state of {type(self).__name__} changes with every step and is not held. "
                    "Pick from what is solved for, as in lambda unknowns: unknowns.free.layers[0]."
                )
        elif not isinstance(constraint, Unconstrained):
            raise UnsuitableProblemError(
                f"{type(self).__name__} carries a state, which has no bounds. Write the bounds "
                "into the model, as in weight = jnp.exp(parameter)."
            )
        return StatefulVariant(self, constraint, start)


class StatefulVariant(AbstractVariant, AbstractStatefulProblem):  # pyright: ignore[reportIncompatibleVariableOverride]
    """A stateful problem from another start, or with a part that is held."""

    problem: AbstractStatefulProblem
    constraint: AbstractConstraint
    start: PyTree | None

    def stateful_loss(
        self, unknowns: Stateful, batch: PyTree, key: PRNGKeyArray
    ) -> tuple[Float[Array, ""], Metrics, PyTree]:
        """That of the problem, at u(z)."""
        return self.problem.stateful_loss(self._inner(unknowns), batch, key)


def loss_and_state(
    problem: AbstractProblem, unknowns: PyTree, batch: PyTree, key: PRNGKeyArray
) -> tuple[Float[Array, ""], Metrics, PyTree]:
    """The loss of any problem, its figures, and the next state; None if the problem has none.

    A solver that hands states on takes this in place of `problem.loss`, differentiates by
    `free_of(unknowns)`, and puts both together again by `put_together`.

    Arguments:
        problem: the problem.
        unknowns: all of them, a `Stateful` if the problem has a state.
        batch: the batch.
        key: of the loss.
    """
    if not isinstance(problem, AbstractStatefulProblem):
        return *problem.loss(unknowns, batch, key), None
    # Equinox makes a state useless once there is a newer one; a copy may be used up.
    state = jax.tree.map(lambda leaf: leaf, unknowns.state)
    return problem.stateful_loss(Stateful(unknowns.free, state), batch, key)


def free_of(unknowns: PyTree) -> PyTree:
    """What is solved for: all unknowns, or those beside a state."""
    return unknowns.free if isinstance(unknowns, Stateful) else unknowns


def put_together(unknowns: PyTree, free: PyTree, state: Any) -> PyTree:
    """Unknowns with new values, and with a new state if they have one."""
    return Stateful(free, state) if isinstance(unknowns, Stateful) else free
