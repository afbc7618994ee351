"""`plugax run`: solve a problem."""

import dataclasses
import os
import pathlib
import time
from typing import Any

from ._component import ResolvedComponent
from ._config import FILE_NAME, RUN, write_config
from ._dry_run import dry_run
from ._ending import Report, leave_unsaved_to_report, report
from ._observers import make_observers
from ._precision import precision
from ._profile import tell_profile, traced, where_time_went
from ._request import Request, read_request
from ._signals import restore_signals
from ._values import show
from ._verbosity import tell, tell_device


def main(argv: list[str]) -> int:
    """Run, and report."""
    began = time.perf_counter()
    request = read_request(argv)
    import plugax  # the parts that need JAX are imported on first use

    from ..runner import Length, resolve
    from ..solution import claim
    from ..solution._claim import unclaimed

    solve = plugax.solve
    directory = None
    if request.out is not None:
        names = ("solution.json", FILE_NAME)
        claimed = unclaimed if request.dry_run else claim
        directory = claimed(request.out, force=request.force, names=names)
    import_seconds = time.perf_counter() - began
    wanted = request.precision or request.problem.precision()
    with precision(wanted, asked=request.precision is not None) as used:
        # The device is started before there is anything to lose.
        tell_device(request.device, request.devices)
        restore_signals(resume=directory)
        began = time.perf_counter()
        asked = Length(request.steps, request.epochs, request.evaluate_every)
        problem, solver, plan = resolve(made(request.problem), made(request.solver), asked, {})
        listeners = make_observers(request.observers)
        setup_seconds = time.perf_counter() - began
        every = plan.evaluate_every
        _tell(request, plan.steps, type(solver.data(problem)).__name__)
        request = dataclasses.replace(
            request, steps=plan.steps, epochs=None, evaluate_every=every, precision=used
        )
        if request.dry_run:
            return dry_run(request, problem, solver, {"steps": plan.steps, "evaluate_every": every})
        if directory is not None:
            write_config(directory, tables_of(request))
        profile = None if request.profile is None else pathlib.Path(request.profile)
        with traced(profile), leave_unsaved_to_report():
            began = time.perf_counter()
            solution = solve(
                problem,
                solver,
                **request.told(),
                steps=plan.steps,
                evaluate_every=every,
                observers=listeners,
                out=directory,
            )
            solve_seconds = time.perf_counter() - began
        for option, data in solution.provenance["data"].items():
            size = sum(file["size"] for file in data["files"].values())
            tell(f"data of {option}", f"{data['path']}, {size} bytes")
        tell("imported in", f"{import_seconds:.2f} s")
        tell("problem and solver made in", f"{setup_seconds:.2f} s")
        tell("compiled in", f"{solution.compile_seconds:.2f} s", _cache())
        seconds = {"import_seconds": import_seconds, "setup_seconds": setup_seconds}
        spent = None if profile is None else where_time_went(solution, solve_seconds, setup_seconds)
        ended = report(
            Report(
                solution,
                problem=request.problem.name,
                solver=request.solver.name,
                options={
                    "problem": request.problem.plain_options(),
                    "solver": request.solver.plain_options(),
                },
                seconds=seconds | ({} if spent is None else {"profile": spent}),
                directory=directory,
            ),
            as_json=request.json,
        )
        if spent is not None and profile is not None and not request.json:
            tell_profile(spent, profile)
        return ended


def _tell(request: Request, steps: int, data: str) -> None:
    """Tell the components with their options, and the maximum length of the run."""
    for root in (request.problem, request.solver, *request.observers):
        for chosen in root.walk():
            given = ", ".join(f"{name}={show(value)}" for name, value in chosen.given.items())
            tell(
                chosen.component.kind,
                chosen.name,
                f"{chosen.component.owner}; {given or 'defaults'}",
            )
    asked = request.steps is not None or request.epochs is not None
    tell("steps", f"at most {steps}", "asked for" if asked else "usual for these")
    tell("batches", data)


def _cache() -> str:
    return f"programs are kept in {os.environ.get('JAX_COMPILATION_CACHE_DIR', 'no place')}"


def made(chosen: ResolvedComponent) -> Any:
    """The component itself."""
    import plugax

    options = chosen.spec()
    make = plugax.problem if chosen.component.kind == "problem" else plugax.solver
    return make(options.pop("name"), **options)


def tables_of(request: Request) -> dict[str, Any]:
    """The configuration that repeats the whole run."""
    run = {key: getattr(request, key) for key in RUN}
    return {
        "problem": request.problem.resolved(none="none"),
        "solver": request.solver.resolved(none="none"),
        "observer": [observer.resolved(none="none") for observer in request.observers],
        "run": run,
    }
