"""The solver of a path: one strength after the other, each from the answer before."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import equinox as eqx
import jax.lax as lax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int, PRNGKeyArray

import plugax
from plugax import AbstractProblem, AbstractSolver, PlugaxError
from plugax import Table as ShownTable

from ._ordinary import predictions_of
from ._path import PenalisedPath
from ._path_choice import choice_of
from ._path_choice import remarks as remarks_on
from ._penalised import PenalisedRegression
from ._penalised_statistics import (
    degrees_of_freedom,
    deviances_of,
    explained,
    nonzero,
    row_deviances,
    table_of,
)

if TYPE_CHECKING:
    from plugax import Solution


class RegularisationPath(AbstractSolver[PenalisedPath, Array]):
    """Solves the models of a path for one strength at a step, all folds side by side.

    Every step runs `solver` from the answer for the strength before, until it has converged: along
    a path that takes a step or two.

    Arguments:
        solver: the solver of a model, its name or the solver itself; `proximal-gradient` for more
            than about a thousand terms.
        model_steps: the largest number of its steps for one strength.

    Metrics: `loss`, of the unknowns that the step starts from. All others are of its answers:
    `strength` (λ), and for the model of all rows `coefficients`, `standardised`, `nonzero`,
    `effective_degrees_of_freedom` and `deviance_explained`; `held_out_deviances`, for every fold
    the mean deviance of its rows; `unsolved`, the number of models whose solver has not converged.

    Source: Friedman, Hastie and Tibshirani 2010, doi 10.18637/jss.v033.i01.
    """

    requires: ClassVar[type[AbstractProblem]] = PenalisedPath
    example: ClassVar[Mapping[str, Any]] = {"problem": {"name": "penalised-path"}}

    solver: AbstractSolver
    model_steps: Int[Array, "..."]

    def __init__(self, solver: AbstractSolver | str = "proximal-newton", model_steps: int = 2000):
        self.solver = plugax.solver(solver)
        self.model_steps = jnp.asarray(model_steps, "int32")

    def unsuitable(self, problem: Any) -> str | None:
        """No path, or models that the solver inside cannot solve."""
        why = super().unsuitable(problem)
        if why is None and (why := self.solver.unsuitable(problem.model)):
            return f"cannot solve its models by {type(self.solver).__name__}, which {why}"
        return why

    def init(
        self, problem: PenalisedPath, unknowns: Float[Array, "models terms"], key: PRNGKeyArray
    ) -> Float[Array, "models terms"]:
        """The unknowns, which are the whole state.

        Errors: `PlugaxError` if the solver has no test of convergence.
        """
        state = self.solver.init(problem.model, unknowns[0], key)
        if self.solver.converged(problem.model, state) is None:
            raise PlugaxError(
                "regularisation-path needs a solver with a test of convergence; "
                f"{type(self.solver).__name__} runs all its steps. Try 'proximal-newton'."
            )
        return unknowns

    def step(
        self,
        problem: PenalisedPath,
        state: Float[Array, "models terms"],
        batch: Float[Array, ""],
        key: PRNGKeyArray,
    ) -> tuple[Float[Array, "models terms"], dict[str, Array]]:
        """All models for one strength."""
        loss, _ = problem.loss(state, batch, key)
        models = problem.models(batch)
        over = (problem.varying, 0)

        def solve(model: PenalisedRegression, b: Array) -> tuple[Array, Bool[Array, ""]]:
            return self._solve(model, b, key)

        after, solved = eqx.filter_vmap(solve, in_axes=over)(models, state)
        left_out = eqx.filter_vmap(_held_out, in_axes=over)(models, after)[1:]
        first = eqx.tree_at(lambda m: m.strength, problem.model, batch)
        curvature = first.curvature(after[0], first.data.first(), key)
        return after, {
            "loss": loss,
            "strength": batch,
            "coefficients": first.constrained(after[0]),
            "standardised": after[0],
            "nonzero": nonzero(first, after[0]),
            "effective_degrees_of_freedom": degrees_of_freedom(first, after[0], curvature),
            "deviance_explained": explained(*deviances_of(first, after[0])),
            "held_out_deviances": left_out,
            "unsolved": jnp.sum(~solved),
        }

    def summary(self, problem: PenalisedPath, series: Mapping[str, np.ndarray]) -> dict[str, Any]:
        """The chosen strength with its coefficients.

        `coefficients`, `standardised`, `strength` (the λ that was chosen), `nonzero`,
        `deviance_explained`; and with folds `strength_minimum`, `strength_one_standard_error`,
        `held_out_deviance` (per row, the mean over the folds) and its `held_out_error`.
        """
        return choice_of(series, problem.choice)

    def tables(self, solution: "Solution") -> tuple[ShownTable, ...]:
        """The coefficients of the chosen strength."""
        return table_of(solution.metrics)

    def figures(self, solution: "Solution") -> dict[str, Any]:
        """`path`, the coefficients against λ; and with folds `cross-validation`."""
        from ._path_figures import figures  # Matplotlib is slow to import

        return figures(solution)

    def remarks(
        self,
        problem: PenalisedPath,  # noqa: ARG002
        series: Mapping[str, np.ndarray],
    ) -> tuple[str, ...]:
        """Models that were not solved, and a choice at an end of the grid."""
        return remarks_on(series)

    def converged(self, problem: PenalisedPath, state: Array) -> None:  # noqa: ARG002
        """None: the path has as many steps as strengths."""
        return

    def unknowns(
        self,
        problem: PenalisedPath,  # noqa: ARG002
        state: Float[Array, "models terms"],
    ) -> Float[Array, "models terms"]:
        """The coefficients of all models."""
        return state

    def _solve(
        self, model: PenalisedRegression, start: Array, key: PRNGKeyArray
    ) -> tuple[Float[Array, " terms"], Bool[Array, ""]]:
        """The minimum of one model, and whether the solver's test says so."""
        batch, first = model.data.first(), self.solver.init(model, start, key)
        arrays, rest = eqx.partition(first, eqx.is_array)

        def solved(arrays: object) -> Array:
            done = self.solver.converged(model, eqx.combine(arrays, rest))
            assert done is not None  # init has checked this
            return done

        def is_unfinished(carry: tuple) -> Array:
            arrays, count = carry
            stalled = self.solver.stalled(model, eqx.combine(arrays, rest))
            ended = solved(arrays) if stalled is None else solved(arrays) | stalled
            return ~ended & (count < self.model_steps)

        def advance(carry: tuple) -> tuple:
            arrays, count = carry
            state, _ = self.solver.step(model, eqx.combine(arrays, rest), batch, key)
            return eqx.filter(state, eqx.is_array), count + 1

        arrays, _ = lax.while_loop(is_unfinished, advance, (arrays, jnp.asarray(0, "int32")))
        return self.solver.unknowns(model, eqx.combine(arrays, rest)), solved(arrays)


def _held_out(model: PenalisedRegression, b: Float[Array, " terms"]) -> Float[Array, ""]:
    """The mean deviance of the rows, or trials, that do not count."""
    eta = predictions_of(model.design, b) + model.offset
    left_out = 1 - model.counted
    total = jnp.sum(left_out * model.trials)
    deviance = jnp.sum(left_out * row_deviances(model, eta))
    return deviance / jnp.where(total > 0, total, 1)
