"""A digest of all that decides on the result of a population: components, data, values.

Components made by name count by their names and options; those made by hand by their arrays and by
what equinox prints of the rest, in which a function stands by its name.
"""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

import equinox as eqx
import numpy as np

from ...problems import AbstractProblem, describe_variations
from ...solution import finite, named_arrays, swept_arrays
from ...solvers import AbstractSolver

WIDTH = 1000
OF_NO_EFFECT = ("chunk", "snapshot_every", "keep_last")
"""What a run is told that changes nothing of its result."""


def digest_of(
    provenance: Mapping[str, Any],
    problem: AbstractProblem,
    solver: AbstractSolver,
    swept: Mapping[str, Any],
) -> str:
    """The digest of a population.

    Arguments:
        provenance: everything needed to repeat it.
        problem: the problem, before anything is swept.
        solver: the solver, before anything is swept.
        swept: the values in which the members differ.
    """
    swept = dict(swept)
    start = swept.pop("start", None)
    varied = describe_variations(problem)
    asked = {
        "problem": provenance["problem"],
        "solver": provenance["solver"],
        "variations": provenance["variations"],
        "data": {name: data["files"] for name, data in provenance["data"].items()},
        "run": {n: x for n, x in provenance["run"].items() if n not in OF_NO_EFFECT},
        "precision": provenance["precision"],
    }
    digest = hashlib.sha256(json.dumps(finite(asked), sort_keys=True).encode())
    _add(digest, swept_arrays(swept))
    _add(digest, named_arrays(start))
    _add(digest, varied[1] if varied else {})
    for kind, component in (("problem", problem), ("solver", solver)):
        if provenance[kind]["name"] is None:
            _add(digest, named_arrays(component))
            digest.update(eqx.tree_pformat(component, width=WIDTH).encode())
    return digest.hexdigest()[:16]


def _add(digest: Any, arrays: Mapping[str, np.ndarray]) -> None:
    """Add arrays by name: their names, dtypes, shapes and bytes."""
    for name, array in arrays.items():
        digest.update(repr((name, array.dtype.name, array.shape)).encode())
        digest.update(np.ascontiguousarray(array).tobytes())
