"""The hooks a plugin may implement: five that register components, five that follow a run.

A plugin is a module (or any object) named by an entry point of the group `plugax`. It marks its
hooks with `plugax.hookimpl`; each takes the arguments it needs, by the names given here. No hook is
ever called inside traced code.
"""

from collections.abc import Callable, Mapping
from typing import Any, Protocol, runtime_checkable

import pluggy

hookspec = pluggy.HookspecMarker("plugax")
hookimpl = pluggy.HookimplMarker("plugax")


@runtime_checkable
class Register(Protocol):
    """The function that a registration hook receives: it registers one component."""

    def __call__(
        self,
        name: str,
        target: Callable[..., Any] | str,
        *,
        summary: str = "",
        needs: Mapping[str, str] | None = None,
    ) -> None:
        """Register `target`, a class, a factory, or a lazy `"module:qualname"`, as `name`.

        `needs` are libraries that only this component needs, extras of the distribution: what `pip
        install` gets, by the name of the module.
        """


class HookSpecs:
    """All hooks, with their arguments."""

    @hookspec
    def register_problems(self, register: Register) -> None:
        """Register problems: subclasses of `AbstractProblem`, or factories of problems."""

    @hookspec
    def register_solvers(self, register: Register) -> None:
        """Register solvers: subclasses of `AbstractSolver`, or factories of solvers."""

    @hookspec
    def register_optimizers(self, register: Register) -> None:
        """Register optimizers: subclasses of `AbstractOptimizer`, or factories of optimizers."""

    @hookspec
    def register_integrators(self, register: Register) -> None:
        """Register integrators, of `AbstractIntegrator` or `AbstractStochasticIntegrator`."""

    @hookspec
    def register_observers(self, register: Register) -> None:
        """Register observers: subclasses of `AbstractObserver`, or factories of observers."""

    @hookspec
    def before_compile(self, problem: Any, solver: Any) -> None:
        """A run is about to compile `solver` on `problem`."""

    @hookspec
    def after_compile(self, problem: Any, solver: Any, seconds: float) -> None:
        """Compilation took `seconds`; almost none if the programs were compiled before."""

    @hookspec
    def before_run(self, problem: Any, solver: Any, steps: int) -> None:
        """The first of at most `steps` steps is about to run."""

    @hookspec
    def after_run(self, solution: Any) -> None:
        """A run has ended, successfully or not, with `solution`."""

    @hookspec
    def on_run_error(self, problem: Any, solver: Any, error: BaseException) -> None:
        """A run ended with an exception, which is then passed on to the caller."""
