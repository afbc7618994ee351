"""`--profile DIR`: JAX's trace of a run, and where its time went."""

import contextlib
import pathlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..errors import PlugaxError
from ._text import answer, columns

if TYPE_CHECKING:
    from ..solution import Solution


@contextlib.contextmanager
def traced(directory: pathlib.Path | None) -> Iterator[None]:
    """Write JAX's trace of the block into a directory; nothing without one.

    Errors: `PlugaxError` if nothing can be written there.
    """
    if directory is None:
        yield
        return
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise PlugaxError(
            f"The profile cannot be written to {directory}: {error.strerror}."
        ) from error
    import jax

    options = jax.profiler.ProfileOptions()
    options.python_tracer_level = 0  # every call of Python would slow down what is measured
    with jax.profiler.trace(directory, profiler_options=options):
        yield


def where_time_went(solution: "Solution", whole: float, setup: float) -> dict[str, float]:
    """The seconds of the parts of a run by name.

    Arguments:
        solution: what the run came to.
        whole: the time of the call that solved the problem [s].
        setup: the time that making problem and solver took, reading data included [s].
    """
    from ..runner import data_seconds

    inside = min(data_seconds(solution), solution.run_seconds)
    rest = whole - solution.compile_seconds - solution.run_seconds
    return {
        "setup": setup,
        "compile": solution.compile_seconds,
        "loop": solution.run_seconds - inside,
        "data": inside,
        "host": max(rest, 0.0),
    }


MEANINGS = {
    "setup": "problem and solver made, data read",
    "compile": "programs traced and compiled",
    "loop": "steps and evaluations",
    "data": "batches made in the loop, or waited for",
    "host": "observers, saving, and the rest",
}


def tell_profile(seconds: dict[str, float], directory: pathlib.Path) -> None:
    """Print where the time went, and where the trace is."""
    whole = sum(seconds.values()) or 1.0
    rows = [
        (name, f"{part:.3f} s", f"{100 * part / whole:.0f} %", MEANINGS[name])
        for name, part in seconds.items()
    ]
    answer(f"where the time went\n{columns(rows, indent=2)}")
    answer(f"trace in {directory}; look at its *.trace.json.gz in https://ui.perfetto.dev")
