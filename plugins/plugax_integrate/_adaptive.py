"""Adaptive and stiff integration through diffrax, one interval between stored states at a time.

Each interval has its own clock, s from 0 to 1 with dy/ds = h f(t + s h, y), and only its end is
saved. So no time is ever compared with a grid that it may miss by rounding, which can spoil
diffrax's gradients. diffrax's run-time checks are not used, since each would stay in the program as
a call to the host.

The derivative treats the chosen steps as constants; it is that of the solution to within the
tolerances.
"""

from typing import Any, cast

import diffrax
import equinox as eqx
import jax
import jax.lax as lax
import jax.numpy as jnp
from jaxtyping import Array, Float, PyTree

from plugax import AbstractIntegrator

from ._adaptive_path import AdaptivePath
from ._esdirk import KVAERNO3, KVAERNO4, KVAERNO5, Esdirk, ImplicitTableau
from ._first_step import FirstStep
from ._state import VectorField, check_real, state_and_times, tendency
from ._trial_solver import TrialSolver


class Adaptive(AbstractIntegrator):
    """Steps as long as |error| < atol + rtol |y| allows, by a solver of diffrax.

    Failure is a value: if an interval needs more than `max_steps` steps (too stiff for the scheme,
    or a solution that diverges), all states from its end on are NaN.

    Laws: differentiable in forward and in reverse mode; the gradient is that of the steps made,
    which it treats as constants. No member of a `vmap` affects the others.

    Arguments:
        solver: a diffrax solver with an error estimate.
        rtol: relative tolerance of the error of a step.
        atol: absolute tolerance of the error of a step [units of the state].
        max_steps: largest number of steps, with rejected ones, from one stored state to the next.
    """

    solver: diffrax.AbstractSolver
    rtol: float
    atol: float
    max_steps: int = eqx.field(static=True)

    def __check_init__(self):
        if self.max_steps < 1:
            raise ValueError(f"max_steps must be at least 1; got {self.max_steps}.")
        if min(self.rtol, self.atol) < 0 or max(self.rtol, self.atol) == 0:
            raise ValueError(
                "rtol and atol must not be negative, and not both zero; got "
                f"rtol={self.rtol} and atol={self.atol}."
            )

    def trajectory(
        self,
        field: VectorField,
        y0: PyTree,
        *,
        dt: float | Float[Array, ""],
        steps: int,
        every: int = 1,
        t0: float | Float[Array, ""] = 0.0,
    ) -> PyTree:
        """The states every `every` times dt; see `AbstractIntegrator.trajectory`.

        dt is the step of the grid, and the first guess of the scheme's step in each interval.

        Errors: `PlugaxError` if `every` does not divide `steps`, or state or tendency is invalid.
        """
        check_real(y0, "Adaptive")
        y0, dt, starts = state_and_times(y0, dt=dt, steps=steps, every=every, t0=t0)
        length = dt * every

        def keep(y: PyTree, start: Array) -> tuple[PyTree, PyTree]:
            solution = self._interval(field, y, start, length, every, diffrax.SaveAt(t1=True))
            succeeded = solution.result == diffrax.RESULTS.successful
            y = jax.tree.map(lambda end: jnp.where(succeeded, end[0], jnp.nan), solution.ys)
            return y, y

        return lax.scan(keep, y0, starts[::every])[1]

    def dense(
        self,
        field: VectorField,
        y0: PyTree,
        *,
        dt: float | Float[Array, ""],
        steps: int,
        t0: float | Float[Array, ""] = 0.0,
    ) -> AdaptivePath:
        """The solution from t0 to t0 + `steps` dt; see `AbstractIntegrator.dense`.

        Between the steps, at most `max_steps` of them, it is the polynomial of the scheme.

        Errors: `PlugaxError` if state or tendency is invalid.
        """
        check_real(y0, "Adaptive")
        y0, dt, starts = state_and_times(y0, dt=dt, steps=steps, every=1, t0=t0)
        start, length = starts[0], dt * steps
        solution = self._interval(field, y0, start, length, steps, diffrax.SaveAt(dense=True))
        succeeded = solution.result == diffrax.RESULTS.successful
        assert solution.interpolation is not None  # it was requested
        return AdaptivePath(solution.interpolation, start, length, succeeded)

    def _interval(
        self,
        field: VectorField,
        y: PyTree,
        start: Array,
        length: Array,
        steps: int,
        saveat: diffrax.SaveAt,
    ) -> diffrax.Solution:
        """Diffrax's solution over a length from `start`, first guess a `steps`-th of it."""

        def on_own_clock(s: Any, y: PyTree, args: Any) -> PyTree:  # noqa: ARG001 - diffrax's
            change = tendency(field, start + s.astype(start.dtype) * length, y)
            return jax.tree.map(lambda k: length.astype(k.dtype) * k, change)

        # NumPy scalars, since diffrax's times must have the dtype of the state.
        real = start.dtype.type
        control = diffrax.PIDController(rtol=self.rtol, atol=self.atol)
        return diffrax.diffeqsolve(
            diffrax.ODETerm(on_own_clock),
            TrialSolver(cast(diffrax.AbstractAdaptiveSolver, self.solver), control),
            t0=real(0),
            t1=real(1),
            dt0=None,
            y0=y,
            saveat=saveat,
            stepsize_controller=FirstStep(control, 1 / steps),
            adjoint=diffrax.DirectAdjoint(),  # forwards and backwards, both exact
            max_steps=self.max_steps,
            throw=False,
        )


