"""The templates, and how names are filled in.

A template is the file that is written, with `NEW_…` in place of names: `class NEW_class`. Those of
components are therefore Python that can be read, linted and type-checked where it is.
"""

import ast
import pathlib
import string
from collections.abc import Mapping

from ..errors import PlugaxError

DIRECTORY = pathlib.Path(__file__).parent / "templates"


class _Template(string.Template):
    delimiter = "NEW_"


def fill(template: str, names: Mapping[str, str]) -> str:
    """The text of a template file with its names filled in.

    Arguments:
        template: the file's path below `templates/`.
        names: what to write for `NEW_…`, by the word that follows.
    """
    return fill_text((DIRECTORY / template).read_text("utf-8"), names)


def fill_text(text: str, names: Mapping[str, str]) -> str:
    """A text with its names filled in."""
    return _Template(text).substitute(names)


def check_unused(text: str, name: str, what: str) -> None:
    """Raise `PlugaxError` if a module uses a name already, for something that it imports.

    Arguments:
        text: the source of the module.
        name: the name of the class or function that the module defines.
        what: the component, to begin a sentence with.
    """
    imported = {
        (alias.asname or alias.name).partition(".")[0]
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
    }
    functions = [node.name for node in ast.parse(text).body if isinstance(node, ast.FunctionDef)]
    if name in imported or functions.count(name) > 1:
        raise PlugaxError(
            f"{what} would define {name!r}, which its module uses for something else. Choose "
            "another name."
        )
