"""The plugins of a manager, as text and as HTML."""

from collections.abc import Sequence

from ..display import block, fold, heading, pairs, sentences, table
from ._component import KINDS
from ._record import PluginRecord

MOST_NAMES = 4


def summary_text(records: Sequence[PluginRecord]) -> str:
    """How many plugins and components there are, and what is not in use."""
    return "\n".join([f"Plugins: {_counts(records)}.", *_errors(records)])


def summary_html(records: Sequence[PluginRecord]) -> str:
    """A table of the plugins, and the components of each kind at a click."""
    columns = {
        "plugin": [record.name for record in records],
        "status": [record.status for record in records],
        "distribution": [record.source for record in records],
    } | {f"{kind}s": [_names(record, kind) for record in records] for kind in KINDS}
    errors = _errors(records)
    return block(
        heading("Plugins", f": {_counts(records)}", "bad" if errors else "good"),
        sentences(errors),
        table(columns) if records else "",
        *(fold(f"all {kind}s", _components(records, kind)) for kind in KINDS),
    )


def _counts(records: Sequence[PluginRecord]) -> str:
    active = sum(record.status == "active" for record in records)
    components = [c.kind for record in records for c in record.components]
    counts = [(components.count(kind), kind) for kind in KINDS if kind in components]
    kinds = [f"{count} {kind}{'s' * (count > 1)}" for count, kind in counts]
    return ", ".join([f"{active} of {len(records)} in use", *kinds])


def _errors(records: Sequence[PluginRecord]) -> list[str]:
    return [f"{r.name} ({r.status}): {r.error}" for r in records if r.status != "active"]


def _names(record: PluginRecord, kind: str) -> str:
    """The names of a plugin's components of a kind if they are few, else their number."""
    names = [c.name for c in record.components if c.kind == kind]
    return ", ".join(names) if len(names) <= MOST_NAMES else str(len(names))


def _components(records: Sequence[PluginRecord], kind: str) -> str:
    found = [c for record in records for c in record.components if c.kind == kind]
    rows = ((c.name, c.plugin, c.summary) for c in sorted(found, key=lambda c: c.name))
    # Not `table`: it would show the first only, and this is where all are looked up.
    return pairs({f"{name} ({plugin})": summary for name, plugin, summary in rows})
