"""Warnings of Plugax as one line each on standard error."""

import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

from ..errors import (
    PluginWarning,
    PrecisionWarning,
    ResumeWarning,
    UnsavedWarning,
    VersionWarning,
)
from ._verbosity import quiet

OURS = (PluginWarning, PrecisionWarning, ResumeWarning, UnsavedWarning, VersionWarning)


@contextmanager
def plain_warnings() -> Iterator[None]:
    """Show Plugax's own warnings without the line of code that raised them."""
    with warnings.catch_warnings():
        before = warnings.showwarning

        def show(
            message: Warning | str,
            category: type[Warning],
            filename: str,
            lineno: int,
            file: TextIO | None = None,
            line: str | None = None,
        ) -> None:
            if issubclass(category, OURS):
                if quiet():
                    return
                text = " ".join(str(message).split())
                print(f"plugax: warning: {text}", file=file or sys.stderr)
            else:
                before(message, category, filename, lineno, file, line)

        warnings.showwarning = show
        yield
