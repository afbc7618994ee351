"""What is swept, as it is written on the command line.

--over optimizer.learning_rate=1e-4:1e-1:log:64      64 values, evenly spaced in the logarithm
--over momentum=0:0.9:10                             10 values, evenly spaced
--over optimizer=sgd,adam                            these values
--over seed=0:8                                      the seeds 0, …, 7
--over learning_rate=1e-4:1e-1:log                   a range to draw points from (--sobol N)
"""

import argparse
from collections.abc import Iterable
from typing import Any

from ..errors import PlugaxError, did_you_mean
from ..plugins import Option, component_kind
from ._component import ResolvedComponent
from ._numbers import whole
from ._values import parse

FORMS = "NAME=LOW:HIGH:COUNT, NAME=LOW:HIGH:log:COUNT, or NAME=A,B,…"


def split_over(text: str) -> tuple[str, str]:
    """The name and the values; `ArgumentTypeError` if there is no `=` or nothing beside it."""
    name, equals, values = text.partition("=")
    if not equals or not name.strip() or not values.strip():
        raise argparse.ArgumentTypeError(f"expected {FORMS}; got {text!r}")
    return name.strip().replace("-", "_"), values.strip()


def over_of(pairs: Iterable[tuple[str, str]], roots: Iterable[ResolvedComponent]) -> dict[str, Any]:
    """What is swept, for `px.sweep`.

    Arguments:
        pairs: names and values as text.
        roots: the problem and the solver, whose options have these names.

    Errors: `PlugaxError` for a name that no option has, one given twice, or values that cannot be
    read.
    """
    roots = list(roots)
    known = _options(roots)
    what = " and ".join(f"the {root.component.kind} {root.name}" for root in roots)
    over: dict[str, Any] = {}
    for name, text in pairs:
        full = name if name == "seed" else _full_name(name, known, what)
        if full in over:
            raise PlugaxError(f"--over {name} is given twice; write all its values in one.")
        try:
            over[full] = _seeds(text) if full == "seed" else _values(text, known.get(full))
        except (ValueError, argparse.ArgumentTypeError) as error:
            told = str(error) if isinstance(error, argparse.ArgumentTypeError) else ""
            forms = "FIRST:END or A,B,…" if full == "seed" else FORMS.replace("NAME=", "")
            raise PlugaxError(
                f"--over {name}={text}: {told or f'expected {forms}'} (see `plugax sweep --help`)"
            ) from None
    return over


def _options(roots: Iterable[ResolvedComponent]) -> dict[str, Option | None]:
    """The options that can be swept, by their names in a sweep; None for a choice of component."""
    known: dict[str, Option | None] = {}
    for root in roots:
        for chosen in root.walk():
            path = chosen.path[1:] if chosen.path[0] == "solver" else chosen.path
            for name, option in chosen.options.items():
                if component_kind(option.types) is None:
                    known[".".join((*path, name))] = option
                else:
                    known[".".join((*path, name, "name"))] = None
    return known


def _full_name(name: str, known: dict[str, Any], what: str) -> str:
    """The name with its path; it may be left out if only one option has that name."""
    name = name.removeprefix("solver.")
    for form in (name, f"{name}.name"):
        if form in known:
            return form
    found = [full for full in known for form in (name, f"{name}.name") if full.endswith(f".{form}")]
    if len(found) == 1:
        return found[0]
    if found:
        raise PlugaxError(f"--over {name} may mean {' or '.join(found)}; write one of these.")
    short = [full.rpartition(".")[2] for full in known if not full.endswith(".name")]
    if "." in name:  # an option of a component that another --over chooses
        parent = name.rpartition(".")[0]
        if f"{parent}.name" in known:
            return name
    raise PlugaxError(
        f"There is nothing {name!r} to sweep over.{did_you_mean(name, [*known, *short, 'seed'])} "
        f"For {what} there are: seed, {', '.join(known)}."
    )


def _seeds(text: str) -> Any:
    """The seeds `0:8`, as a range of Python, or `1,2,3`."""
    if ":" in text:
        first, end = map(whole, text.split(":"))
        if end <= first:
            raise ValueError
        return range(first, end)
    return [whole(word) for word in text.split(",")]


def _values(text: str, option: Option | None) -> Any:
    if ":" not in text:
        words = [word.strip() for word in text.split(";" if ";" in text else ",")]
        return [_value(word) if option is None else parse(option, word) for word in words if word]
    import plugax

    low, high, *rest = text.split(":")
    log = rest[:1] == ["log"]
    count = rest[log:]
    if len(count) > 1:
        raise ValueError
    return plugax.Range(float(low), float(high), whole(count[0]) if count else None, log=log)


def _value(text: str) -> Any:
    for kind in (whole, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return {"yes": True, "no": False, "true": True, "false": False}.get(text, text)
