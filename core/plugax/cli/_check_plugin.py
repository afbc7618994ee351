"""The checks of all components of a plugin, each with its default options."""

import functools
from typing import Any

from ..errors import PlugaxError, did_you_mean
from ..plugins import Component, PluginRecord, default_manager, options_of
from ._checks import Results, checks_of, run_checks
from ._component import choose
from ._environment import prepare
from ._signals import restore_signals
from ._text import answer


def check_plugin(name: str, seed: int, *, tell: bool) -> list[Results]:
    """Check every component that a plugin registers.

    Arguments:
        name: the name of the plugin.
        seed: the seed of all random numbers.
        tell: whether to print a line for every result.

    Returns:
        the results of every component. One that needs options has none: it is checked by itself.

    Errors: `PlugaxError` if no such plugin is in use.
    """
    record = _find(name)
    prepare()
    restore_signals()
    several = []
    for component in record.components:
        if tell:
            answer(f"{component.kind} {component.name}")
        several.append(_check(component, seed, tell=tell))
    return several


def as_plain(plugin: str, several: list[Results]) -> dict[str, Any]:
    """The results of a plugin's components as plain data."""
    components = [results.as_plain() for results in several]
    return {
        "target": plugin,
        "kind": "plugin",
        "passed": bool(components) and all(results["passed"] for results in components),
        "failed": sum(results["failed"] for results in components),
        "not_run": sum(results["not_run"] for results in components),
        "components": components,
    }


def _find(name: str) -> PluginRecord:
    known = {each: record for record in default_manager().records for each in record.names}
    record = known.get(name)
    if record is None or record.status != "active":
        why = f" It is {record.status}: {record.error}" if record else ""
        raise PlugaxError(
            f"No plugin {name!r} is in use.{why}{did_you_mean(name, known)} `plugax plugins --all` "
            "lists all."
        )
    return record


def _check(component: Component, seed: int, *, tell: bool) -> Results:
    kind, name = component.kind, f"{component.plugin}:{component.name}"
    missing = _missing(component)
    if missing:
        return Results(name, kind, [], not_run=1, needs=missing)
    try:
        _, checks = checks_of(name, choose(kind, name, [], _nothing), seed)
    except Exception as error:  # one that cannot be made must not keep others from being tested
        checks = {"made": functools.partial(_raise, error)}
    return run_checks(name, kind, checks, tell=tell)


def _missing(component: Component) -> tuple[str, ...]:
    """The extras and the options without which a component cannot be made."""
    if component.missing:
        return component.missing
    try:
        return tuple(option.name for option in options_of(component.load()) if option.required)
    except PlugaxError:
        return ()  # to make it fails, with the message


def _nothing(path: tuple[str, ...], kind: str) -> None:  # noqa: ARG001 - no flag names a part
    return None


def _raise(error: Exception) -> None:
    raise error
