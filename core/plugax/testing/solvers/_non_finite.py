"""Checks of a solver in runs that skip a step, or go back, since a metric was not finite."""

import tempfile
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
from jaxtyping import Array, Bool, PRNGKeyArray, PyTree

from ...errors import PlugaxError
from ...observers import AbstractObserver, Progress
from ...problems import AbstractProblem, Metrics
from ...runner import resume, solve
from ...runner.loop._program import keys_of
from ...runner.loop._rates import rates_of
from ...solvers import AbstractSolver
from ..claims._claim import claim, claimed
from ..claims._compare import difference
from ..kinds._references import tried
from ..problems._runs import seed_from

BAD, LONGER = 2, 4
PAST = 130


def check_solver_skips(
    solver: AbstractSolver, key: PRNGKeyArray, problem: AbstractProblem | None = None
) -> None:
    """A step that is skipped leaves the state bit for bit, and the run goes on from there.

    The third step is made to come to NaN, in its loss and in all its numbers.

    Arguments:
        solver: the solver; it passes if it needs fewer steps.
        key: the random key for the seed.
        problem: as for `check_solver_state`.
    """
    seed = seed_from(key)
    with tried(solver, problem) as (solver, problem, _):
        spoiled = Spoiled(solver, _key_of(seed, BAD))
        told: Any = {"seed": seed, "on_non_finite": "skip"}
        law = "a step that comes to NaN can be skipped"
        with claimed(solver, law, "See the error itself."):
            runs = [solve(problem, spoiled, **told, steps=n) for n in (BAD, BAD + 1, LONGER)]
    before, after, later = runs
    if after.steps <= BAD:
        return
    law = "a skipped step leaves the state as it was, bit for bit"
    remedy = "All that a step changes must be in the state, as arrays."
    found = difference(before.state, after.state)
    claim(found is None, solver, law, found, remedy)
    came = later.series["skipped"].tolist()
    expected = [0, 0, 1, 0][: later.steps]
    claim(came == expected, solver, "only the step that came to NaN is skipped", came, remedy)


def check_solver_goes_back(
    solver: AbstractSolver, key: PRNGKeyArray, problem: AbstractProblem | None = None
) -> None:
    """A run that goes back with half the learning rate comes to the same when it is resumed.

    Step 125 is made to come to NaN until the learning rate is smaller.

    Arguments:
        solver: the solver; it passes without a learning rate, and if it needs fewer steps.
        key: the random key for the seed.
        problem: as for `check_solver_state`.
    """
    try:
        first = max(float(jnp.max(rate)) for rate in rates_of(solver).values())
    except PlugaxError:
        return
    seed = seed_from(key)
    with (
        tried(solver, problem) as (solver, problem, _),
        tempfile.TemporaryDirectory() as directory,
    ):
        spoiled = Spoiled(solver, _key_of(seed, PAST - 5), jnp.asarray(0.7 * first))
        told: Any = {"seed": seed, "on_non_finite": "rollback", "steps": PAST}
        law = "a run that comes to NaN can go back, be saved and resumed"
        with claimed(solver, law, "See the error itself."):
            whole = solve(problem, spoiled, **told)
            if not whole.recoveries["failed"].size:
                return
            cut = {**told, "chunk": 50, "out": directory, "observers": [_StopAt(100)]}
            solve(problem, spoiled, **cut)
            resumed = resume(directory, problem=problem, solver=spoiled)
    law = "a run that goes back and is resumed equals the uninterrupted one, bit for bit"
    remedy = "Draw random numbers from the step's key, and keep nothing outside the state."
    for part in ("state", "series", "recoveries"):
        found = difference(getattr(whole, part), getattr(resumed, part))
        claim(found is None, solver, law, f"{found} ({part})", remedy)


class _StopAt(AbstractObserver):
    """Ends a run early."""

    def __init__(self, step: int):
        self.step = step

    def on_progress(self, progress: Progress) -> bool:
        return progress.step >= self.step


class Spoiled(AbstractSolver):
    """A solver of which one step comes to NaN.

    Arguments:
        solver: the solver.
        bad: the data of the random key of that step.
        most: the largest learning rate at which it does not; None if it always does.
    """

    solver: AbstractSolver
    bad: Array
    most: Array | None = None

    def unsuitable(self, problem: Any) -> str | None:
        """As the solver."""
        return self.solver.unsuitable(problem)

    def data(self, problem: Any) -> Any:
        """Those of the solver."""
        return self.solver.data(problem)

    def prepare(self, problem: Any, steps: int) -> tuple[PyTree, ...]:
        """What the solver prepares."""
        return self.solver.prepare(problem, steps)

    def init(self, problem: Any, unknowns: PyTree, key: PRNGKeyArray, *prepared: PyTree) -> PyTree:
        """The solver's state."""
        return self.solver.init(problem, unknowns, key, *prepared)

    def step(
        self, problem: Any, state: PyTree, batch: PyTree, key: PRNGKeyArray, *prepared: PyTree
    ) -> tuple[PyTree, Metrics]:
        """The solver's step, or NaN."""
        after, metrics = self.solver.step(problem, state, batch, key, *prepared)
        lost = jnp.all(jr.key_data(key) == self.bad)
        if self.most is not None:
            rate = jnp.max(jnp.stack([jnp.max(x) for x in rates_of(self.solver).values()]))
            lost &= rate > self.most.astype(rate.dtype)
        spoil = lambda x: jnp.where(lost, jnp.nan, x) if eqx.is_inexact_array(x) else x  # noqa: E731
        return jax.tree.map(spoil, after), {**metrics, "loss": spoil(metrics["loss"])}

    def converged(self, problem: Any, state: PyTree) -> Bool[Array, ""] | None:
        """As the solver."""
        return self.solver.converged(problem, state)

    def stalled(self, problem: Any, state: PyTree) -> Bool[Array, ""] | None:
        """As the solver."""
        return self.solver.stalled(problem, state)

    def unknowns(self, problem: Any, state: PyTree) -> PyTree:
        """Those of the solver."""
        return self.solver.unknowns(problem, state)


def _key_of(seed: int, step: int) -> Array:
    """The data of the random key of a step."""
    return jr.key_data(jr.fold_in(keys_of(jr.key(seed))[3], step))
