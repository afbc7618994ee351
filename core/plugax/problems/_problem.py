"""A problem: unknowns, a loss over them, and the data the loss is measured on."""

import abc
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import equinox as eqx
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray, PyTree

from .._lazy import load_target
from ..data import AbstractData, FullBatch
from ..display import component_html
from ..errors import PlugaxError
from ._constraint import AbstractConstraint

if TYPE_CHECKING:
    from ..solution import Solution, Table

Metrics = dict[str, Any]
"""Named figures of one step or of one evaluation."""


class AbstractProblem(eqx.Module):
    """Defines the unknowns, and how well a candidate does.

    A subclass defines `init` and `loss`. Everything else has a default that means "none"; override
    what the problem has. Override `data` by a property (a dataclass field of that name would take
    the base class's property for its default).

    Class attributes describe how the problem is usually run, and who draws its figures:

    - `recipes`: the recommended solvers by name, each with the options that suit this problem (and
      `steps`, the number of steps). The first is the default.
    - `precision`: `"float64"` if single precision is not enough.
    - `scores`: the metrics that a comparison of solvers shows, most important first; if empty, the
      metrics that all solvers have.
    - `may_be_infinite`: the metrics that need not be finite. Any other that is infinite, or not a
      number, ends a run as a failure.
    - `figures_from`: the function that draws the figures, see `figures`.

    A class that solvers may require, a kind of problem, has one more:

    - `laws`: the laws of problems of this kind, and of solvers for them: a `plugax.testing.Laws`,
      as a lazy `"module:name"`. The conformance kit checks them.

    Laws: `loss` is a pure function of its arguments and returns a scalar in the dtype of the
    unknowns; it is traced once, and gives the same result under `jit` and `vmap`.
    """

    recipes: ClassVar[Mapping[str, Mapping[str, Any]]] = {}
    precision: ClassVar[str | None] = None
    scores: ClassVar[tuple[str, ...]] = ()
    may_be_infinite: ClassVar[tuple[str, ...]] = ()
    figures_from: ClassVar[str | None] = None
    laws: ClassVar[str | None] = "plugax.testing.kinds._kinds:PROBLEM"

    @abc.abstractmethod
    def init(self, key: PRNGKeyArray) -> PyTree:
        """The unknowns a solver starts from: any pytree, an `eqx.Module` included."""

    @abc.abstractmethod
    def loss(
        self, unknowns: PyTree, batch: PyTree, key: PRNGKeyArray
    ) -> tuple[Float[Array, ""], Metrics]:
        """The scalar to be minimised on one batch, and metrics worth recording (arrays)."""

    @property
    def data(self) -> AbstractData:
        """Gives the batch of step i; by default an empty batch, for losses that need no data."""
        return FullBatch(())

    def reseeded(self, seed: int) -> "AbstractProblem":  # noqa: ARG002 - the default draws nothing
        """The same problem with other random data, for comparisons over seeds.

        A problem whose data are not random returns itself.

        Arguments:
            seed: the seed of the data.

        Law: only the values of array leaves differ, so that all seeds share one program.
        """
        return self

    @classmethod
    def suits(cls, requires: "type[AbstractProblem]") -> bool:
        """Whether a solver that requires this kind of problem can solve problems of this class.

        By default it can if this class is of that kind. A class with a feature that a solver must
        not ignore overrides this, and asks for more.
        """
        return issubclass(cls, requires)

    def in_variables(
        self,
        constraint: AbstractConstraint,  # noqa: ARG002 - the default keeps nothing
        start: PyTree | None,  # noqa: ARG002
    ) -> "AbstractProblem | None":
        """The problem in the variables of a constraint, still of the same kind.

        A kind of problem that offers solvers more than a loss defines here how it is expressed in
        other variables: `fixed`, `bounded`, `starting_at` and sweeps over starts need it.

        Arguments:
            constraint: u(z).
            start: the unknowns u to start from; None for those of `init`.

        Returns:
            the problem whose unknowns are z; None if only the loss has to be kept.

        Errors: `UnsuitableProblemError` if this kind has no such variant.
        """
        return None

    def constrained(self, unknowns: PyTree) -> PyTree:
        """The unknowns as the solution gives them, if a solver works in other variables.

        Only a change of variables needs this: bounds, fixed parameters, a control variable.
        """
        return unknowns

    def evaluate(self, unknowns: PyTree) -> Metrics:  # noqa: ARG002 - the default has none
        """Final figures of merit, compiled; their names are part of the problem's interface."""
        return {}

    def evaluate_held(
        self,
        unknowns: PyTree,
        held: PyTree,  # noqa: ARG002 - not used
    ) -> Metrics:
        """Final figures of merit if some of the unknowns were not free; by default `evaluate`.

        Override it if the problem counts its unknowns or says how well they are known: an unknown
        that was fixed, or ended on a bound, is not an estimate, and does not use up a degree of
        freedom.

        Arguments:
            unknowns: all unknowns.
            held: in the structure of the unknowns, an array of booleans for every floating-point
                array, true for every number that was held; None for every other leaf.
        """
        return self.evaluate(unknowns)

    def summary(self, series: Mapping[str, np.ndarray]) -> Metrics:  # noqa: ARG002 - not used
        """Figures of merit of a whole run, on the host; they are added to those of `evaluate`.

        Arguments:
            series: the metrics of every step by name, steps along the leading axis.
        """
        return {}

    def remarks(self, series: Mapping[str, np.ndarray]) -> tuple[str, ...]:  # noqa: ARG002 - not used
        """What a user should know about a run, successful or not: doubts, and what to try.

        Called on the host when the run has ended. Whole sentences; they appear in
        `solution.status`, and the command line shows them. If all is well, return nothing.

        Arguments:
            series: the metrics of every step by name, steps along the leading axis; if the run
                failed, the last row is the one that was not finite.
        """
        return ()

    def reference(self) -> PyTree | None:
        """The known answer, in the structure of the unknowns, or None."""
        return None

    def tables(self, solution: "Solution") -> "tuple[Table, ...]":  # noqa: ARG002 - not used
        """Tables of a solution, for people to read; made on the host. The CLI prints them."""
        return ()

    def predict(self, solution: "Solution", inputs: Any, **options: Any) -> Any:  # noqa: ARG002
        """What a solution predicts at other inputs; made on the host.

        Arguments:
            solution: a solution of this problem, or of a variant of it.
            inputs: where to predict.
            options: options of this problem.

        Errors: `PlugaxError` if the problem has no inputs.
        """
        raise PlugaxError(
            f"{type(self).__name__} predicts nothing. A problem whose unknowns allow predictions "
            "at other inputs defines predict(solution, inputs)."
        )

    def predict_table(self, solution: "Solution", data: Any) -> Mapping[str, Any]:  # noqa: ARG002
        """What a solution predicts for every row of a table; made on the host.

        `plugax predict` writes it as a file. A problem that reads a table reads new ones of the
        same columns here; the response need not be among them.

        Arguments:
            solution: a solution of this problem, or of a variant of it.
            data: a file's path, or arrays by name.

        Returns:
            columns by name, each with one value for every row.

        Errors: `PlugaxError` if the problem does not read tables.
        """
        raise PlugaxError(
            f"{type(self).__name__} predicts nothing from a table. A problem that can defines "
            "predict_table(solution, data), which returns columns by name."
        )

    def figures(self, solution: "Solution") -> dict[str, Any]:
        """Matplotlib figures and animations of a solution, by name; made on the host.

        Drawing code is long, and Matplotlib slow to import, so it usually has a module of its own:
        `figures_from` names a function there as a lazy `"module:name"`, and this method calls it
        with the problem and the solution. If `figures_from` is None, there are no figures.

        Arguments:
            solution: a solution of this problem, or of a variant of it.

        Errors: `PlugaxError` if there is no such function.
        """
        if self.figures_from is None:
            return {}
        try:
            draw = load_target(self.figures_from)
        except PlugaxError as error:
            name = type(self).__name__
            raise PlugaxError(f"{name}.figures_from names no function: {error}") from error
        return draw(self, solution)

    def _repr_html_(self) -> str:
        solvers = ", ".join(self.recipes)
        facts = {"recommended solvers": solvers} if solvers else {}
        return component_html(self, "problem", facts)
