"""An extension of Griffe: the arguments of Equinox modules, which are made like dataclasses."""

import importlib
import inspect

import equinox as eqx
import griffe


class Modules(griffe.Extension):
    """Gives every Equinox module an `__init__` with the fields as its arguments."""

    def on_class_members(self, *, cls: griffe.Class, **_: object) -> None:
        """Add `__init__` to the class, unless it is written there."""
        if "__init__" in cls.members:
            return
        found = importlib.import_module(cls.module.path)
        for part in cls.path.removeprefix(f"{cls.module.path}.").split("."):
            found = getattr(found, part, None)
        if not (inspect.isclass(found) and issubclass(found, eqx.Module)):
            return
        try:
            signature = inspect.signature(found)
        except ValueError:
            return
        init = griffe.Function(
            "__init__", parameters=griffe.Parameters(griffe.Parameter("self"), *_fields(signature))
        )
        cls.set_member("__init__", init)


def _fields(signature: inspect.Signature) -> list[griffe.Parameter]:
    return [
        griffe.Parameter(
            field.name,
            annotation=_annotation(field.annotation),
            kind=griffe.ParameterKind.positional_or_keyword
            if field.kind is field.POSITIONAL_OR_KEYWORD
            else griffe.ParameterKind.keyword_only,
            default=None if field.default is field.empty else _default(field.default),
        )
        for field in signature.parameters.values()
    ]


def _annotation(annotation: object) -> str | None:
    if annotation is inspect.Parameter.empty:
        return None
    return annotation if isinstance(annotation, str) else inspect.formatannotation(annotation)


def _default(value: object) -> str:
    text = repr(value)
    return "…" if text.startswith("<") or len(text) > 40 else text
