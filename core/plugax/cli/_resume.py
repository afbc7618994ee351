"""`plugax resume`: go on with a saved run."""

import argparse
import contextlib
import functools
import pathlib
import sys
from typing import Any

from ._component import ResolvedComponent, choose
from ._config import FILE_NAME, read_config, write_config
from ._distributed import add_distributed_flags
from ._ending import Report, leave_unsaved_to_report, report
from ._environment import prepare
from ._flags import add_flags, join_negative_numbers, parse_flags, peek, peek_component
from ._observers import add_observer_flag, choose_observers, make_observers
from ._parser import HELP, Parser, UsageError
from ._precision import precision
from ._request import DEVICES_HELP
from ._saved import add_own_flags, own_components, saved_precision
from ._set import options_of
from ._signals import restore_signals
from ._sweep_report import SweepReport, report_sweep
from ._verbosity import quiet, tell_device


def main(argv: list[str]) -> int:
    """Go on, and report."""
    arguments, observers = _read(argv)
    import plugax

    from ..runner import is_unfinished

    directory = pathlib.Path(arguments.directory)
    with precision(saved_precision(arguments.directory)):
        # The device is started before there is anything to lose.
        tell_device(arguments.device, arguments.devices)
        restore_signals(resume=arguments.out or directory)
        # What other programs run has no progress bar here.
        apart = is_unfinished(directory) and not observers
        listeners = [] if apart else make_observers(observers)
        own = own_components(arguments)
        options = options_of(arguments.set, directory)
        if arguments.out is None:
            _tell_where(directory)
        with leave_unsaved_to_report():
            solution = plugax.resume(
                directory,
                **own,
                from_step=arguments.from_step,
                options=options,
                out=arguments.out,
                force=arguments.force,
                steps=arguments.steps,
                epochs=arguments.epochs,
                chunk=arguments.chunk,
                device=arguments.device,
                devices=arguments.devices,
                observers=listeners,
                prepare_anew=arguments.prepare_anew,
            )
        if arguments.out is not None:
            directory = _write_branch(directory, pathlib.Path(arguments.out), solution)
        if (arguments.steps is not None or arguments.epochs is not None) and (
            directory / FILE_NAME
        ).exists():
            tables = read_config(directory / FILE_NAME)
            tables["run"]["steps"] = solution.provenance["run"]["steps"]
            write_config(directory, tables)
        chosen = {
            kind: _saved_component(kind, solution.provenance[kind])
            for kind in ("problem", "solver")
        }
        told = {
            "problem": _name(chosen["problem"], solution.provenance["problem"]),
            "solver": _name(chosen["solver"], solution.provenance["solver"]),
            "options": {
                kind: part.plain_options() if part else {} for kind, part in chosen.items()
            },
            "directory": directory,
        }
        file = directory / FILE_NAME
        sweep = read_config(file)["sweep"] if file.exists() else {}
        # A sweep is reported as `plugax sweep` does; one population from Python, member by member.
        if not sweep and isinstance(solution, plugax.Solution | plugax.Population):
            return report(Report(solution, seconds={}, **told), as_json=arguments.json)
        told |= {"by": sweep.get("best"), "largest": bool(sweep.get("largest"))}
        return report_sweep(SweepReport(solution, **told), as_json=arguments.json)


def _tell_where(directory: pathlib.Path) -> None:
    """Tell where the run goes on, if the directory has one run."""
    from ..errors import PlugaxError
    from ..solution import read_summary

    with contextlib.suppress(PlugaxError):
        summary = read_summary(directory)
        steps = summary["steps"]
        if not quiet():
            told = f"going on after step {steps}, saved {summary['saved']}"
            print(f"plugax: {told}", file=sys.stderr)


def _write_branch(old: pathlib.Path, new: pathlib.Path, solution: Any) -> pathlib.Path:
    """Write the configuration that repeats a branch from its beginning, if the run has one."""
    if (old / FILE_NAME).exists():
        tables = read_config(old / FILE_NAME)
        for kind in ("problem", "solver"):
            spec = solution.provenance[kind]
            tables[kind] = spec if spec.get("name") else tables[kind]
        tables["run"]["steps"] = solution.provenance["run"]["steps"]
        write_config(new, tables)
    return new


def _name(chosen: ResolvedComponent | None, spec: dict[str, Any]) -> str:
    return spec["class"] if chosen is None else chosen.name


def _saved_component(kind: str, spec: dict[str, Any]) -> ResolvedComponent | None:
    """A component of the saved run; None for one made by hand."""
    if spec["name"] is None:
        return None
    return choose(kind, spec["name"], [spec], lambda path, kind: None)  # noqa: ARG005 - no flags


def _read(argv: list[str]) -> tuple[argparse.Namespace, list[ResolvedComponent]]:
    """The arguments, and the observers: those of the saved run unless flags name others."""
    argv = join_negative_numbers(argv)
    parser = _parser()
    try:
        known, _ = parser.parse_known_args([word for word in argv if word not in HELP])
    except UsageError:  # without a directory there is still the help
        parser.parse_args(argv)
        raise
    prepare(peek(argv, "--device"), peek(argv, "--devices"))
    file = pathlib.Path(known.directory) / FILE_NAME
    configured = read_config(file)["observer"] if file.exists() else []
    observers = choose_observers(argv, configured, functools.partial(peek_component, argv))
    add_flags(parser, observers, argv)
    return parse_flags(parser, argv, observers), observers


def _parser() -> Parser:
    parser = Parser(
        prog="plugax resume",
        brief=True,
        usage="plugax resume DIR [--option value]…",
        description="Go on with a saved run that was interrupted or needs more steps. The result "
        "is that of a run that was never interrupted, bit for bit.",
    )
    add = parser.add_argument
    directory_help = "the directory that was --out of the run; the result is saved there again"
    add("directory", metavar="DIR", help=directory_help)
    steps_help = "total number of steps; default: as many as were asked for"
    add("--steps", type=int, metavar="N", help=steps_help)
    add("--epochs", type=float, metavar="N", help="total number of passes over the data")
    from_help = "branch off after step N, in the directory --out; default: after the last"
    add("--from-step", type=int, metavar="N", help=from_help)
    set_help = "of a branch: another value of an option; may be repeated"
    add("--set", action="append", default=[], metavar="NAME=VALUE", help=set_help)
    add("--out", metavar="DIR2", help="the directory of a branch; the run in DIR stays as it is")
    add("--force", action="store_true", help="replace another run in --out")
    anew_help = "let the solver prepare for the new --steps from here on: a schedule ends later"
    add("--prepare-anew", action="store_true", help=anew_help)
    add("--json", action="store_true", help="print one JSON object on standard output")
    add_observer_flag(parser)
    add_own_flags(parser)
    further = parser.add_further
    further("--chunk", type=int, metavar="N", help="compiled steps between returns to Python")
    further("--device", metavar="NAME", help="cpu, gpu or tpu, with an index as in gpu:1")
    further("--devices", metavar="N|NAMES", help=DEVICES_HELP)
    add_distributed_flags(parser)
    return parser
