"""`plugax sweep`: solve a problem for many values, seeds or options at once."""

import argparse
import pathlib
from typing import TYPE_CHECKING, Any

from ..errors import PlugaxError
from ._cluster import add_cluster_flags, cluster_from
from ._config import FILE_NAME, write_config
from ._dry_run import dry_run
from ._ending import leave_unsaved_to_report
from ._observers import make_observers
from ._over import over_of, split_over
from ._parser import Parser
from ._precision import precision
from ._request import Request, read_request
from ._run import made, tables_of
from ._signals import restore_signals
from ._sweep_report import SweepReport, report_sweep
from ._verbosity import tell, tell_device

if TYPE_CHECKING:
    from ..cluster import Cluster
    from ..solution import Population, Populations

RACES = ("halving", "hyperband", "population")
MORE = ("over", "sobol", "random", "best", "largest", "race", "eta", "rungs", "block")
"""The flags that are kept in the configuration, in the table `[sweep]`."""


def main(argv: list[str]) -> int:
    """Run all members, and report."""
    request = read_request(argv, "sweep", _add_flags)
    wanted = _wanted(request)
    over = over_of(wanted["over"], [request.problem, request.solver])
    from ..runner import CLUSTER
    from ..solution import SUMMARY, SWEEP, claim
    from ..solution._claim import unclaimed

    cluster = cluster_from(request.more)
    directory = None
    if request.out is not None and cluster is not None:
        # The sweep itself looks whether it may go on there.
        directory = (unclaimed if request.dry_run else claim)(request.out, force=True)
    elif request.out is not None:
        claimed = unclaimed if request.dry_run else claim
        directory = claimed(request.out, force=request.force, names=(SUMMARY, SWEEP, FILE_NAME))
    asked = request.precision is not None
    with precision(request.precision or request.problem.precision(), asked=asked) as used:
        # The device is started before there is anything to lose.
        tell_device(request.device, request.devices)
        restore_signals(resume=directory)
        request.precision = used
        if request.dry_run:
            make_observers(request.observers)  # for their errors
            told = _told(request, wanted, over)
            return dry_run(request, made(request.problem), made(request.solver), told)
        there = directory is not None and any(
            (directory / name).exists() for name in (SUMMARY, SWEEP, CLUSTER)
        )
        if directory is not None and (cluster is None or not there):
            _write(directory, request, wanted)
        with leave_unsaved_to_report():
            found = _sweep(request, wanted, over, directory, cluster)
        if directory is not None and cluster is not None:
            _write(directory, request, wanted)
        tell("compiled in", f"{found.compile_seconds:.2f} s")
        return report_sweep(
            SweepReport(
                found,
                problem=request.problem.name,
                solver=request.solver.name,
                options={
                    "problem": request.problem.plain_options(),
                    "solver": request.solver.plain_options(),
                },
                by=wanted["best"],
                largest=bool(wanted["largest"]),
                directory=directory,
            ),
            as_json=request.json,
        )


def _sweep(
    request: Request,
    wanted: dict[str, Any],
    over: dict[str, Any],
    out: pathlib.Path | None,
    cluster: "Cluster | None",
) -> "Population | Populations":
    import plugax

    # The progress bar is for what runs in this process.
    apart = cluster is not None and not request.observers
    return plugax.sweep(
        made(request.problem),
        made(request.solver),
        **_told(request, wanted, over),
        **request.told(),
        observers=[] if apart else make_observers(request.observers),
        out=out,
        cluster=cluster,
    )


