"""Checks that a plugin's hooks exist, and take the arguments that hooks are given."""

import inspect
from typing import Any

import pluggy

from ..errors import PluginError, did_you_mean
from ._hooks import HookSpecs

OFFERED = {
    name: [p for p in inspect.signature(spec).parameters if p != "self"]
    for name, spec in vars(HookSpecs).items()
    if not name.startswith("_")
}
"""The arguments of every hook, by the hook's name."""


def check_plugin(plugins: pluggy.PluginManager, plugin: object) -> None:
    """Raise `PluginError` if a hook is misspelt, not marked, or takes an unknown argument.

    Arguments:
        plugins: recognises marked hooks.
        plugin: the module or object with the hooks.
    """
    found = 0
    for attribute in dir(plugin):
        marks: Any = plugins.parse_hookimpl_opts(plugin, attribute)
        if marks is None:
            if attribute in OFFERED and callable(getattr(plugin, attribute)):
                raise PluginError(
                    f"the hook {attribute} is not marked: write @plugax.hookimpl above it."
                )
            continue
        hook = marks.get("specname") or attribute
        if hook in OFFERED:
            _check_arguments(hook, getattr(plugin, attribute))
            found += 1
        elif not marks.get("optionalhook"):
            raise PluginError(
                f"there is no hook named {hook!r}.{did_you_mean(hook, OFFERED)} "
                f"Hooks are {', '.join(OFFERED)}."
            )
    if not found:
        raise PluginError(
            f"{_describe(plugin)} has no hook at all. Mark one with @plugax.hookimpl; hooks are "
            f"{', '.join(OFFERED)}."
        )


def _check_arguments(hook: str, implementation: Any) -> None:
    offered = OFFERED[hook]
    for name, parameter in inspect.signature(implementation).parameters.items():
        if name not in offered:
            raise PluginError(
                f"the hook {hook} takes {name!r}, which is not one of its arguments."
                f"{did_you_mean(name, offered)} It may take {', '.join(offered)}."
            )
        # pluggy passes arguments by position; those with a default only from version 1.7 on.
        plain = parameter.kind in (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD)
        if not plain or parameter.default is not parameter.empty:
            raise PluginError(
                f"the hook {hook} takes {str(parameter)!r}, which might not be passed; write "
                f"{name!r} alone, without a default or a star."
            )


def _describe(plugin: object) -> str:
    if inspect.ismodule(plugin):
        return f"the module {plugin.__name__!r}"
    return f"an object of type {type(plugin).__name__}"
