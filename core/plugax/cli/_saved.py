"""What has to be known of a saved run before it can be loaded."""

import json
import pathlib


def saved_precision(directory: str) -> str | None:
    """The precision a run was saved in: its arrays can be read in no other.

    None if there is no solution in the directory, which `plugax.load` will say better.
    """
    try:
        summary = json.loads((pathlib.Path(directory) / "solution.json").read_text())
        return summary["provenance"]["precision"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