def _factory(name: str, title: str, solver: Any) -> Any:
    """The factory that is registered for a solver, documented."""

    def make(rtol: float = 1e-6, atol: float = 1e-6, max_steps: int = 256) -> Adaptive:
        return Adaptive(solver(rtol, atol), rtol, atol, max_steps)

    make.__name__ = make.__qualname__ = name
    make.__doc__ = f"""{title}

    If an interval needs more than `max_steps` steps, all states from its end on are NaN.

    Arguments:
        rtol: relative tolerance of the error of a step.
        atol: absolute tolerance of the error of a step [units of the state].
        max_steps: largest number of steps, with rejected ones, from one stored state to the next;
            memory of the gradient grows with its square root.
    """
    return make


adaptive_tsit5 = _factory(
    "adaptive_tsit5",
    "Tsitouras' scheme of order 5, adaptive (Tsitouras, Comput. Math. Appl. 62, 2011, "
    "doi:10.1016/j.camwa.2011.06.002).",
    lambda rtol, atol: diffrax.Tsit5(scan_kind="bounded"),  # noqa: ARG005
)
adaptive_dopri5 = _factory(
    "adaptive_dopri5",
    "Dormand and Prince's scheme of order 5, adaptive (Dormand and Prince, J. Comput. Appl. Math. "
    "6, 1980, doi:10.1016/0771-050X(80)90013-3).",
    lambda rtol, atol: diffrax.Dopri5(scan_kind="bounded"),  # noqa: ARG005
)
adaptive_dopri8 = _factory(
    "adaptive_dopri8",
    "Prince and Dormand's scheme of order 8, adaptive (Prince and Dormand, J. Comput. Appl. Math. "
    "7, 1981, doi:10.1016/0771-050X(81)90010-3).",
    lambda rtol, atol: diffrax.Dopri8(scan_kind="bounded"),  # noqa: ARG005
)


def _stiff(order: int, tableau: ImplicitTableau) -> Any:
    """The factory of one of Kværnø's schemes."""
    return _factory(
        f"kvaerno{order}",
        f"Kværnø's implicit scheme of order {order} for stiff equations, L-stable (Kværnø, BIT 44, "
        "2004, doi:10.1023/B:BITN.0000046811.70614.38).",
        lambda rtol, atol: Esdirk(tableau, rtol, atol),
    )


kvaerno3 = _stiff(3, KVAERNO3)
kvaerno4 = _stiff(4, KVAERNO4)
kvaerno5 = _stiff(5, KVAERNO5)
