"""The loop in the open: the steps of a run as one pure function, to be differentiated or nested.

    (problem, solver) ↦ u_n,    u_{k+1} = step(u_k),    k < n

A run is a `while_loop` that the host drives, through which no reverse mode goes. Here it is a scan
over a number of steps that is known beforehand, in segments of about √n, of which only the first
states are kept: the gradient takes the memory of 2 √n states, and one forward pass more.
"""

import math
from typing import Any

import equinox as eqx
import jax
import jax.lax as lax
import jax.numpy as jnp
import jax.random as jr
from jaxtyping import Array, Bool, Int, PyTree

from ..data._block import streams_in
from ..errors import PlugaxError
from ..problems import AbstractProblem, Metrics
from ..solvers import AbstractSolver
from .loop._program import ends, first_state, keys_of
from .request._length import Length
from .request._resolve import resolve


class Unrolled(eqx.Module):
    """What a number of steps came to.

    Attributes:
        unknowns: the unknowns after the last step.
        series: the metrics of every step by name, steps along the leading axis; after the end of a
            run that converged before, those of steps that changed nothing.
        steps: the number of steps that changed anything.
    """

    unknowns: PyTree
    series: Metrics
    steps: Int[Array, ""]


def unrolled(
    problem: AbstractProblem | str,
    solver: AbstractSolver | str | None = None,
    *,
    steps: int,
    seed: int | Int[Array, ""] = 0,
    **options: Any,
) -> Unrolled:
    """The steps of `solve` as a pure function of the arrays in problem and solver.

    It may stand in a loss, under `jit`, `vmap` and `grad`: hyperparameters by their gradient, a
    problem inside a problem. Nothing is saved, observed or checked on the way; what is not finite
    stays so.

    Arguments:
        problem: as for `solve`.
        solver: as for `solve`. Reverse mode goes through solvers whose step has no loop of an
            unknown length, such as `gradient`; through line searches and trust regions only forward
            mode (`jax.jvp`, `jax.jacfwd`) goes.
        steps: how many, at least 1.
        seed: as for `solve`.
        options: of a solver given by name.

    Errors: those of `solve` for a wrong call.
    """
    if isinstance(steps, bool) or not isinstance(steps, int) or steps < 1:
        raise PlugaxError(f"steps must be a whole number, at least 1; got {steps!r}.")
    problem, solver, _ = resolve(problem, solver, Length(steps), options)
    data = solver.data(problem)
    if streams_in(data):
        raise PlugaxError(
            f"The data of {type(problem).__name__} are read on the host while a run goes on; a "
            "pure function has no host. Give it data on the device, such as plugax.Shuffled."
        )
    prepared = solver.prepare(problem, steps)
    key = jr.key(seed)
    _, _, data_key, step_key = keys_of(key)
    state = first_state(problem, solver, prepared, key)
    arrays, rest = eqx.partition(state, eqx.is_array)

    def step(carry: tuple, number: Int[Array, ""]) -> tuple[tuple, tuple]:
        arrays, cursor = carry
        before = eqx.combine(arrays, rest)
        batch, cursor = data.next(cursor, data_key, number)
        own_key = jr.fold_in(step_key, number)
        after, metrics = solver.step(problem, before, batch, own_key, *prepared)
        ended = _ended(problem, solver, before)
        kept = jax.tree.map(
            lambda new, old: _choose(ended, old, new), eqx.filter(after, eqx.is_array), arrays
        )
        return (kept, cursor), (jax.tree.map(jnp.asarray, metrics), ~ended)

    carry = (arrays, data.init(data_key, jnp.asarray(0, "int32")))
    length = math.isqrt(steps)
    whole, left = divmod(steps, length)
    numbers = jnp.arange(steps, dtype="int32")
    segments = numbers[: whole * length].reshape(whole, length)
    segment = jax.checkpoint(lambda carry, numbers: lax.scan(step, carry, numbers))
    carry, outs = lax.scan(segment, carry, segments)
    outs = jax.tree.map(lambda leaf: leaf.reshape(whole * length, *leaf.shape[2:]), outs)
    if left:
        carry, more = lax.scan(step, carry, numbers[whole * length :])
        outs = jax.tree.map(lambda a, b: jnp.concatenate([a, b]), outs, more)
    series, moved = outs
    unknowns = solver.unknowns(problem, eqx.combine(carry[0], rest))
    return Unrolled(problem.constrained(unknowns), series, jnp.sum(moved, dtype="int32"))


def _ended(problem: AbstractProblem, solver: AbstractSolver, state: PyTree) -> Bool[Array, ""]:
    said = [end for end in ends(problem, solver, state) if end is not None]
    return jnp.any(jnp.stack(said)) if said else jnp.asarray(False)


def _choose(first: Bool[Array, ""], one: Array, other: Array) -> Array:
    return jnp.where(first, one, other) if one is not other else one
