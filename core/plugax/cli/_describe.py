"""`plugax describe`: a component's documentation, options and recommended solvers."""

import dataclasses
import inspect
from typing import Any

from .._terminal import paragraph
from ..errors import UnknownNameError, did_you_mean
from ..plugins import (
    KINDS,
    Component,
    Option,
    component_kind,
    default_manager,
    install_command,
    known_of,
    options_of,
    plain,
    preset_values,
)
from ._environment import prepare
from ._example import example_of
from ._example_text import Example
from ._exit import SUCCESS
from ._flags import kebab
from ._parser import Parser
from ._text import answer, columns, document, print_json
from ._values import describe_type, show, types_of


def main(argv: list[str]) -> int:
    """Describe all components of these names: several kinds may have one of the same name."""
    parser = Parser(
        prog="plugax describe",
        description="Describe problems, solvers, optimizers, integrators or observers.",
    )
    parser.add_argument("names", nargs="+", metavar="NAME", help="a name, or plugin:name")
    parser.add_argument("--json", action="store_true", help="as JSON, a list of descriptions")
    arguments = parser.parse_args(argv)
    prepare()
    components = [component for name in arguments.names for component in _components(name)]
    described = [_describe(component) for component in dict.fromkeys(components)]
    if arguments.json:
        print_json([_plain(entry) for entry in described])
    else:
        answer("\n\n".join(_text(entry) for entry in described))
    return SUCCESS


def _components(name: str) -> list[Component]:
    """The components of this name, at most one of each kind.

    Errors: `UnknownNameError` if there is none, `AmbiguousNameError` if two plugins use the name.
    """
    manager = default_manager()
    known = manager.components()
    bare = name.rpartition(":")[2]
    found = []
    for kind in KINDS:
        if any(c.kind == kind and c.name == bare for c in known):
            try:
                found.append(manager.find(kind, name))
            except UnknownNameError:  # `plugin:name`, but for this kind it is from another plugin
                continue
    if not found:
        names = {c.name for c in known} | {f"{c.plugin}:{c.name}" for c in known}
        raise UnknownNameError(
            f"Nothing is named {name!r}.{did_you_mean(name, names)} `plugax list` lists all names."
        )
    return found


def _describe(component: Component) -> dict[str, Any]:
    """The full description, with options as objects."""
    target = component.load()
    entry: dict[str, Any] = {
        "name": component.name,
        "kind": component.kind,
        "plugin": component.plugin,
        "distribution": component.distribution,
        "summary": component.summary,
        "missing": list(component.missing),
        "documentation": _documentation(target),
        "options": options_of(target),
        "preset": preset_values(target),
    }
    if component.kind == "problem":
        entry["precision"] = known_of(target, "precision")
        recipes = known_of(target, "recipes", {})
        entry["recipes"] = {name: dict(recipe) for name, recipe in recipes.items()}
    if component.kind == "solver":
        requires = known_of(target, "requires")
        entry["requires"] = requires and requires.__name__
    return entry | {"example": example_of(component)}


def _documentation(target: Any) -> str:
    """The docstring without its arguments, which are shown as options, with their types."""
    text = inspect.getdoc(target) or ""
    head, _, rest = text.partition("Arguments:\n")
    lines = rest.splitlines()
    while lines and (not lines[0] or lines[0].startswith(" ")):
        lines.pop(0)
    text = "\n\n".join(part for part in (head.strip(), "\n".join(lines).strip()) if part)
    # A dataclass without a docstring gets its signature as docstring.
    return "" if text.startswith(f"{getattr(target, '__name__', '')}(") else text


def _plain(entry: dict[str, Any]) -> dict[str, Any]:
    entry = dict(entry)
    _, values = entry.pop("preset")
    return (
        entry
        | {"options": [_option(option, values) for option in entry["options"]]}
        | ({"recipes": _data(entry["recipes"])} if "recipes" in entry else {})
        | {"example": entry["example"] and dataclasses.asdict(entry["example"])}
    )


def _option(option: Option, preset: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": option.name,
        "type": _type(option),
        "required": option.required,
        "default": None if option.required else _data(option.default),
        "choices": None if option.choices is None else list(option.choices),
        "help": option.help,
    } | ({"preset": _data(preset[option.name])} if option.name in preset else {})


def _data(value: Any) -> Any:
    """`value` in types that JSON can express; other objects as text."""
    value = plain(value)
    if value is ...:  # made when the component is
        return show(value)
    if isinstance(value, dict):
        return {str(key): _data(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [_data(item) for item in value]
    if isinstance(value, float) and value - value != 0:  # infinite or not a number
        return str(value)
    return value if value is None or isinstance(value, bool | int | float | str) else repr(value)


def _type(option: Option) -> str:
    kind = component_kind(option.types)
    return f"name of an {kind}" if kind else describe_type(option)


def _text(entry: dict[str, Any]) -> str:
    head = f"{entry['kind']} {entry['name']}, by plugin {entry['plugin']} ({entry['distribution']})"
    parts = [paragraph(head)]
    if entry["summary"]:
        parts.append(paragraph(entry["summary"]))
    if entry["missing"]:
        parts.append(f"Not installed yet: {install_command(entry['missing'])}")
    if entry["documentation"]:
        parts.append(document(entry["documentation"]))
    if entry.get("requires"):
        parts.append(f"Needs a problem that is an {entry['requires']}.")
    if entry.get("precision"):
        parts.append(f"Meant for {entry['precision']}.")
    if entry["options"]:
        texts = [_option_text(option, *entry["preset"]) for option in entry["options"]]
        parts.append("options\n" + "\n".join(texts))
    if entry.get("recipes"):
        rows = [
            (name, _recipe(recipe) + " (default)" * (place == 0))
            for place, (name, recipe) in enumerate(entry["recipes"].items())
        ]
        parts.append("recommended solvers\n" + columns(rows, indent=2))
    if entry["example"]:
        parts.append(f"example\n{_example(entry['example'])}")
    return "\n\n".join(parts)


def _example(example: Example) -> str:
    """The command and the lines of Python, not wrapped, so that they can be copied."""
    command = [] if example.command is None else [f"  {example.command}"]
    blocks = ["\n".join(f"  {line}" for line in example.python)]
    if example.placeholders:
        words = " and ".join(dict.fromkeys(example.placeholders))
        blocks.append(paragraph(f"Replace {words} by values of your own.", indent=2))
    return "\n\n".join([*command, *blocks])


def _option_text(option: Option, preset: str, values: dict[str, Any]) -> str:
    settable = bool(types_of(option)) or component_kind(option.types) is not None
    name = f"--{kebab(option.name)}" if settable else option.name
    default = "required" if option.required else f"default {show(_data(option.default))}"
    if option.default is None and values.get(option.name) is not None:
        default = f"default {show(values[option.name])}, of {preset}"
    head = paragraph(f"{name}  {_type(option)}, {default}", indent=2, hanging=4)
    return f"{head}\n{paragraph(option.help, indent=6)}" if option.help else head


def _recipe(recipe: dict[str, Any]) -> str:
    """A recipe's options in one line."""
    parts = []
    for key, value in recipe.items():
        if isinstance(value, dict):
            inner = _recipe({k: v for k, v in value.items() if k != "name"})
            name = value.get("name", "")
            parts.append(f"{kebab(key)} {name}" + (f" ({inner})" if inner else ""))
        else:
            parts.append(f"{kebab(key)} {show(value)}")
    return ", ".join(parts) or "default options"
