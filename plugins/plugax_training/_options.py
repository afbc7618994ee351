"""The options of a run as plain text by name, for services that list and compare runs."""

from typing import Any

from plugax import Population, Solution


def options_of(solution: Solution | Population) -> dict[str, Any]:
    """Problem, solver and seed, and all options: `solver.optimizer.learning_rate`, ….

    Arguments:
        solution: the result of the run.
    """
    origin = solution.provenance
    run = {name: origin["run"][name] for name in ("seed", "steps")}
    return _flat({"problem": origin["problem"], "solver": origin["solver"], **run})


def _flat(tree: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in tree.items():
        if isinstance(value, dict):
            found |= _flat(value, f"{prefix}{name}.")
        else:
            found[f"{prefix}{name}"] = value
    return found
