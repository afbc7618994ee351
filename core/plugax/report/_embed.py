"""Matplotlib's figures and animations as text that stands inside a page."""

import base64
import io
import pathlib
import tempfile
from typing import Any

LARGEST_SVG = 200_000  # bytes; a figure of many points is smaller as pixels
DPI = 130
KINDS = {".png": "image/png", ".gif": "image/gif", ".svg": "image/svg+xml"}


def picture(figure: Any) -> str:
    """A figure as a `data:` URI: SVG, PNG if that is smaller than a large SVG, GIF if it moves."""
    from matplotlib import rc_context
    from matplotlib.animation import Animation

    if isinstance(figure, Animation):
        with tempfile.TemporaryDirectory() as directory:
            path = pathlib.Path(directory) / "animation.gif"
            figure.save(path, writer="pillow")
            return stored(path)
    # Without a date and with names that do not change, the same run makes the same file.
    with rc_context({"svg.hashsalt": "plugax"}):
        vector = _saved(figure, format="svg", metadata={"Date": None})
    if len(vector) > LARGEST_SVG:
        pixels = _saved(figure, format="png", dpi=DPI)
        if len(pixels) < len(vector):
            return _uri(pixels, KINDS[".png"])
    return _uri(vector, KINDS[".svg"])


def stored(path: pathlib.Path) -> str:
    """A picture that is in a file."""
    return _uri(path.read_bytes(), KINDS[path.suffix])


def _saved(figure: Any, **options: Any) -> bytes:
    buffer = io.BytesIO()
    figure.savefig(buffer, **options)
    return buffer.getvalue()


def _uri(content: bytes, kind: str) -> str:
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"
