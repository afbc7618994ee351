"""The analyses of a run over time, as an `xarray.Dataset`."""

from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Float, PyTree

from plugax import PlugaxError

from ._state_space import AbstractStateSpace

if TYPE_CHECKING:
    import xarray as xr

    from plugax import Solution

TIME = "model time units"


def analyses(solution: "Solution") -> "xr.Dataset":
    """The analyses of a run, with truth and observations at the same times.

    The variables are `analysis`, `truth` if it is known, and `observations`, NaN where missing.
    Their dimensions are `time` (a coordinate), `member` if the members were kept, and `variable` or
    `observation`. If a state consists of several arrays, each is a variable of its own, such as
    `analysis_height` and `truth_height`, with the dimensions `height_0`, `height_1`, … Parts of a
    state that are not verified (parameters, for example) are stored under their own names.

    A smoother that kept its states, with the metrics `smoothed` and `smoothed_time`, adds the
    variable `smoothed`: `smoothed[k]` and `analysis[k]` are two estimates of the state at
    `time[k]`, and the first uses later observations, too. If there are several estimates for one
    time, `smoothed` is the latest; if there is none, it is NaN: a lag of L cycles leaves the last
    L times without an estimate.

    Arguments:
        solution: a solution of a state-space problem, by a solver that kept its analyses.

    Errors: `PlugaxError` if the problem is of another kind, or no analyses were kept.
    """
    import xarray as xr

    problem = solution.problem
    if not isinstance(problem, AbstractStateSpace):
        raise PlugaxError(
            "Only a solution of a state-space problem has analyses; this one is of a "
            f"{type(problem).__name__}."
        )
    if "analysis" not in solution.series:
        raise PlugaxError(
            "This solution holds no analyses, only their scores. Solve again with a solver that "
            'keeps them: keep="mean", or keep="members".'
        )
    time = np.asarray(solution.series["time"])
    ahead = ("time", "member")[: solution.series["analysis"].ndim - 1]
    cycles = jax.tree.map(np.asarray, problem.cycles)
    # The time of every analysis was copied from a cycle, so the two are equal to the last bit.
    here = np.searchsorted(cycles.time, time)
    verified, others = states_of(problem, solution.series["analysis"])
    variables = variables_of("analysis", verified, ahead) | variables_of("", others, ahead)
    if {"smoothed", "smoothed_time"} <= solution.series.keys():
        smoothed = rows_at(time, solution.series["smoothed_time"], solution.series["smoothed"])
        ahead = ("time", "member")[: smoothed.ndim - 1]
        for part in states_of(problem, smoothed):
            variables |= variables_of("smoothed", part, ahead)
    if cycles.truth is not None:
        truth = jax.tree.map(lambda leaf: leaf[here], cycles.truth)
        variables |= variables_of("truth", truth, ("time",))
    observations = cycles.observations[here]
    if cycles.available is not None:
        observations = np.where(cycles.available[here], observations, np.nan)
    variables["observations"] = (("time", "observation"), observations)
    return xr.Dataset(variables, coords={"time": ("time", time, {"units": TIME})})


def rows_at(
    times: Float[np.ndarray, " times"],
    given: Float[np.ndarray, " rows"],
    rows: Float[np.ndarray, "rows *axes"],
) -> Float[np.ndarray, "times *axes"]:
    """The last of the rows given for each time; NaN where there is no row.

    Arguments:
        times: increasing times.
        given: the times of the rows, equal to some of `times` to the last bit.
        rows: the rows.
    """
    place = np.minimum(np.searchsorted(times, given), len(times) - 1)
    there = times[place] == given
    found = np.full((len(times), *rows.shape[1:]), np.nan, rows.dtype)
    for row in np.flatnonzero(there):
        found[place[row]] = rows[row]
    return found


def states_of(
    problem: AbstractStateSpace, rows: Float[np.ndarray, "*axes state"]
) -> tuple[PyTree[Array], PyTree[Array]]:
    """The verified part of states, and the rest of them, with None in place of that part."""
    flat, unravel = ravel_pytree(problem.initial.mean)
    one = unravel(flat)
    there = {id(leaf) for leaf in jax.tree.leaves(problem.verified(one))}
    beyond = jax.tree.map(lambda leaf: id(leaf) not in there, one)

    def parts(row: Float[Array, " state"]) -> tuple[PyTree, PyTree]:
        state = unravel(row)
        others = jax.tree.map(lambda leaf, is_other: leaf if is_other else None, state, beyond)
        return problem.verified(state), others

    for _ in range(rows.ndim - 1):
        parts = jax.vmap(parts)
    return parts(jnp.asarray(rows, flat.dtype))


def variables_of(prefix: str, tree: PyTree, ahead: tuple[str, ...]) -> dict[str, Any]:
    """The leaves of a tree as variables of a dataset: dimensions and values, by name.

    Arguments:
        prefix: what every name begins with.
        tree: a pytree of arrays.
        ahead: the first dimensions of every array.
    """
    variables = {}
    for path, leaf in jax.tree_util.tree_leaves_with_path(tree):
        own = jax.tree_util.keystr(path, simple=True, separator="_")
        axes = leaf.ndim - len(ahead)
        dimensions = tuple(f"{own or 'variable'}_{axis}" for axis in range(axes))
        if dimensions == ("variable_0",):
            dimensions = ("variable",)
        name = "_".join(part for part in (prefix, own) if part)
        variables[name] = ((*ahead, *dimensions), np.asarray(leaf))
    return variables
