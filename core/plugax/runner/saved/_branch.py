"""A run that branches off a saved one, with other options from some step on."""

import dataclasses
import os
import pathlib
from collections.abc import Mapping
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import PyTree

from ...errors import PlugaxError
from ...solution import Population, Solution, add_branch, claim
from ..loop._best import keeping
from ..loop._program import start
from ..members._population import is_array_leaf, leaf_at, root_of
from ..request._length import Length
from ..request._option_paths import has_option, with_option
from ..run._job import Job
from ..run._run import run
from ._nearest import Run, at_step, job_like


def branch(
    path: str | os.PathLike,
    *,
    out: str | os.PathLike | None,
    from_step: int | None,
    options: Mapping[str, Any],
    length: Length,
    force: bool,
    given: Mapping[str, Any],
    **call: Any,
) -> Run:
    """Go on from a step of a saved run with other options, in a directory of its own.

    Arguments:
        path: the directory of the saved run.
        out: the directory of the new one.
        from_step: the step; None for the last.
        options: other values of options and array leaves, by their paths as in `sweep`.
        length: the length of the new run, the steps before included.
        force: whether to replace another run in `out`.
        given: problem and solver, as for `load`.
        call: further arguments of `run`.

    Errors: `PlugaxError` if there is no such step, or the state does not fit the new options.
    """
    if out is None:
        raise PlugaxError(
            "A run that branches off needs a directory of its own: out=…, on the command line "
            "--out DIR2."
        )
    if pathlib.Path(out).resolve() == pathlib.Path(path).resolve():
        raise PlugaxError(f"A branch of {path} cannot be saved there too; give another directory.")
    target = claim(out, force=force)
    before = at_step(path, _last(path) if from_step is None else from_step, **given)
    if before.provenance["run"].get("race") is not None:
        raise PlugaxError(f"{path} is a race, which no run can branch off; sweep anew.")
    step = int(np.max(before.steps))
    changed = _with_options(before, options)
    asked = changed.provenance["run"]
    usual = Length(asked["steps"], evaluate_every=asked["evaluate_every"])
    plan = length.or_else(usual).in_steps(changed.solver.data(changed.problem), 1)
    if plan.steps <= step:
        raise PlugaxError(
            f"The branch begins after {step} steps, so it needs more than {step}; asked for were "
            f"{plan.steps}."
        )
    origin = {"of": os.fspath(path), "step": step, "options": _plain(options)}
    job = dataclasses.replace(
        job_like(changed, changed),
        plan=plan,
        keep_best=keeping(asked.get("keep_best"), plan),
        prepared_for=asked["prepared_for"],
        since=step,
        branch=origin,
    )
    _check_state(job, before)
    add_branch(pathlib.Path(path), {**origin, "out": os.fspath(out)})
    return run(job, changed, out=target, **call)


def _last(path: str | os.PathLike) -> int:
    from ...solution import read_summary

    return int(read_summary(pathlib.Path(path))["steps"])


def _with_options(before: Run, options: Mapping[str, Any]) -> Run:
    """The run with other values of options or array leaves in its problem and solver."""
    trees = {"problem": before.problem, "solver": before.solver}
    swept = before.swept if isinstance(before, Population) else {}
    for name, value in options.items():
        root, place = root_of(name)
        parts = place.split(".")
        if name in swept:
            raise PlugaxError(f"{name!r} is swept over; a branch keeps the values of its members.")
        if has_option(trees[root], root, parts):
            trees[root] = with_option(trees[root], root, parts, value)
        elif is_array_leaf(name, trees):
            _, where = leaf_at(name, trees)
            own = jnp.asarray(value, jnp.result_type(where(trees[root])))
            trees[root] = eqx.tree_at(where, trees[root], own)
        else:
            raise PlugaxError(
                f"{name!r} is no option of {type(trees[root]).__name__}. Options are named by "
                "their paths, such as optimizer.learning_rate; those of the problem begin with "
                "'problem.'."
            )
    return dataclasses.replace(before, **trees)


def _check_state(job: Job, before: Run) -> None:
    """Raise `PlugaxError` if the state does not fit the new options."""
    task = job.task()
    wanted = eqx.filter_eval_shape(start, task).state
    axes = 0 if isinstance(before, Solution) else before.status.ndim
    was, now = _shapes(before.state, axes), _shapes(wanted, min(axes, 1))
    if was != now:
        differ = next((b for a, b in zip(was, now, strict=False) if a != b), now[-1:] or was[-1:])
        raise PlugaxError(
            f"The state of the run does not fit the new options: {type(job.solver).__name__} "
            f"would need another one (first at {differ}). Options that change what a solver "
            "remembers, or the shape of the unknowns, need a run from the beginning."
        )


def _shapes(state: PyTree, axes: int) -> list[tuple]:
    """The arrays of a state: their paths, shapes without leading axes, and dtypes."""
    return [
        (jax.tree_util.keystr(path), leaf.shape[axes:], str(leaf.dtype))
        for path, leaf in jax.tree_util.tree_leaves_with_path(state)
        if hasattr(leaf, "dtype")
    ]


def _plain(options: Mapping[str, Any]) -> dict[str, Any]:
    return {n: v.tolist() if hasattr(v, "tolist") else v for n, v in options.items()}
