"""The flags of a run: one for every plain option of every component, qualified and short.

    --problem.dim 40    --solver.optimizer.learning-rate 0.01    --dim 40    --learning-rate 0.01

The short form exists if no other component of the run, and no common option, has that name.
"""

import argparse
import collections
import functools
import re
from collections.abc import Iterator
from typing import Any, NoReturn

from ..plugins import Option, component_kind, preset_values
from ._component import ResolvedComponent
from ._parser import Parser, UsageError
from ._values import choices_of, is_switch, parse, placeholder, show, types_of

# Kinds of component inside the problem or the solver that have a common option of their own.
INNER_KINDS = ("optimizer", "integrator")
OUTER_KINDS = ("problem", "solver")
_NUMBER = re.compile(r"-(\d|\.\d|inf\b|nan\b)")


def join_negative_numbers(argv: list[str]) -> list[str]:
    """Write `--shift -1e-3` as `--shift=-1e-3`; else argparse takes the number for an option."""
    result: list[str] = []
    for token in argv:
        follows_flag = result and result[-1].startswith("--") and "=" not in result[-1]
        if follows_flag and _NUMBER.match(token):
            result[-1] += f"={token}"
        else:
            result.append(token)
    return result


def peek(argv: list[str], *forms: str) -> str | None:
    """The value of an option before its parser exists; the last one if it is given repeatedly."""
    found = None
    for token, following in zip(argv, [*argv, "--"][1:], strict=True):
        flag, equals, value = token.partition("=")
        if flag in forms and equals:
            found = value
        elif flag in forms and not following.startswith("--"):
            found = following
    return found


def peek_component(argv: list[str], path: tuple[str, ...], kind: str) -> str | None:
    """The name that a flag gives to the component at `path`."""
    common = (f"--{kind}",) if kind in INNER_KINDS else ()
    # `--solver` is the solver of the run, not an option of that name inside it.
    short = () if path[-1] in OUTER_KINDS else (f"--{kebab(path[-1])}",)
    inside = (qualified(path[1:]),) if len(path) > 2 else ()
    return peek(argv, *common, *short, *inside, qualified(path))


def kebab(name: str) -> str:
    """A name as it is written in a flag."""
    return name.replace("_", "-")


def qualified(path: tuple[str, ...]) -> str:
    """The flag with the full path of an option."""
    return f"--{'.'.join(map(kebab, path))}"


def add_flags(parser: Parser, roots: list[ResolvedComponent], argv: list[str]) -> None:
    """Add the flags of these components and of their parts, each component under a heading.

    Arguments:
        parser: the parser to which the flags are added.
        roots: the components.
        argv: the arguments to be parsed; a preset in them changes the defaults shown in the help.
    """
    common = {form for action in parser._actions for form in action.option_strings}
    places = [
        (chosen, option) for root in roots for chosen in root.walk() for option in _settable(chosen)
    ]
    counts = collections.Counter(option.name for _, option in places)
    inside = collections.Counter((*chosen.path[1:], option.name) for chosen, option in places)
    inner = {kind: [p for p in places if _kind(p[1]) == kind] for kind in INNER_KINDS}
    for kind, found in inner.items():
        if not found:
            _add_refusing_flag(parser, f"--{kind}", _none_takes(roots, kind))
        elif len(found) > 1:
            _add_refusing_flag(parser, f"--{kind}", _ambiguous(f"--{kind}", found))
    for root in roots:
        for chosen in root.walk():
            prefix = qualified((*chosen.path, ""))
            group = parser.add_argument_group(
                f"options of the {chosen.component.kind} {chosen.name}, in full {prefix}…"
            )
            preset = peek(argv, "--preset", qualified((*chosen.path, "preset")))
            preset = preset_values(chosen.target, preset or chosen.given.get("preset"))
            for option in _settable(chosen):
                path = (*chosen.path, option.name)
                forms = [qualified(path)]
                # In a part of a part, as `--first.optimizer` for `--solver.first.optimizer`.
                if len(path) > 2 and inside[path[1:]] == 1:
                    forms.insert(0, qualified(path[1:]))
                short = f"--{kebab(option.name)}"
                if counts[option.name] == 1 and short not in common and option.name not in inner:
                    forms.insert(0, short)
                kind = _kind(option)
                if kind in inner and len(inner[kind]) == 1:
                    forms.insert(0, f"--{kind}")
                _add_flag(group, chosen, option, forms, _default(chosen, option, *preset))
    _refuse_unwritable(parser, roots)
    for name, count in counts.items():
        if count > 1 and f"--{kebab(name)}" not in common and name not in inner:
            rivals = [place for place in places if place[1].name == name]
            _add_refusing_flag(parser, f"--{kebab(name)}", _ambiguous(f"--{kebab(name)}", rivals))


