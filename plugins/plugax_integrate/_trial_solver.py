"""A solver of diffrax whose rejected steps have no effect on a gradient."""

from typing import Any

import diffrax
from jaxtyping import PyTree

from ._trial import trial


class TrialSolver(diffrax.AbstractAdaptiveSolver):
    """The steps of `solver`; the derivative of one that `controller` rejects is zero.

    Arguments:
        solver: computes the steps.
        controller: accepts or rejects them, by their error estimate alone.
    """

    solver: diffrax.AbstractAdaptiveSolver
    controller: diffrax.AbstractStepSizeController

    @property
    def term_structure(self) -> Any:  # pyright: ignore[reportIncompatibleVariableOverride]
        """What it can solve."""
        return self.solver.term_structure

    @property
    def interpolation_cls(self) -> Any:  # pyright: ignore[reportIncompatibleMethodOverride]
        """The polynomial between two steps."""
        return self.solver.interpolation_cls

    def order(self, terms: Any) -> Any:
        """Of convergence."""
        return self.solver.order(terms)

    def error_order(self, terms: Any) -> Any:
        """Of the error estimate."""
        return self.solver.error_order(terms)

    def init(self, terms: Any, t0: Any, t1: Any, y0: PyTree, args: Any) -> Any:
        """The solver state that is carried from step to step."""
        return self.solver.init(terms, t0, t1, y0, args)

    def func(self, terms: Any, t0: Any, y0: PyTree, args: Any) -> PyTree:
        """The vector field."""
        return self.solver.func(terms, t0, y0, args)

    def step(
        self,
        terms: Any,
        t0: Any,
        t1: Any,
        y0: PyTree,
        args: Any,
        solver_state: Any,
        made_jump: Any,
    ) -> Any:
        """One step from t0 to t1, with its error estimate."""
        order = self.error_order(terms)
        # Unlike the step sizes, the decision on a step does not depend on earlier steps.
        _, fresh = self.controller.init(terms, t0, t1, y0, t1 - t0, args, self.func, order)

        def make() -> tuple[Any, Any]:
            out = self.solver.step(terms, t0, t1, y0, args, solver_state, made_jump)
            y1, error = out[:2]
            decision = self.controller.adapt_step_size(t0, t1, y0, y1, args, error, order, fresh)
            return out, decision[0]

        return trial(make)[0]
