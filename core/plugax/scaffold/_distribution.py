"""A new plugin: all files of a small distribution whose tests pass at once."""

import dataclasses
import json
import pathlib
import time
from collections.abc import Sequence

from ..errors import PlugaxError
from ._component import NewComponent, check_components
from ._hooks import hook_text
from ._kinds import KINDS, Kind
from ._names import check_plugin_name, module_of, plugin_of
from ._templates import fill
from ._write import write_directory

LICENCES = ("Apache-2.0", "MIT", "BSD-3-Clause")
LONGEST, BAD = 90, {'"', "\\"}
HOOKS = '''"""{description}.

Every start of `plugax` imports this file, so it imports no JAX.
"""

from plugax import hookimpl

{hooks}'''
# A plugin needs a hook, and a loss has none: whoever adds a problem finds its place.
NO_HOOK = '''
@hookimpl
def register_problems():
    """Bring nothing yet. `plugax new problem NAME` adds a problem; a loss is imported by name."""
'''


@dataclasses.dataclass(frozen=True)
class Distribution:
    """A new distribution with one plugin.

    Attributes:
        name: its name, also that of its directory.
        brings: kind and name of each component.
        author: the author's name; None for "the authors of …".
        licence: one of `LICENCES`, an SPDX identifier.
        description: one line, without a full stop; None for a list of what it brings.
        version: Plugax's version, the oldest that is allowed.
    """

    name: str
    brings: Sequence[tuple[Kind, str]]
    author: str | None
    licence: str
    description: str | None
    version: str

    @property
    def components(self) -> list[NewComponent]:
        """What to write for each component."""
        package, plugin = module_of(self.name), plugin_of(self.name)
        return [NewComponent(kind, name, package, plugin) for kind, name in self.brings]

    def check(self) -> None:
        """Raise `PlugaxError` if a name cannot be given, or the licence is unknown."""
        check_plugin_name(self.name)
        if not self.brings:
            raise PlugaxError(f"A plugin brings something: one of {', '.join(KINDS)}, or several.")
        check_components(self.components)
        if self.licence not in LICENCES:
            raise PlugaxError(
                f"The licence is one of {', '.join(LICENCES)}; got {self.licence!r}. Choose one, "
                "and replace the file LICENSE for any other."
            )
        text = self.description
        if text is not None and (len(text) > LONGEST or not text.isprintable() or set(text) & BAD):
            raise PlugaxError(
                f"A description is one line of at most {LONGEST} characters, without quotation "
                f"marks and backslashes; got {text!r}."
            )

    def files(self) -> dict[str, str]:
        """The text of every file, by path."""
        names = self._names()
        source = f"src/{module_of(self.name)}"
        licence = names | {"author": names["holder"]}
        files = {
            "pyproject.toml": fill("project/project.toml", names),
            "README.md": fill("project/README.md", names),
            "LICENSE": fill(f"licences/{self.licence}.txt", licence),
            ".gitignore": fill("project/gitignore", names),
            ".github/workflows/tests.yaml": fill("project/tests.yaml", names),
            f"{source}/__init__.py": self._hooks(),
            "tests/test_conformance.py": fill("tests/conformance.py", names),
        }
        for component in self.components:
            module = module_of(component.name)
            files[f"{source}/{module}.py"] = component.module()
            files[f"tests/test_{module}.py"] = component.test()
        return files

    def write(self, parent: pathlib.Path) -> pathlib.Path:
        """Write the distribution into a new directory, and return that.

        Arguments:
            parent: where to make the directory.

        Errors: `PlugaxError` if a name cannot be given, or the directory exists.
        """
        self.check()
        target = parent / self.name
        write_directory(target, self.files())
        return target

    def _names(self) -> dict[str, str]:
        first = self.components[0]
        # A solver is added to a problem, a problem to anything else.
        other = KINDS["solver" if first.kind.registered == "problem" else "problem"]
        author = self.author or f"The authors of {self.name}"
        names = first.names | {
            "distribution": self.name,
            "description": self._description(),
            "licence": self.licence,
            "author": _toml(author),
            "holder": author,
            "year": time.strftime("%Y"),
            "least": ".".join(self.version.split(".")[:2]),
            "kind": first.kind.words,
            "trial": first.trial,
            "otherkind": other.name,
            "othername": other.example,
            "kinds": _listed([f"`{kind}`" for kind in KINDS]),
            "table": "\n".join(
                f"| {c.kind.words} | `{c.name}` | {c.kind.summary} |" for c in self.components
            ),
        }
        return names | {"tour": fill("project/tour.md", names)}

    def _description(self) -> str:
        if self.description:
            return self.description.rstrip(".")
        if len(self.brings) == 1:
            ((kind, name),) = self.brings
            return f"The {kind.words} {name} for Plugax"
        plurals = {KINDS[kind.registered or kind.name].plural: None for kind, _ in self.brings}
        text = _listed(list(plurals))
        return f"{text[0].upper()}{text[1:]} for Plugax"

    def _hooks(self) -> str:
        calls: dict[str, list[str]] = {}
        for component in self.components:
            if component.kind.registered is not None:
                calls.setdefault(component.kind.registered, []).append(component.call)
        hooks = [hook_text(kind, "\n".join(each)) for kind, each in calls.items()] or [NO_HOOK]
        return HOOKS.format(description=self._description(), hooks="\n".join(hooks))


def _listed(words: Sequence[str]) -> str:
    return " and ".join([*filter(None, [", ".join(words[:-1])]), words[-1]])


def _toml(text: str) -> str:
    """A text inside the quotes of a TOML string."""
    return json.dumps(text, ensure_ascii=False)[1:-1]