def _refuse_unwritable(parser: Parser, roots: list[ResolvedComponent]) -> None:
    """Explain, in place of their flags, options that cannot be written as text."""
    for root in roots:
        for chosen in root.walk():
            settable = {option.name for option in _settable(chosen)}
            for name in chosen.options.keys() - settable:
                made = f"px.{chosen.component.kind}({chosen.name!r}, {name}=…)"
                message = f"{name} of {chosen.name} can be given from Python only: {made}."
                taken = {form for action in parser._actions for form in action.option_strings}
                for flag in {qualified((*chosen.path, name)), f"--{kebab(name)}"} - taken:
                    _add_refusing_flag(parser, flag, message)


def parse_flags(
    parser: Parser, argv: list[str], roots: list[ResolvedComponent]
) -> argparse.Namespace:
    """Parse the arguments, and give every component the values of its flags.

    Errors: `UsageError` for a wrong value, or an option that does not exist.
    """
    arguments = parser.parse_args(argv)
    for root in roots:
        for chosen in root.walk():
            for option in _settable(chosen):
                dest = ".".join((*chosen.path, option.name))
                if _kind(option) is None and hasattr(arguments, dest):
                    chosen.given[option.name] = getattr(arguments, dest)
    return arguments


def _settable(chosen: ResolvedComponent) -> Iterator[Option]:
    """The options that can be written on a command line."""
    for option in chosen.options.values():
        if _kind(option) is not None or types_of(option):
            yield option


def _kind(option: Option) -> str | None:
    return component_kind(option.types)


def _add_flag(
    group: Any, chosen: ResolvedComponent, option: Option, forms: list[str], default: str
) -> None:
    keywords: dict[str, Any] = {
        "dest": ".".join((*chosen.path, option.name)),
        "default": argparse.SUPPRESS,
        "help": f"{option.help.rstrip('.')} ({default})".strip().replace("%", "%%"),
    }
    kind = _kind(option)
    if kind is None and is_switch(option):
        group.add_argument(*forms, action=argparse.BooleanOptionalAction, **keywords)
        return
    choices = choices_of(option)
    names = f"{{{','.join(choices)}}}" if choices else placeholder(option)
    metavar = kind.upper() if kind else names
    of_type = str if kind else functools.partial(parse, option)
    group.add_argument(*forms, metavar=metavar, type=of_type, **keywords)


def _default(chosen: ResolvedComponent, option: Option, preset: str, values: dict[str, Any]) -> str:
    """The value of an option without a flag, as the help shows it.

    Arguments:
        chosen: the component.
        option: one of its options.
        preset: the name of the component's preset, if it has one.
        values: the values of the preset.
    """
    if option.name in chosen.parts:
        part = chosen.parts[option.name]
        return f"default: {show(part and part.name)}"
    if option.name in chosen.given:
        return f"default: {show(chosen.given[option.name])}"
    if option.default is None and values.get(option.name) is not None:
        return f"default: {show(values[option.name])}, of {preset}"
    return "required" if option.required else f"default: {show(option.default)}"


def _add_refusing_flag(parser: Parser, flag: str, message: str) -> None:
    """Add a flag that the help does not show and that explains what to write instead."""

    class Refuse(argparse.Action):
        def __call__(self, *_: Any, **__: Any) -> NoReturn:
            raise UsageError(message)

    parser.add_argument(flag, nargs="?", action=Refuse, help=argparse.SUPPRESS)


def _ambiguous(flag: str, places: list[tuple[ResolvedComponent, Option]]) -> str:
    forms = [qualified((*chosen.path, option.name)) for chosen, option in places]
    return f"{flag} may mean {' or '.join(forms)}; write one of these."


def _none_takes(roots: list[ResolvedComponent], kind: str) -> str:
    owners = " nor ".join(f"the {root.component.kind} {root.name}" for root in roots)
    article = "an" if kind[0] in "aeiou" else "a"
    return f"Neither {owners} has an option that takes {article} {kind}; leave out --{kind}."
