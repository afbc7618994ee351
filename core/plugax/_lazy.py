"""Lazy targets: text that names an object, which is imported when it is first needed."""

import importlib
from typing import Any

from .errors import PlugaxError


def load_target(target: str) -> Any:
    """The object that `"package.module:name"` names.

    Errors: `PlugaxError` if the module does not import, or has nothing of that name.
    """
    module, _, qualname = target.partition(":")
    try:
        found: Any = importlib.import_module(module)
        for part in qualname.split("."):
            found = getattr(found, part)
    except (Exception, SystemExit) as error:  # an import may raise anything
        raise PlugaxError(
            f"{target!r} cannot be imported: {type(error).__name__}: {error}."
        ) from error
    return found
