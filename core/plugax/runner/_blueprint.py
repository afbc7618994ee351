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

from ..problems import AbstractProblem, describe_variations, rebuild_variations
from ..solution import (
    dtypes_of,
    load_arrays,
    replace_file,
    save_arrays,
    series_bytes,
    series_from,
    swept_arrays,
    swept_from,
)
from ..solvers import AbstractSolver
from ._best import keeping
from ._job import Job
from ._length import Length
from ._load import components_of, told_of
from ._population import population

SWEPT, STARTS, VARIATIONS = "swept.npz", "starts.npz", "variations.npz"


def write_blueprint(directory: pathlib.Path, job: Job) -> dict[str, Any]:
    """Write the arrays of a job, and return the dtypes that are needed to read them.

    Arguments:
        directory: where the files are written.
        job: the job of a population.
    """
    swept = dict(job.swept or {})
    start = swept.pop("start", None)
    varied = describe_variations(job.problem)
    series = {SWEPT: swept_arrays(swept)} | ({VARIATIONS: varied[1]} if varied else {})
    for name, arrays in series.items():
        with replace_file(directory / name) as file:
            file.write(series_bytes(arrays))
    if start is not None:
        save_arrays(directory / STARTS, start)
    return {name: dtypes_of(arrays) for name, arrays in series.items()}


def read_blueprint(
    directory: pathlib.Path,
    provenance: Mapping[str, Any],
    dtypes: Mapping[str, Any],
    *,
    problem: AbstractProblem | None,
    solver: AbstractSolver | None,
    length: Length = Length(),  # noqa: B008 - frozen
) -> Job:
    """The job whose arrays are in `directory`.

    Arguments:
        directory: the directory.
        provenance: everything else that is needed to repeat the run.
        dtypes: what `write_blueprint` returned.
        problem: the problem, if it was not made by name.
        solver: the solver, if it was not made by name.
        length: the length to run for; by default the one that was asked for.

    Errors: those of `load` for a component that cannot be made.
    """
    made, fitted = components_of(provenance, directory, problem, solver)
    arrays = {
        name: series_from((directory / name).read_bytes(), own) for name, own in dtypes.items()
    }
    if problem is None and provenance.get("variations"):
        made = rebuild_variations(made, provenance["variations"], arrays[VARIATIONS])
    asked = provenance["run"]
    swept = swept_from(arrays[SWEPT], asked["over"])
    if "start" in swept:
        swept["start"] = _starts(directory, made, asked["over"]["start"])
    usual = Length(asked["steps"], evaluate_every=asked["evaluate_every"])
    plan = length.or_else(usual).in_steps(fitted.data(made), 1)
    told = told_of(asked) | {"keep_best": keeping(asked.get("keep_best"), plan)}
    return population(made, fitted, swept, plan=plan, **told)


def _starts(directory: pathlib.Path, problem: AbstractProblem, count: int) -> Any:
    """The starts, in the structure of the unknowns, with a leading axis."""
    like = jax.tree.map(
        lambda leaf: (
            jax.ShapeDtypeStruct((count, *leaf.shape), leaf.dtype)
            if isinstance(leaf, jax.ShapeDtypeStruct)
            else leaf
        ),
        eqx.filter_eval_shape(problem.init, jr.key(0)),
    )
    return load_arrays(directory / STARTS, like)
