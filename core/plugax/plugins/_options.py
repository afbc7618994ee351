"""The options of a component: name, type, default and help, read off its signature and docstring.

An option is documented once, under `Arguments:` in the docstring of the class or factory, as
`name: text`, with its unit in square brackets where it has one.
"""

import dataclasses
import inspect
import re
import types
import typing
from collections.abc import Callable
from typing import Any

from .._errors import PluginError

_LINE = re.compile(r"(\w+):(?:\s+(.*))?")
_PLAIN = (bool, int, float, str)
# Where the types of arrays live. Told by name, since reading options needs no JAX.
_ARRAYS = ("jaxtyping", "jax", "jaxlib", "numpy")


@dataclasses.dataclass
class _Computed:
    field: list = dataclasses.field(default_factory=list)


# What a signature shows as the default of a field that has a `default_factory`.
_COMPUTED = inspect.signature(_Computed).parameters["field"].default


@dataclasses.dataclass(frozen=True)
class Option:
    """One option.

    Attributes:
        name: the keyword.
        type: its annotation; the type of its default where the annotation is an array's, or none.
        default: its default; `inspect.Parameter.empty` where it must be given, `...` where it is
            computed when the component is made.
        help: what the docstring says of it.
    """

    name: str
    type: Any
    default: Any
    help: str

    @property
    def required(self) -> bool:
        """Whether it must be given."""
        return self.default is inspect.Parameter.empty

    @property
    def choices(self) -> tuple[Any, ...] | None:
        """The values it may take, where its type is a `Literal`."""
        for kind in self.types:
            if typing.get_origin(kind) is typing.Literal:
                return typing.get_args(kind)
        return None

    @property
    def types(self) -> tuple[Any, ...]:
        """The members of its type, where that is a union; else the type alone."""
        return _members(self.type)

    def fit(self, value: Any) -> Any:
        """The value in this option's type, where plain data could not say it.

        TOML and JSON know no tuples, and people write 1 for 1.0; all else stays as it is.
        """
        return _fit(value, self.types)


def options_of(target: Callable[..., Any]) -> list[Option]:
    """The options of a class or factory, in the order of its signature.

    Errors: `PluginError` where the target has no signature that Python can read.
    """
    try:
        parameters = inspect.signature(target).parameters
    except (TypeError, ValueError) as error:
        raise PluginError(f"The options of {target!r} cannot be read: {error}.") from error
    hints = _hints(target)
    help_of = _help(target)
    options = []
    for name, parameter in parameters.items():
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            continue
        annotation, default = parameter.annotation, parameter.default
        if isinstance(annotation, str):
            annotation = hints.get(name, annotation)
        default = ... if default is _COMPUTED else default
        options.append(Option(name, _type(annotation, default), default, help_of.get(name, "")))
    return options


def _members(kind: Any) -> tuple[Any, ...]:
    is_union = typing.get_origin(kind) in (typing.Union, types.UnionType)
    return typing.get_args(kind) if is_union else (kind,)


def _type(annotation: Any, default: Any) -> Any:
    """The annotation, or the default's type where that tells better what to write.

    A field such as `learning_rate: Float[Array, ""] = eqx.field(converter=jnp.asarray,
    default=0.1)` is an array of which people write a float.
    """
    members = _members(annotation)
    if type(default) not in _PLAIN or any(kind in _PLAIN for kind in members):
        return annotation
    if any(kind in (inspect.Parameter.empty, Any) or _is_array(kind) for kind in members):
        return type(default) | None if types.NoneType in members else type(default)
    return annotation


def _is_array(kind: Any) -> bool:
    return getattr(kind, "__module__", "").partition(".")[0] in _ARRAYS


def _fit(value: Any, kinds: tuple[Any, ...]) -> Any:
    if type(value) is int and float in kinds and int not in kinds:
        return float(value)
    if isinstance(value, list | tuple):
        for kind in kinds:
            if kind is tuple or typing.get_origin(kind) is tuple:
                inner = typing.get_args(kind)
                if len(inner) == 2 and inner[1] is ...:
                    inner = inner[:1] * len(value)
                if len(inner) != len(value):  # the constructor knows better what to say of it
                    return tuple(value)
                return tuple(_fit(v, _members(k)) for v, k in zip(value, inner, strict=True))
    return value


def _hints(target: Any) -> dict[str, Any]:
    """Annotations given as strings, as objects; those that cannot be resolved stay strings."""
    function = target.__init__ if inspect.isclass(target) else target
    try:
        return typing.get_type_hints(function)
    except (NameError, TypeError, AttributeError, SyntaxError):
        return {}


def _help(target: Any) -> dict[str, str]:
    """What docstrings say of the arguments: the class's own, its `__init__`'s, its bases'."""
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
