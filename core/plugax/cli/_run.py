"""`plugax run`: solve a problem."""

import dataclasses
import time
from typing import Any

from ._component import Chosen
from ._config import FILE_NAME, RUN, write_config
from ._observers import made_observers
from ._precision import precision
from ._report import Report, report, unsaved_reported
from ._request import Request, read_request
from ._signals import started


def main(argv: list[str]) -> int:
    """Run, and report."""
    began = time.perf_counter()
    request = read_request(argv)
    import plugax  # the parts that need JAX come with the first use

    from ..runner import Length, find_device, resolve
    from ..solution import claim

    solve = plugax.solve
    directory = None
    if request.out is not None:
        names = ("solution.json", FILE_NAME)
        directory = claim(request.out, force=request.force, names=names)
    import_seconds = time.perf_counter() - began
    wanted = request.precision or request.problem.precision()
    with precision(wanted, asked=request.precision is not None) as used:
        find_device(request.device)  # started while nothing can be lost yet
        started()
        began = time.perf_counter()
        asked = Length(request.steps, request.epochs, request.evaluate_every)
        problem, solver, plan = resolve(_made(request.problem), _made(request.solver), asked, {})
        listeners = made_observers(request.observers)
        setup_seconds = time.perf_counter() - began
        every = plan.evaluate_every
        request = dataclasses.replace(
            request, steps=plan.steps, epochs=None, evaluate_every=every, precision=used
        )
        if directory is not None:
            write_config(directory, _tables(request))
        with unsaved_reported():
            solution = solve(
                problem,
                solver,
                seed=request.seed,
                steps=plan.steps,
                evaluate_every=every,
                chunk=request.chunk,
                device=request.device,
                observers=listeners,
                out=directory,
                force=request.force,
            )
        return report(
            Report(
                solution,
                problem=request.problem.name,
                solver=request.solver.name,
                options={
                    "problem": request.problem.plain_options(),
                    "solver": request.solver.plain_options(),
                },
                seconds={"import_seconds": import_seconds, "setup_seconds": setup_seconds},
                directory=directory,
            ),
            as_json=request.json,
        )


def _made(chosen: Chosen) -> Any:
    import plugax

    options = chosen.spec()
    make = plugax.problem if chosen.component.kind == "problem" else plugax.solver
    return make(options.pop("name"), **options)


def _tables(request: Request) -> dict[str, Any]:
    """The whole run as a configuration that repeats it."""
    run = {key: getattr(request, key) for key in RUN}
    return {
        "problem": request.problem.resolved(none="none"),
        "solver": request.solver.resolved(none="none"),
        "observer": [observer.resolved(none="none") for observer in request.observers],
        "run": run,
    }
