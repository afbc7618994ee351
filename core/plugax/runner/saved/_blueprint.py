"""A population that was not begun yet, as files: plain data and arrays, from which it is made.

    swept.npz         the values that the members differ in
    starts.npz        and the unknowns that they start from, if swept
    variations.npz    bounds, fixed unknowns, a given start of the problem

What the problem and the solver are stands in the provenance of the run, with which these belong.
"""

import pathlib
from collections.abc import Mapping
from typing import Any

import equinox as eqx
import jax
import jax.random as jr
import numpy as np

from ...errors import PlugaxError
from ...problems import AbstractProblem, describe_variations, rebuild_variations
from ...solution import (
    named_arrays,
    read_arrays,
    replace_arrays,
    swept_arrays,
    swept_from,
    tree_from,
)
from ...solvers import AbstractSolver
from ..loop._best import keeping
from ..members._population import population
from ..request._length import Length
from ..run._job import Job
from ._load import components_of, told_of

SWEPT, STARTS, VARIATIONS = "swept.npz", "starts.npz", "variations.npz"


def write_blueprint(directory: pathlib.Path, job: Job) -> dict[str, Any]:
    """Write the arrays of a job, and return what is known of each.

    Arguments:
        directory: where the files are written.
        job: the job of a population.
    """
    swept = dict(job.swept or {})
    start = swept.pop("start", None)
    varied = describe_variations(job.problem)
    files = {SWEPT: swept_arrays(swept)} | ({VARIATIONS: varied[1]} if varied else {})
    files |= {} if start is None else {STARTS: named_arrays(start)}
    return {name: replace_arrays(directory / name, arrays) for name, arrays in files.items()}


def read_blueprint(
    directory: pathlib.Path,
    provenance: Mapping[str, Any],
    entries: Mapping[str, Any] | None,
    *,
    problem: AbstractProblem | None,
    solver: AbstractSolver | None,
    length: Length = Length(),  # noqa: B008 - frozen
) -> Job:
    """The job whose arrays are in `directory`.

    Arguments:
        directory: the directory.
        provenance: everything else that is needed to repeat the run.
        entries: what `write_blueprint` returned; None for a sweep in the first format.
        problem: the problem, if it was not made by name.
        solver: the solver, if it was not made by name.
        length: the length to run for; by default the one that was asked for.

    Errors: those of `load` for a component that cannot be made.
    """
    made, fitted = components_of(provenance, directory, problem, solver)
    if entries is None:
        with np.load(directory / SWEPT, allow_pickle=False) as stored:
            arrays = {SWEPT: {name: stored[name] for name in stored.files}}
    else:
        arrays = {name: read_arrays(directory / name, own) for name, own in entries.items()}
    if problem is None and provenance.get("variations"):
        made = rebuild_variations(made, provenance["variations"], arrays[VARIATIONS])
    asked = provenance["run"]
    swept = swept_from(arrays[SWEPT], asked["over"])
    if "start" in swept:
        swept["start"] = _starts(directory, arrays, made, asked["over"]["start"])
    usual = Length(asked["steps"], evaluate_every=asked["evaluate_every"])
    plan = length.or_else(usual).in_steps(fitted.data(made), 1)
    told: dict[str, Any] = told_of(asked)
    told["keep_best"] = keeping(asked.get("keep_best"), plan)
    return population(made, fitted, swept, plan=plan, **told)


def _starts(
    directory: pathlib.Path, arrays: Mapping[str, Any], problem: AbstractProblem, count: int
) -> Any:
    """The starts, in the structure of the unknowns, with a leading axis."""
    like = jax.tree.map(
        lambda leaf: (
            jax.ShapeDtypeStruct((count, *leaf.shape), leaf.dtype)
            if isinstance(leaf, jax.ShapeDtypeStruct)
            else leaf
        ),
        eqx.filter_eval_shape(problem.init, jr.key(0)),
    )
    if STARTS not in arrays:
        raise PlugaxError(f"{directory} was never begun, and its starts are not saved; sweep anew.")
    return tree_from(arrays[STARTS], like, directory / STARTS)
