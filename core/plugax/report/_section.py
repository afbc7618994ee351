"""The part of a report on one run: how it went, what it came to, and how it is repeated."""

import base64
from collections.abc import Mapping

from ..solution import SavedRun, device_text
from ._charts import MOST_LINES, Line, drawing
from ._facts import member_metrics, members_of, problem_of, solver_of
from ._html import Markup, element, facts, folded, join, metric, table, text
from ._listing import when
from ._options import options_part
from ._own import Own
from ._repeat import config_of, python_of

MOST_OPEN = 9  # charts that are shown at once; the others can be unfolded


def section_of(
    run: SavedRun,
    charts: Mapping[str, list[Line]],
    arrays: list[str],
    own: Own,
    place: str,
    *,
    titled: bool,
) -> Markup:
    """Everything on one run.

    Arguments:
        run: the run.
        charts: its curves by metric.
        arrays: the names of metrics that are arrays at every step, which have no curve.
        own: what problem and solver add.
        place: the name of the place in the page, for links.
        titled: whether it has a heading; one alone may have that of the page.
    """
    parts = [
        element("h2", f"{problem_of(run)} · {solver_of(run)}") if titled else "",
        element("p", run.directory, class_="where"),
        status_line(run),
        *(element("p", note, class_="note") for note in own.notes),
        _answer(run, own),
        *(table(one.columns, one.title) for one in own.tables),
        _members(run),
        _figures(own.figures),
        _history(charts, arrays, members_of(run)),
        options_part(run),
        _repeated(run),
        _provenance(run),
    ]
    return element("section", join(part for part in parts if part), id=place)


def status_line(run: SavedRun) -> Markup:
    """How the run ended, with the remarks of problem and solver."""
    status = run.status
    kind = ("doubt" if status.remarks else "good") if status.success else "bad"
    name = element("strong", status.name, class_=f"status {kind}")
    remarks = join(element("li", remark) for remark in status.remarks)
    return join(
        [
            element("p", Markup(f"{name} {text(status.message)}")),
            element("ul", remarks, class_="remarks") if remarks else "",
        ]
    )


def _answer(run: SavedRun, own: Own) -> Markup:
    """The metrics that no table shows, and the length of the run."""
    in_tables = {name for one in own.tables for name in one.metrics}
    summary = run.summary
    found = {**summary["metrics"], **summary.get("joint_metrics", {})}
    scores = [name for name in summary.get("scores", ()) if name in found]
    names = [name for name in dict.fromkeys([*scores, *found]) if name not in in_tables]
    taken = {
        "steps": summary["steps"],
        "time": f"compiled in {summary['compile_seconds']:.3g} s, run in "
        f"{summary['run_seconds']:.3g} s",
        "seed": run.provenance["run"]["seed"],
        "saved": when(run.directory, dict(summary)).replace("T", " ").replace("+00:00", " UTC"),
    }
    if "seed" in run.provenance["run"].get("over", ()):
        del taken["seed"]
    metrics = facts({name: metric(found[name]) for name in names})
    return join([*([element("h3", "Metrics"), metrics] if metrics else []), facts(taken)])


def _members(run: SavedRun) -> Markup:
    """The table of a population's members."""
    if members_of(run) is None:
        return Markup()
    statuses = [status.name for status in run.statuses]
    steps = run.series("members")["steps"].ravel().tolist()
    numbers = {name: values.tolist() for name, values in member_metrics(run).items()}
    swept = {name: values.tolist() for name, values in run.values.items()}
    columns = {**swept, "status": statuses, "steps": steps}
    # What is swept may have the name of a metric; both are shown.
    columns |= {f"{n} (metric)" if n in columns else n: values for n, values in numbers.items()}
    return table(columns, f"{len(statuses)} members")


def _figures(figures: Mapping[str, str]) -> Markup:
    if not figures:
        return Markup()
    drawn = (
        element(
            "figure",
            Markup(f'<img src="{uri}" alt="{text(name)}">{element("figcaption", name)}'),
            class_="picture",
        )
        for name, uri in figures.items()
    )
    return join([element("h3", "Figures"), element("div", join(drawn), class_="pictures")])


def _history(charts: Mapping[str, list[Line]], arrays: list[str], members: int | None) -> Markup:
    drawn = [drawing(name, lines) for name, lines in charts.items()]
    if not drawn and not arrays:
        return Markup()
    many = f"Of {members} members, the curves show quantiles at every step."
    parts = [
        element("h3", "History"),
        element("p", many, class_="note") if (members or 0) > MOST_LINES else "",
        chart_grid(drawn),
        _arrays_note(arrays),
    ]
    return join(part for part in parts if part)


def chart_grid(drawn: list[Markup]) -> Markup:
    """Charts side by side; the first are shown, the others can be unfolded."""
    first = element("div", join(drawn[:MOST_OPEN]), class_="charts") if drawn else Markup()
    rest = drawn[MOST_OPEN:]
    if not rest:
        return first
    inner = element("div", join(rest), class_="charts")
    return join([first, folded(f"{len(rest)} more", inner)])


def _arrays_note(arrays: list[str]) -> Markup:
    if not arrays:
        return Markup()
    told = f"Arrays at every step, which have no curve here: {', '.join(arrays)}. See history.nc."
    return element("p", told, class_="note")


def _repeated(run: SavedRun) -> Markup:
    config, script = config_of(run), python_of(run)
    parts: list[str] = [element("h3", "To repeat the run")]
    if config is not None:
        uri = f"data:application/toml;base64,{base64.b64encode(config.encode()).decode()}"
        link = Markup(f'<a href="{uri}" download="config.toml">config.toml</a>')
        parts += [
            element("pre", "plugax run --config config.toml"),
            element("p", Markup(f"with this file, {link}:")),
            folded("config.toml", element("pre", config)),
        ]
    if script is not None:
        parts.append(folded("In Python", element("pre", script), is_open=config is None))
    if len(parts) == 1:
        made = ", ".join(
            f"the {kind} from {run.provenance[kind]['class']}"
            for kind in ("problem", "solver")
            if run.provenance[kind]["name"] is None
        )
        parts.append(element("p", f"By the script that made {made}; they have no names."))
    return join(parts)


def _provenance(run: SavedRun) -> Markup:
    origin = run.provenance
    device = origin["device"]
    known: dict[str, str] = {
        "device": f"{device_text(device)}, {device['kind']}",
        "precision": origin["precision"],
        "versions": ", ".join(f"{name} {number}" for name, number in origin["versions"].items()),
        "plugins": ", ".join(f"{n} ({came})" for n, came in origin["plugins"].items()) or "none",
    }
    for name, data in origin.get("data", {}).items():
        files = (f"{file}, SHA-256 {of['sha256']}" for file, of in data["files"].items())
        known[f"data of {name}"] = Markup("<br>".join(map(text, [data["path"], *files])))
    return join([element("h3", "Provenance"), element("div", facts(known), class_="long")])
