"""`plugax resume`: go on with a saved run."""

import argparse
import pathlib
from typing import Any

from ._component import Chosen, choose
from ._config import FILE_NAME, read_config, write_config
from ._environment import prepare
from ._parser import Parser
from ._precision import precision
from ._report import Report, observers, report, stdout_kept_clean, unsaved_reported
from ._saved import saved_precision


def main(argv: list[str]) -> int:
    """Go on, and report."""
    arguments = _parse(argv)
    prepare(arguments.device)
    import plugax

    directory = pathlib.Path(arguments.directory)
    with precision(saved_precision(arguments.directory)):
        with stdout_kept_clean(arguments.json), unsaved_reported():
            solution = plugax.resume(
                directory,
                steps=arguments.steps,
                epochs=arguments.epochs,
                chunk=arguments.chunk,
                device=arguments.device,
                observers=observers(),
                new_plan=arguments.new_plan,
            )
        if (arguments.steps is not None or arguments.epochs is not None) and (
            directory / FILE_NAME
        ).exists():
            tables = read_config(directory / FILE_NAME)
            tables["run"]["steps"] = solution.provenance["run"]["steps"]
            write_config(directory, tables)
        chosen = {kind: _chosen(kind, solution.provenance[kind]) for kind in ("problem", "solver")}
        return report(
            Report(
                solution,
                problem=chosen["problem"].name,
                solver=chosen["solver"].name,
                options={kind: component.plain_options() for kind, component in chosen.items()},
                seconds={},
                directory=directory,
            ),
            as_json=arguments.json,
        )


def _chosen(kind: str, spec: dict[str, Any]) -> Chosen:
    """A component as the saved run was made with it."""
    return choose(kind, spec["name"], [spec], lambda path, kind: None)  # noqa: ARG005 - no flags


def _parse(argv: list[str]) -> argparse.Namespace:
    parser = Parser(
        prog="plugax resume",
        description="Go on with a saved run that was interrupted or has more steps to do. The "
        "result is that of a run that was never interrupted, bit for bit.",
    )
    add = parser.add_argument
    add("directory", metavar="DIR", help="what --out of the run was; saved there again")
    add("--steps", type=int, metavar="N", help="steps in all; default: as many as were asked for")
    add("--epochs", type=float, metavar="N", help="the same in passes over the data")
    add("--chunk", type=int, metavar="N", help="steps between two looks at the run")
    add("--device", metavar="NAME", help="cpu, gpu or tpu, with an index as in gpu:1")
    add("--new-plan", action="store_true", help="go on by the solver's plan for the new --steps")
    add("--json", action="store_true", help="print one JSON object on standard output")
    return parser.parse_args(argv)
