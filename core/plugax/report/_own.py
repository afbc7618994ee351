"""What only the problem and the solver know of a solution: their figures and their tables.

They are made again from their names, which needs their plugins and JAX. If that is not possible,
the report says why, and has all else.
"""

import dataclasses
import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ..errors import PlugaxError, PluginWarning, PrecisionWarning, VersionWarning
from ..plugins import default_manager
from ..solution import SavedRun
from ._embed import KINDS, picture, stored

if TYPE_CHECKING:
    from ..solution import Solution, Table

OURS = (PluginWarning, PrecisionWarning, VersionWarning)


@dataclasses.dataclass
class Own:
    """What problem and solver add to a report.

    Attributes:
        figures: pictures by name, as `data:` URIs.
        tables: their tables.
        notes: sentences on what is missing, and why.
    """

    figures: dict[str, str] = dataclasses.field(default_factory=dict)
    tables: "tuple[Table, ...]" = ()
    notes: list[str] = dataclasses.field(default_factory=list)


def own_of(run: SavedRun) -> Own:
    """The figures and tables of a saved run's problem and solver; nothing for a population."""
    if run.is_population:
        return Own()
    missing = _why_missing(run)
    if missing is None:
        return _made_again(run)
    own = Own(
        notes=[f"The figures and tables of the problem and of the solver are missing. {missing}"]
    )
    own.figures = _drawn_before(run)
    if own.figures:
        own.notes.append("The figures are those that were drawn before, by `plugax plot`.")
    return own


def _why_missing(run: SavedRun) -> str | None:
    """Why problem or solver cannot be made again; None if they can, as far as their names tell."""
    for kind in ("problem", "solver"):
        name = run.provenance[kind]["name"]
        if name is None:
            made = run.provenance[kind]["class"]
            return f"The {kind} was made by hand, from {made}, and cannot be made again by name."
        try:
            default_manager().find(kind, name)
        except PlugaxError as error:
            gone = _plugins_gone(run)
            if not gone:
                return f"{error}"
            return (
                f"The {kind} {name!r} is not installed here. Install what the run was made with "
                f"and write the report again: {gone}."
            )
    return None


def _plugins_gone(run: SavedRun) -> str:
    """The plugins of the run that are not in use here, with the distributions they came in."""
    here = {record.name for record in default_manager().records if record.status == "active"}
    gone = {n: origin for n, origin in run.provenance["plugins"].items() if n not in here}
    return ", ".join(
        f"the plugin {name}" + (f" of {origin}" if origin else "") for name, origin in gone.items()
    )


def _made_again(run: SavedRun) -> Own:
    import jax

    from ..runner import load

    own = Own()
    with warnings.catch_warnings(record=True) as told:
        for category in OURS:
            warnings.simplefilter("always", category)
        with jax.enable_x64(run.provenance["precision"] == "float64"):
            solution = _tried(lambda: load(run.directory), "problem and solver", own)
            if solution is not None:
                _fill(own, solution)
    own.notes += dict.fromkeys(str(one.message) for one in told if issubclass(one.category, OURS))
    for one in told:
        if not issubclass(one.category, OURS):
            warnings.warn_explicit(one.message, one.category, one.filename, one.lineno)
    return own


def _fill(own: Own, solution: "Solution") -> None:
    own.tables = _tried(solution.tables, "The tables", own) or ()
    drawn = {}
    for part in (solution.problem, solution.solver):
        drawn |= _tried(lambda part=part: part.figures(solution), "The figures", own) or {}
    for name, figure in drawn.items():
        made = _tried(lambda figure=figure: picture(figure), f"The figure {name!r}", own)
        if made is not None:
            own.figures[name] = made


def _tried(make: Callable[[], Any], what: str, own: Own) -> Any:
    """What `make` makes; None, and a note, if a component or its data fail."""
    try:
        return make()
    except Exception as error:
        kind = "" if isinstance(error, PlugaxError) else f"{type(error).__name__}: "
        own.notes.append(f"{what[0].upper()}{what[1:]} could not be made. {kind}{error}")
        return None


def _drawn_before(run: SavedRun) -> dict[str, str]:
    from ..solution import drawn_in

    figures = run.directory / "figures"
    paths = [figures / name for name in drawn_in(figures)]
    return {p.stem: stored(p) for p in paths if p.suffix in KINDS and p.exists()}
