"""The options of a component: name, type, default and help, from its signature and docstring.

An option is documented once, under `Arguments:` in the docstring of the class or factory, as
`name: text`, with its unit, if any, in square brackets.
"""

import dataclasses
import functools
import inspect
import re
import typing
from collections.abc import Callable
from typing import Any

from ..errors import PluginError
from ._written import choices, fit, members, suits, written_type

_PLAIN = (bool, int, float, str)
_LINE = re.compile(r"(\w+):(?:\s+(.*))?")


@dataclasses.dataclass
class _Computed:
    field: list = dataclasses.field(default_factory=list)


# The default that a signature shows for a field that has a `default_factory`.
_COMPUTED = inspect.signature(_Computed).parameters["field"].default


@dataclasses.dataclass(frozen=True)
class Option:
    """One option.

    Attributes:
        name: the keyword.
        type: the type of what users write for it: its annotation, with plain types instead of array
            types.
        default: its default; `inspect.Parameter.empty` if the option is required, `...` if the
            default is computed when the component is made.
        help: its text in the docstring.
        array: whether a value must be converted to an array before the component gets it.
    """

    name: str
    type: Any
    default: Any
    help: str
    array: bool = False

    @property
    def required(self) -> bool:
        """Whether the option must be given."""
        return self.default is inspect.Parameter.empty

    @property
    def choices(self) -> tuple[Any, ...] | None:
        """The values it may take, if its type is a `Literal`; the names of those of an `Enum`."""
        return next((values for kind in self.types if (values := choices(kind))), None)

    @property
    def types(self) -> tuple[Any, ...]:
        """The members of its type if that is a union; else the type alone."""
        return members(self.type)

    def fit(self, value: Any) -> Any:
        """The value converted to this option's type, if plain data cannot express that type.

        TOML and JSON have no tuples, paths or enumerations, and users write 1 for 1.0; other values
        are unchanged.
        """
        return fit(value, self.types)

    def suits(self, value: Any) -> bool:
        """Whether the value, as `fit` returned it, may be of this option's type."""
        return value is self.default or suits(value, self.types)


def options_of(target: Callable[..., Any]) -> tuple[Option, ...]:
    """The options of a class or factory, in the order of its signature.

    Errors: `PluginError` if the target has no signature that Python can read.
    """
    try:
        hash(target)
    except TypeError:  # a callable instance that holds arrays
        return _read.__wrapped__(target)
    return _read(target)


@functools.lru_cache(maxsize=256)  # every run needs the options of its components
def _read(target: Callable[..., Any]) -> tuple[Option, ...]:
    try:
        parameters = inspect.signature(target).parameters
    except (TypeError, ValueError) as error:
        raise PluginError(f"The options of {target!r} cannot be read: {error}.") from error
    hints = _hints(target)
    help_of = _help(target)
    fields = getattr(target, "__dataclass_fields__", {}) if inspect.isclass(target) else {}
    held = _type_hints(target) if fields else {}
    options = []
    for name, parameter in parameters.items():
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            continue
        annotation, default = parameter.annotation, parameter.default
        if isinstance(annotation, str):
            annotation = hints.get(name, annotation)
        field = fields.get(name)
        converted = field is not None and "converter" in field.metadata
        if converted and field is not None and annotation is Any:
            # The signature shows the type of the converter, which is often not annotated.
            annotation = held.get(name, Any) if isinstance(field.type, str) else field.type
        default = ... if default is _COMPUTED else default
        kind = written_type(annotation, default)
        array = kind is not annotation and not converted and type(default) not in _PLAIN
        options.append(Option(name, kind, default, help_of.get(name, ""), array))
    return tuple(options)


def _hints(target: Any) -> dict[str, Any]:
    """Annotations given as strings, resolved; those that cannot be resolved are left out."""
    return _type_hints(target.__init__ if inspect.isclass(target) else target)


def _type_hints(annotated: Any) -> dict[str, Any]:
    try:
        return typing.get_type_hints(annotated)
    except (NameError, TypeError, AttributeError, SyntaxError):
        return {}


def _help(target: Any) -> dict[str, str]:
    """The arguments in the docstrings of a class, its `__init__` and its base classes."""
    if not inspect.isclass(target):
        return _arguments(inspect.getdoc(target) or "")
    found: dict[str, str] = {}
    for kind in reversed(target.__mro__):
        for documented in (vars(kind).get("__init__"), kind):
            docstring = getattr(documented, "__doc__", None)
            found |= _arguments(inspect.cleandoc(docstring or ""))
    return found


def _arguments(docstring: str) -> dict[str, str]:
    """The `name: text` lines of a docstring's `Arguments:` section."""
    found: dict[str, str] = {}
    lines = iter(docstring.splitlines())
    for line in lines:
        if line.strip() == "Arguments:":
            break
    indent, name = None, None
    for line in lines:
        if not line.strip():
            continue
        depth = len(line) - len(line.lstrip())
        indent = depth if indent is None else indent
        if depth < indent or depth == 0:
            break
        if depth == indent:
            match = _LINE.fullmatch(line.strip())
            name = match.group(1) if match else None
            if match and name:
                found[name] = match.group(2) or ""
        elif name:
            found[name] = f"{found[name]} {line.strip()}".strip()
    return {key: text.replace("`", "") for key, text in found.items()}
