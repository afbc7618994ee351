"""A digest of all that decides on the result of a population: components, data, values.

Components made by name count by their names and options; those made by hand by their arrays and by
what equinox prints of the rest, in which a function stands by its name.
"""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

import equinox as eqx

from ..problems import AbstractProblem, describe_variations
from ..solution import finite, series_bytes, swept_arrays
from ..solution._arrays import array_bytes
from ..solvers import AbstractSolver

WIDTH = 1000


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
        "run": {name: value for name, value in provenance["run"].items() if name != "chunk"},
        "precision": provenance["precision"],
    }
    digest = hashlib.sha256(json.dumps(finite(asked), sort_keys=True).encode())
    digest.update(series_bytes(swept_arrays(swept)))
    digest.update(array_bytes(start))
    digest.update(series_bytes(varied[1] if varied else {}))
    for kind, component in (("problem", problem), ("solver", solver)):
        if provenance[kind]["name"] is None:
            digest.update(array_bytes(component))
            digest.update(eqx.tree_pformat(component, width=WIDTH).encode())
    return digest.hexdigest()[:16]
