"""A problem: unknowns, a loss over them, and the data the loss is measured on."""

import abc
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import equinox as eqx
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray, PyTree

from .._errors import PlugaxError
from ..data import AbstractData, FullBatch
from ._constraint import AbstractConstraint

if TYPE_CHECKING:
    from ..solution import Solution, Table

Metrics = dict[str, Any]
"""Named figures of one step or of one evaluation."""


class AbstractProblem(eqx.Module):
    """Says what is unknown, and how well a candidate does.

    A subclass brings `init` and `loss`. Everything else has a default that means "none": override
    what the problem has. `data` is overridden by a property (a dataclass field of that name would
    take the base class's property for its default).

    Three class attributes tell how the problem is usually run:

    - `recipes`: the solvers that suit it, by name, each with the options that suit this problem
      (and `steps`, their number). The first is the default.
    - `precision`: `"float64"` where single precision is not enough.
    - `scores`: the metrics that a comparison of solvers shows, most telling first; where there are
      none, those that all solvers have.

    A subclass that solvers may require, a kind of problem, has one more:

    - `laws`: what holds of problems of the kind, and of solvers for them: a `plugax.testing.Laws`,
      as a lazy `"module:name"`. The conformance kit goes by it.

    Laws: `loss` is a pure function of its arguments and returns a scalar in the dtype of the
    unknowns; it traces once, and gives the same under `jit` and `vmap`.
    """

    recipes: ClassVar[Mapping[str, Mapping[str, Any]]] = {}
    precision: ClassVar[str | None] = None
    scores: ClassVar[tuple[str, ...]] = ()
    laws: ClassVar[str | None] = "plugax.testing._kinds:PROBLEM"

    @abc.abstractmethod
    def init(self, key: PRNGKeyArray) -> PyTree:
        """The unknowns a solver starts from: any pytree, an `eqx.Module` included."""

    @abc.abstractmethod
    def loss(
        self, unknowns: PyTree, batch: PyTree, key: PRNGKeyArray
    ) -> tuple[Float[Array, ""], Metrics]:
        """The scalar to be minimised on one batch, and figures worth keeping (arrays)."""

    @property
    def data(self) -> AbstractData:
        """Gives the batch of step i; by default the empty one, for losses that need none."""
        return FullBatch(())

    def reseeded(self, seed: int) -> "AbstractProblem":  # noqa: ARG002 - the default draws nothing
        """The same problem with other random data, for comparisons over seeds.

        A problem whose data are given returns itself.

        Arguments:
            seed: of the data.

        Law: only the values of array leaves differ, so all seeds are one program.
        """
        return self

    @classmethod
    def suits(cls, requires: "type[AbstractProblem]") -> bool:
        """Whether a solver that requires this kind of problem can solve such a one.

        By default if it is of that kind. A problem that a solver has to know of, lest it leave out
        what matters, asks for more.
        """
        return issubclass(cls, requires)

    def in_variables(
        self,
        constraint: AbstractConstraint,  # noqa: ARG002 - the default keeps nothing
        start: PyTree | None,  # noqa: ARG002
    ) -> "AbstractProblem | None":
        """The problem in the variables of a constraint, and still of its kind.

        A kind that offers its solvers more than a loss says here how that is offered in other
        variables: `fixed`, `bounded`, `starting_at` and sweeps over starts ask for it.

        Arguments:
            constraint: u(z).
            start: the unknowns u to start from; None for those of `init`.

        Returns:
            the problem whose unknowns are z; None if there is nothing to keep but the loss.

        Errors: `UnsuitableProblemError` if this kind has no such variant.
        """
        return None

    def constrained(self, unknowns: PyTree) -> PyTree:
        """The unknowns as the answer gives them, where a solver works with others in their place.

        Only a change of variables needs this: bounds, fixed parameters, a control variable.
        """
        return unknowns

    def evaluate(self, unknowns: PyTree) -> Metrics:  # noqa: ARG002 - the default has none
        """Final figures of merit, compiled; names are part of the problem's interface."""
        return {}

    def evaluate_held(
        self,
        unknowns: PyTree,
        held: PyTree,  # noqa: ARG002 - the default says the same of all
    ) -> Metrics:
        """Final figures of merit if some of the unknowns were not free; else as `evaluate`.

        A problem that says how well its unknowns are known, or counts them, overrides it: what was
        held at a value, or ended on a bound, is no estimate, and leaves a degree of freedom more.

        Arguments:
            unknowns: all of them.
            held: in the structure of the unknowns, an array of booleans for every floating-point
                array, true where a number was held; None for every other leaf.
        """
        return self.evaluate(unknowns)

    def summary(self, series: Mapping[str, np.ndarray]) -> Metrics:  # noqa: ARG002 - as above
        """Figures of merit of a whole run, on the host; they join those of `evaluate`.

        Arguments:
            series: the metrics of every step by name, steps along the leading axis.
        """
        return {}

    def remarks(self, series: Mapping[str, np.ndarray]) -> tuple[str, ...]:  # noqa: ARG002 - as above
        """What a user should be told of a run, well ended or not: doubts, and what to try.

        On the host, when the run has ended. Whole sentences; they stand in `solution.status`, and
        the command line shows them. Nothing is to be said of a run that is as it should be.

        Arguments:
            series: the metrics of every step by name, steps along the leading axis; the last row of
                a run that failed is that which was not finite.
        """
        return ()

    def reference(self) -> PyTree | None:
        """The known answer, in the shape of the unknowns, or None."""
        return None

    def tables(self, solution: "Solution") -> "tuple[Table, ...]":  # noqa: ARG002 - as above
        """Tables of a solution, for people; made on the host. The command line prints them."""
        return ()

    def predict(self, solution: "Solution", inputs: Any, **options: Any) -> Any:  # noqa: ARG002
        """What a solution predicts at other inputs; made on the host.

        Arguments:
            solution: of this problem, or of a variant.
            inputs: where to predict.
            options: the problem's own.

        Errors: `PlugaxError` if the problem has no inputs.
        """
        raise PlugaxError(
            f"{type(self).__name__} predicts nothing. A problem whose unknowns say something about "
            "other inputs defines predict(solution, inputs)."
        )

    def figures(self, solution: "Solution") -> dict[str, Any]:  # noqa: ARG002 - as above
        """Matplotlib figures and animations of a solution, by name; made on the host."""
        return {}
