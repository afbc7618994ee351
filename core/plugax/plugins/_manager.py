"""The plugin manager: finds plugins, leaves out broken ones, and looks up components."""

import contextlib
import functools
import importlib.metadata
import os
import sys
import time
import warnings
from collections import Counter
from collections.abc import Iterable
from typing import Any

import pluggy

from ..errors import AmbiguousNameError, PluginError, PluginWarning, UnknownNameError, did_you_mean
from ._check import check_plugin
from ._component import KINDS, NAME, Component
from ._hooks import HookSpecs
from ._imported import imported_component
from ._record import PluginRecord
from ._summary import summary_html, summary_text

GROUP = "plugax"


class PluginManager:
    """All plugins of this environment, and their components.

    Arguments:
        discover: whether to load the entry points of the group `plugax`.
        block: entry points that are not imported at all, by name or by `name@distribution`.
        strict: raise `PluginError` if a plugin cannot be used, instead of warning about it.
    """

    def __init__(self, *, discover: bool = True, block: Iterable[str] = (), strict: bool = False):
        self.records: list[PluginRecord] = []
        self._strict = strict
        self._plugins = pluggy.PluginManager("plugax")
        self._plugins.add_hookspecs(HookSpecs)
        if discover:
            self._discover(frozenset(block))

    @property
    def hook(self) -> Any:
        """Calls a hook of every active plugin: `manager.hook.after_run(solution=…)`."""
        return self._plugins.hook

    def register(self, plugin: object, name: str) -> PluginRecord:
        """Add a plugin given as an object: in a notebook, for example, or in a test.

        Arguments:
            plugin: a module or any other object with hooks.
            name: the name of the plugin.

        Errors: `PluginError` if the name is taken or the plugin is invalid; then nothing is
        registered.
        """
        if not NAME.fullmatch(name):
            raise PluginError(
                f"The name of a plugin consists of letters, digits, '.', '_' and '-'; got {name!r}."
            )
        if any(record.entry_point == name for record in self.records):
            raise PluginError(
                f"A plugin named {name!r} is registered already: choose another name, or call "
                f"unregister({name!r}) first."
            )
        record = PluginRecord(name, "registered by hand", "")
        try:
            self._activate(record, plugin)
        except Exception as error:
            raise PluginError(f"The plugin {name!r} is refused: {_text(error)}") from error
        self.records.append(record)
        return record

    def unregister(self, name: str) -> None:
        """Remove a plugin with all its hooks and components; objects made so far are unchanged.

        Arguments:
            name: the name it was registered under, or is listed under.
        """
        found = [record for record in self.records if record.name == name]
        if not found:
            known = [record.name for record in self.records]
            raise UnknownNameError(
                f"No plugin is named {name!r}.{did_you_mean(name, known)} `plugax plugins --all` "
                "lists all of them."
            )
        self.records.remove(found[0])
        self._plugins.unregister(name=name)

    def components(self, kind: str | None = None) -> list[Component]:
        """All registered components, or those of one kind, in the order of their names."""
        found = [c for r in self.records for c in r.components if kind in (None, c.kind)]
        return sorted(found, key=lambda component: (component.name, component.plugin))

    def find(self, kind: str, name: str) -> Component:
        """The component of a kind by `name`, `plugin:name` or `plugin@distribution:name`.

        If no plugin has that name, `module:name` is imported.

        Errors: `UnknownNameError`, with close matches; `AmbiguousNameError`, with the owners.
        """
        if kind not in KINDS:
            raise UnknownNameError(f"There is no kind {kind!r}; kinds are {', '.join(KINDS)}.")
        plugin, _, bare = name.rpartition(":")
        found = [
            (record, component)
            for record in self.records
            if not plugin or plugin in record.names
            for component in record.components
            if (component.kind, component.name) == (kind, bare)
        ]
        if not found and plugin and not any(plugin in record.names for record in self.records):
            own = imported_component(kind, name)
            if own is not None:
                return own
        if not found:
            raise self._unknown(kind, name)
        if len(found) > 1:
            raise AmbiguousNameError(
                f"The {kind} {name!r} is claimed by {_and(c.owner for _, c in found)}. Write "
                f"{' or '.join(f'{c.plugin}:{bare}' for _, c in found)}."
            )
        record, component = found[0]
        if not plugin and record.name != record.entry_point:
            rivals = [r for r in self.records if r.entry_point == record.entry_point]
            raise AmbiguousNameError(
                f"The {kind} {name!r} comes from the plugin {record.entry_point!r}, a name that "
                f"{_and(rival.source for rival in rivals)} both claim. Write "
                f"{record.entry_point}:{bare} or {record.name}:{bare}; or uninstall one of them, "
                "or leave one out by PLUGAX_BLOCK, for instance "
                f"PLUGAX_BLOCK={next(r.name for r in rivals if r is not record)}."
            )
        return component

    def __repr__(self) -> str:
        return summary_text(self.records)

    def _repr_html_(self) -> str:
        return summary_html(self.records)

    def _unknown(self, kind: str, name: str) -> UnknownNameError:
        """The error for a name that no plugin registered, with all available hints."""
        qualified = ":" in name
        known = [f"{c.plugin}:{c.name}" if qualified else c.name for c in self.components(kind)]
        bare = name.rpartition(":")[2]
        others = {f"{c.kind}s" for c in self.components() if c.name == bare}
        missing = [f"{r.name} ({r.status})" for r in self.records if r.status != "active"]
        return UnknownNameError(
            f"No {kind} is named {name!r}{f', but one of the {_and(others)} is' if others else ''}."
            f"{did_you_mean(name, known)} `plugax list {kind}s` lists all of them."
            + (f" Plugins not in use: {', '.join(missing)}." if missing else "")
        )

    def _discover(self, block: frozenset[str]) -> None:
        entry_points = sorted(importlib.metadata.entry_points(group=GROUP), key=_order)
        installed = [
            (point, PluginRecord(point.name, *_distribution(point))) for point in entry_points
        ]
        blocked = [bool(block.intersection(record.names)) for _, record in installed]
        # Blocking one of two rivals settles their dispute: the other has the name to itself.
        everyone = Counter(point.name for point, _ in installed)
        claims = Counter(p.name for (p, _), out in zip(installed, blocked, strict=True) if not out)
        for (point, record), out in zip(installed, blocked, strict=True):
            if (everyone if out else claims)[point.name] > 1:
                record.name = record.names[1]
            self.records.append(record)
            if out:
                record.status, record.error = "blocked", "named in PLUGAX_BLOCK"
                continue
            began = time.perf_counter()
            # Standard output is only for results, which other programs read.
            with contextlib.redirect_stdout(sys.stderr):
                self._load(point, record)
            record.seconds = time.perf_counter() - began

    def _load(self, point: importlib.metadata.EntryPoint, record: PluginRecord) -> None:
        """Import and activate a plugin; no exception, not even an exit, stops other plugins."""
        try:
            plugin = point.load()
        except (Exception, SystemExit) as error:
            self._leave_out(record, "failed", error)
            return
        try:
            self._activate(record, plugin)
        except (Exception, SystemExit) as error:
            self._leave_out(record, "refused", error)

    def _activate(self, record: PluginRecord, plugin: object) -> None:
        """Check a plugin's hooks, register it and all its components; or none, if that fails."""
        check_plugin(self._plugins, plugin)
        others = self._plugins.get_plugins()
        self._plugins.register(plugin, record.name)
        try:
            for kind in KINDS:
                caller = self._plugins.subset_hook_caller(f"register_{kind}s", others)
                caller(register=functools.partial(record.add, kind))
        except BaseException:
            self._plugins.unregister(plugin)
            record.components.clear()
            raise

    def _leave_out(self, record: PluginRecord, status: str, error: BaseException) -> None:
        record.status, record.error = status, _text(error)
        message = (
            f"The plugin {record.name!r} of {record.source} is left out ({status}): "
            f"{record.error} Everything else works; PLUGAX_BLOCK={record.name} silences this."
        )
        if self._strict:
            raise PluginError(message) from error
        warnings.warn(message, PluginWarning, stacklevel=2)


def _text(error: BaseException) -> str:
    """The error in one sentence, with its type unless it is a `PluginError`."""
    text = str(error) if type(error) is PluginError else f"{type(error).__name__}: {error}"
    return text if text.endswith((".", "?", "!")) else f"{text}."


def _and(names: Iterable[str]) -> str:
    return " and ".join(sorted(names))


def _distribution(point: importlib.metadata.EntryPoint) -> tuple[str, str]:
    # A damaged installation may lack its name or its version.
    dist = point.dist
    return (dist.name or "unknown", dist.version or "") if dist else ("unknown", "")


def _order(point: importlib.metadata.EntryPoint) -> tuple[str, str]:
    return point.name, _distribution(point)[0]


@functools.cache
def default_manager() -> PluginManager:
    """The manager of this process, made on first use from the environment.

    `PLUGAX_BLOCK=a,b` names plugins that are not imported at all; with `PLUGAX_STRICT=1`, a plugin
    that cannot be used is an error.
    """
    block = (name.strip() for name in os.environ.get("PLUGAX_BLOCK", "").split(","))
    strict = os.environ.get("PLUGAX_STRICT", "") not in ("", "0")
    return PluginManager(block=filter(None, block), strict=strict)