def _told(request: Request, wanted: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    """What a sweep is told besides a run."""
    random = wanted["random"] is not None
    return {
        "over": over,
        "points": wanted["random"] if random else wanted["sobol"],
        "sampling": "random" if random else "sobol",
        "race": _race(wanted),
        "steps": request.steps,
        "epochs": request.epochs,
        "evaluate_every": request.evaluate_every,
        "block": wanted["block"],
    }


def _race(wanted: dict[str, Any]) -> Any:
    """The race that was asked for, or None."""
    if wanted["race"] is None:
        for name in ("eta", "rungs"):
            if wanted[name] is not None:
                races = f"{', '.join(RACES[:-1])} or {RACES[-1]}"
                raise PlugaxError(f"--{name} belongs to a race; add --race {races}.")
        return None
    from ..runner import Race

    told = {name: wanted[name] for name in ("eta", "rungs") if wanted[name] is not None}
    by = wanted["best"] or "loss"
    return Race(wanted["race"], **told, by=by, largest=bool(wanted["largest"]))


def _wanted(request: Request) -> dict[str, Any]:
    """The flags of the sweep; those that are not given are those of the configuration.

    Errors: `PlugaxError` if nothing is swept, or the configuration has something else in `[sweep]`.
    """
    given = {name: request.more.get(name) or None for name in ("over", "largest")}
    given = {name: request.more.get(name) for name in MORE} | given
    unknown = request.sweep.keys() - set(MORE)
    if unknown:
        raise PlugaxError(
            f"[sweep] in the configuration has {min(unknown)!r}; it may have {', '.join(MORE)}."
        )
    configured = {name: request.sweep.get(name) for name in MORE}
    if given["sobol"] is not None or given["random"] is not None:
        configured |= {"sobol": None, "random": None}
    try:
        configured["over"] = [split_over(text) for text in configured["over"] or ()]
    except argparse.ArgumentTypeError as error:
        raise PlugaxError(f"[sweep] over in the configuration: {error}.") from None
    wanted = {n: configured[n] if given[n] is None else given[n] for n in MORE}
    if not wanted["over"]:
        raise PlugaxError(
            "There is nothing to sweep over; give, for example, --over seed=0:8, or "
            "--over optimizer.learning_rate=1e-4:1e-1:log:16."
        )
    if wanted["sobol"] is not None and wanted["random"] is not None:
        raise PlugaxError("Either --sobol or --random, not both.")
    return wanted


def _write(directory: pathlib.Path, request: Request, wanted: dict[str, Any]) -> None:
    """Write the configuration that repeats the sweep."""
    given = {name: value for name, value in wanted.items() if value is not None}
    given["over"] = ["=".join(pair) for pair in wanted["over"]]
    write_config(directory, tables_of(request) | {"sweep": given})


def _add_flags(parser: Parser) -> None:
    """Add the flags that `plugax run` does not have."""
    add = parser.add_argument
    over_help = (
        "what to sweep, as in learning_rate=1e-4:1e-1:log:64, momentum=0:0.9:10, seed=0:8 or "
        "optimizer=sgd,adam; without the number of values, a range for --sobol or --random; may be "
        "repeated, for all combinations"
    )
    add("--over", action="append", type=split_over, metavar="NAME=VALUES", help=over_help)
    points_help = "draw N points from the ranges, evenly, instead of a grid (best is a power of 2)"
    add("--sobol", type=int, metavar="N", help=points_help)
    add("--random", type=int, metavar="N", help="draw N points from the ranges at random")
    best_help = "the figure of merit; default: the problem's first score, or the loss"
    add("--best", metavar="METRIC", help=best_help)
    add("--largest", action="store_true", help="the largest is the best, as of an accuracy")
    race_help = (
        "stop members that lag behind, by successive halving or Hyperband; or let them go on from "
        "the best with other values (population-based training)"
    )
    add("--race", choices=RACES, help=race_help)
    further = parser.add_further
    further("--eta", type=int, metavar="N", help="a rung keeps (or replaces) 1/N; default: 4")
    further("--rungs", type=int, metavar="N", help="rungs; default: as many as fit, or 10")
    block_help = "members computed side by side; default: all that fit, or what is quicker"
    further("--block", type=int, metavar="N", help=block_help)
    add_cluster_flags(parser, "slices of the sweep")
