"""A progress bar with loss and rate: on standard error, or in the output of a notebook's cell."""

from plugax import hookimpl


@hookimpl
def register_observers(register):
    """Bring the bar."""
    register(
        "progress",
        "plugax_progress._bar:ProgressBar",
        summary="A progress bar with loss and rate, in a terminal or a notebook",
    )
