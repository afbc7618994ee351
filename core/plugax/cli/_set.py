"""Other values of options for a run that branches off, `--set NAME=VALUE`."""

import argparse
import pathlib
from collections.abc import Iterable
from typing import Any

from ..errors import PlugaxError
from ._component import choose
from ._over import over_of, split_over


def options_of(texts: Iterable[str], directory: pathlib.Path) -> dict[str, Any]:
    """The values by the paths of their options, as `px.resume` takes them.

    Arguments:
        texts: what was given, `NAME=VALUE`.
        directory: the saved run, whose problem and solver have these options.

    Errors: `PlugaxError` for a name that no option has, or a value that it cannot have.
    """
    from ..solution import read_summary

    try:
        pairs = [split_over(text) for text in texts]
    except argparse.ArgumentTypeError:
        raise PlugaxError(
            f"--set takes NAME=VALUE, such as optimizer.learning_rate=1e-4; got {', '.join(texts)}."
        ) from None
    if not pairs:
        return {}
    origin = read_summary(directory)["provenance"]
    roots = [
        choose(kind, origin[kind]["name"], [origin[kind]], lambda path, kind: None)  # noqa: ARG005
        for kind in ("problem", "solver")
        if origin[kind]["name"] is not None
    ]
    found = {}
    for name, values in over_of(pairs, roots).items():
        if name == "seed" or len(values) != 1:
            raise PlugaxError(
                f"--set gives an option one value, and the seed of a run stays; got {name} with "
                f"{len(values)}."
            )
        found[name] = values[0]
    return found
