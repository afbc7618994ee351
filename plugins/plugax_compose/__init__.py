"""Solvers made of solvers: one after the other, in turns, from many starts."""

from plugax import hookimpl


@hookimpl
def register_solvers(register):
    """Bring the compositions."""
    register(
        "then",
        "plugax_compose._then:Then",
        summary='One solver, then another from where it ended: "gradient then lbfgs"',
    )
    register(
        "alternate",
        "plugax_compose._alternate:Alternate",
        summary="Two solvers in turns, each for its own block of the unknowns",
    )
    register(
        "restart",
        "plugax_compose._restart:Restart",
        summary="A solver from many starts, one after the other; the best answer is kept",
    )
