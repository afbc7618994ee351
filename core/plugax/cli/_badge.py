"""The badge of `plugax check`: how the conformance kit went, as a picture or for shields.io.

It is green only if every check was run and passed. While checks run, and if they do not end, it is
grey: an older badge in its place never outlives a run that did not end.
"""

import argparse
import json
import pathlib

from ..errors import PlugaxError

LABEL = "plugax kit"
GREEN, RED, GREY = "#2a7f3e", "#b3261e", "#6b6b6b"
SUFFIXES = (".svg", ".json")
# The widths of letters, about those of DejaVu Sans at 11 px; `textLength` fits other fonts to them.
NARROW, NARROW_WIDTH, WIDTH = frozenset(" ,fijlrt"), 4, 7
MARGIN, HEIGHT = 7, 20

SVG = """\
<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" role="img" \
aria-label="{label}: {message}">
  <title>{label}: {message}</title>
  <clipPath id="r"><rect width="{width}" height="{height}" rx="3"/></clipPath>
  <g clip-path="url(#r)">
    <rect width="{left}" height="{height}" fill="#444"/>
    <rect x="{left}" width="{right}" height="{height}" fill="{color}"/>
  </g>
  <g fill="#fff" font-family="DejaVu Sans,Verdana,sans-serif" font-size="11">
    <text x="{margin}" y="14" textLength="{label_length}">{label}</text>
    <text x="{message_at}" y="14" textLength="{message_length}">{message}</text>
  </g>
</svg>
"""


def badge_file(text: str) -> pathlib.Path:
    """The file of a badge, from the command line; refused before an hour's checks, not after."""
    path = pathlib.Path(text)
    if path.suffix not in SUFFIXES:
        raise argparse.ArgumentTypeError(
            f"expected a file that ends in {' or '.join(SUFFIXES)} (for shields.io); got {text!r}"
        )
    if not path.absolute().parent.is_dir():
        raise argparse.ArgumentTypeError(f"there is no directory {path.absolute().parent}")
    return path


def message_of(passed: int, failed: int, not_run: int) -> tuple[str, str]:
    """What a badge says, and its color."""
    if failed:
        return f"failed {failed} of {passed + failed + not_run}", RED
    if not_run or not passed:
        return f"passed {passed}, not run {not_run}" if passed else "not run", GREY
    return f"passed {passed}", GREEN


def write_badge(path: pathlib.Path, passed: int = 0, failed: int = 0, not_run: int = 0) -> None:
    """Write the badge of these numbers of checks; of none, that they were not run.

    Errors: `PlugaxError` if the file cannot be written.
    """
    message, color = message_of(passed, failed, not_run)
    if path.suffix == ".json":
        endpoint = {"schemaVersion": 1, "label": LABEL, "message": message, "color": color}
        text = json.dumps(endpoint) + "\n"
    else:
        text = _svg(message, color)
    try:
        path.write_text(text, "utf-8")
    except OSError as error:
        raise PlugaxError(f"The badge {path} cannot be written: {error}") from error


def _svg(message: str, color: str) -> str:
    lengths = [
        sum(NARROW_WIDTH if letter in NARROW else WIDTH for letter in text)
        for text in (LABEL, message)
    ]
    left, right = (length + 2 * MARGIN for length in lengths)
    return SVG.format(
        label=LABEL,
        message=message,
        color=color,
        left=left,
        right=right,
        width=left + right,
        height=HEIGHT,
        margin=MARGIN,
        message_at=left + MARGIN,
        label_length=lengths[0],
        message_length=lengths[1],
    )
