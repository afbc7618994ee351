"""The outer loop of incremental variational methods: Gauss–Newton in a control variable.

    J(v) = ½‖v‖² + ½‖d(v)‖²,   v ← v + δ

d is the misfit in standard deviations, and δ minimises J with d linearised around v. An iterate
with a larger J than before is rejected, and half the increment is tried instead, so the result is
never worse than the start.
"""

from collections.abc import Callable
from typing import NamedTuple

import equinox as eqx
import jax
import jax.lax as lax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int

from ._inner import Control, Inner

Run = Callable[[Control], tuple[Float[Array, "times observed"], Float[Array, "times state"]]]
"""The misfits R^{-½} (y − H(x)) and the states at all observation times for a control."""


class Minimum(eqx.Module):
    """Where the outer loop ended.

    Attributes:
        control: v.
        states: the states at the observation times.
        cost_background: ½‖v‖².
        cost_observations: ½‖d(v)‖².
        first_cost: J at the start of the loop.
        first_state: the state at the last observation time at the start of the loop.
        iterations: the number of inner iterations in all outer iterations together.
    """

    control: Control
    states: Float[Array, "times state"]
    cost_background: Float[Array, ""]
    cost_observations: Float[Array, ""]
    first_cost: Float[Array, ""]
    first_state: Float[Array, " state"]
    iterations: Int[Array, ""]


class Stages(eqx.Module):
    """What each outer iteration minimises.

    Attributes:
        times: how many observation times count, from the first on; None if all of them always do.
        new: whether this number has changed, so that costs cannot be compared.
    """

    times: Int[Array, " iterations"] | None
    new: Bool[Array, " iterations"]


def all_at_once(outer: int) -> Stages:
    """`outer` iterations over all observation times."""
    return Stages(None, jnp.arange(outer) == 0)


def one_by_one(times: int, outer: int) -> Stages:
    """`outer` iterations over the first observation time, then over the first two, and so on.

    Source: C. Pires, R. Vautard and O. Talagrand, Tellus A 48 (1996), pages 96 to 121.
    """
    iterations = jnp.arange(times * outer)
    return Stages(iterations // outer + 1, iterations % outer == 0)


def gauss_newton(run: Run, control: Control, inner: Inner, stages: Stages) -> Minimum:
    """Minimise J, starting from a control, in as many iterations as there are stages."""

    def misfits_of(
        control: Control, times: Int[Array, ""] | None
    ) -> tuple[Array, tuple[Array, Array]]:
        misfits, states = run(control)
        counted = misfits
        if times is not None:
            counted = jnp.where((jnp.arange(len(misfits)) < times)[:, None], misfits, 0)
        return counted.reshape(-1), (misfits, states[-1])

    def iterate(carry: tuple, stage: Stages) -> tuple[tuple, tuple]:
        best, least, increment, reference = carry
        trial = best + increment
        misfit, push, (misfits, last) = jax.linearize(
            lambda control: misfits_of(control, stage.times), trial, has_aux=True
        )
        cost = _half_square(trial) + _half_square(misfit)
        better = (stage.new & jnp.isfinite(cost)) | (cost <= least)
        reference = jnp.where(stage.new, 0, reference)
        step, taken, gradient = inner(push, trial, misfit, reference)
        carry = (
            jnp.where(better, trial, best),
            jnp.where(better, cost, jnp.where(stage.new, jnp.inf, least)),
            jnp.where(better, step, increment / 2),
            jnp.where(stage.new, gradient, reference),
        )
        return carry, (_half_square(trial) + _half_square(misfits), last, taken)

    zero = jnp.zeros((), control.dtype)
    start = (control, zero, jnp.zeros_like(control), zero)
    (best, least, increment, _), (costs, lasts, taken) = lax.scan(iterate, start, stages)

    # Candidates for the result, best first, and the cost above which they are refused.
    candidates = jnp.stack([best + increment, best, control])
    limits = jnp.stack([jnp.minimum(least, costs[0]), costs[0], zero + jnp.inf])

    def end(here: _Candidate) -> _Candidate:
        """The next candidate."""
        control = candidates[here.tries]
        misfits, states = run(control)
        observed = _half_square(misfits)
        # Written so that a cost of NaN is refused, except for the last candidate.
        refused = ~(_half_square(control) + observed <= limits[here.tries])
        return _Candidate(control, states, observed, here.tries + 1, ~refused | (here.tries == 2))

    # A loop, usually of one round, so that the model is compiled only once.
    states = jax.eval_shape(run, control)[1]
    nowhere = jnp.zeros(states.shape, states.dtype)
    nothing = _Candidate(control, nowhere, zero, jnp.asarray(0), jnp.asarray(False))
    ended = lax.while_loop(lambda here: ~here.done, end, nothing)
    return Minimum(
        control=ended.control,
        states=ended.states,
        cost_background=_half_square(ended.control),
        cost_observations=ended.cost_observations,
        first_cost=costs[0],
        first_state=lasts[0],
        iterations=jnp.sum(taken),
    )


class _Candidate(NamedTuple):
    control: Control
    states: Float[Array, "times state"]
    cost_observations: Float[Array, ""]
    tries: Int[Array, ""]
    done: Bool[Array, ""]


def _half_square(x: Array) -> Float[Array, ""]:
    return jnp.sum(jnp.square(x)) / 2
