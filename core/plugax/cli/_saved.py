"""What has to be known about a saved run before it can be loaded."""

import json
import pathlib


def saved_precision(directory: str) -> str | None:
    """The precision of a saved run, the only one in which its arrays can be read.

    None if there is no solution in the directory; then `plugax.load` raises a good error.
    """
    try:
        summary = json.loads((pathlib.Path(directory) / "solution.json").read_text())
        return summary["provenance"]["precision"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
