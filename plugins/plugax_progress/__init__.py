"""A progress bar with loss and rate, on standard error."""

from plugax import hookimpl


@hookimpl
def register_observers(register):
    """Bring the bar."""
    register(
        "progress",
        "plugax_progress._bar:ProgressBar",
        summary="A progress bar with loss and rate, on standard error if it is a terminal",
    )
