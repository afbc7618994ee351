"""What a solver of state-space problems does when nothing was observed: only a forecast.

Inflation, noise, rotation and resampling make up for what an analysis takes from the spread.
Applied without an analysis, they make results depend on times at which nothing happens, and let the
spread grow without bound.
"""

import dataclasses
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
from jaxtyping import Array, PRNGKeyArray, PyTree

from plugax import AbstractProblem, AbstractSolver
from plugax.testing.tools import ROUNDING, STEPS, claim, claimed, difference, tried

from .. import Cycle
from ._tracking import Tracking

REMEDY = (
    "Inflate, rotate, add noise and draw again only where something was observed: in a batch whose "
    "cycle.available is None, or true anywhere."
)


class Quadratic(eqx.Module):
    """H(x) = x + c x², which depends on more of an ensemble than its mean and covariance."""

    curvature: Array

    def __call__(self, t: Array, x: Array) -> Array:
        """What is observed."""
        del t
        return x + self.curvature.astype(x.dtype) * jnp.square(x)


def check_solver_gaps(
    solver: AbstractSolver, key: PRNGKeyArray, problem: AbstractProblem | None = None
) -> None:
    """A step without observations is the model's forecast, and nothing else.

    The answer after it is the forecast from the answer before it (or the mean of the climate, for a
    method that runs no model). A time without observations between two others does not change the
    answers after it: if the model stands still, the next step gives the same answer with and
    without that time, for the same key.

    Always passes on problems other than the kit's own, the only one with these laws.

    Arguments:
        solver: the solver.
        key: random key of all draws.
        problem: the problem to solve; by default the kit's own.
    """
    with tried(solver, problem) as (solver, problem, _):
        if not isinstance(problem, Tracking):
            return
        law = "a step without observations can be made"
        with claimed(solver, law, "See the error itself."):
            given = _GapTest(solver, problem, key)
            found = given.forecast_alone()
        law = "the answer after a step without observations is the forecast from the one before"
        claim(found is None, solver, law, found, REMEDY)
        found = given.nothing_between()
        law = "a time without observations, at which the model stands still, changes no later step"
        claim(found is None, solver, law, found, REMEDY)


class _GapTest:
    """A solver on the kit's problem, with a perfect model."""

    def __init__(self, solver: AbstractSolver, problem: Tracking, key: PRNGKeyArray):
        error: Any = problem.model_error
        std = error.std
        self.problem = eqx.tree_at(
            lambda problem: (problem.observation_operator, problem.model_error.std),
            problem,
            (Quadratic(jnp.asarray(0.1, std.dtype)), jnp.zeros_like(std)),
        )
        self.solver = solver
        self.prepared = solver.prepare(self.problem, STEPS)
        data = self.solver.data(self.problem)
        numbers = [jnp.asarray(step, "int32") for step in range(STEPS)]
        self.batches = [data.next(data.init(key, number), key, number)[0] for number in numbers]
        self.start_key, *self.keys = jr.split(key, 4)

    def forecast_alone(self) -> str | None:
        """How the answer after a step without observations differs from the forecast."""
        first, then = self._late()
        state = self._step(self.problem, self._start(self.problem), first, 0)
        before = self.solver.unknowns(self.problem, state)
        after = self.solver.unknowns(
            self.problem, self._step(self.problem, state, _without_observations(then), 1)
        )
        new = jnp.atleast_1d(then.time) > jnp.ravel(first.time)[-1]
        window = jax.tree.map(lambda leaf: leaf[: int(new.sum())], self.problem.cycles)
        ahead = jax.tree.map(
            lambda leaf: leaf[-1], eqx.filter_jit(self.problem.trajectory)(before, window)
        )
        found = difference(after, ahead, tolerance=ROUNDING)
        climate = difference(after, self.problem.initial.mean, tolerance=ROUNDING)
        return found and climate and found

    def nothing_between(self) -> str | None:
        """How a step without observations changes the step after it."""
        still = eqx.tree_at(
            lambda problem: problem.model.matrix,
            self.problem,
            jnp.zeros_like(self.problem.model.matrix),
        )
        first, then = self._late()
        state = self._step(still, self._start(still), first, 0)
        without = self._step(still, state, then, 2)
        half = dataclasses.replace(then, duration=then.duration / 2)
        earlier = dataclasses.replace(_without_observations(half), time=then.time - half.duration)
        between = self._step(still, self._step(still, state, earlier, 1), half, 2)
        answers = [self.solver.unknowns(still, state) for state in (between, without)]
        return difference(*answers, tolerance=ROUNDING)

    def _late(self) -> tuple[Cycle, Cycle]:
        """Two consecutive batches, the first of which is not the start of the series."""
        return self.batches[-2], self.batches[-1]

    def _start(self, problem: Tracking) -> PyTree:
        unknowns = problem.init(self.start_key)
        return self.solver.init(problem, unknowns, self.start_key, *self.prepared)

    def _step(self, problem: Tracking, state: PyTree, batch: Cycle, number: int) -> PyTree:
        return _step(self.solver, problem, state, batch, self.keys[number], self.prepared)


def _without_observations(batch: Cycle) -> Cycle:
    return dataclasses.replace(batch, available=jnp.zeros(batch.observations.shape, bool))


@eqx.filter_jit
def _step(
    solver: AbstractSolver,
    problem: Tracking,
    state: PyTree,
    batch: Cycle,
    key: PRNGKeyArray,
    prepared: tuple[PyTree, ...],
) -> PyTree:
    return solver.step(problem, state, batch, key, *prepared)[0]
