"""A line of bash as words.

Bash ends a word at `=` and `:` too, and replaces only what follows; Plugax needs the whole word.
"""

import shlex


def split(line: str, point: int) -> tuple[list[str], bool]:
    """The words up to the cursor, the last of which is being written, and whether it is quoted.

    Arguments:
        line: the line.
        point: the place of the cursor [bytes].
    """
    line = line.encode()[:point].decode(errors="ignore")
    for quote in ("", '"', "'"):
        try:
            words = shlex.split(line + quote)
        except ValueError:
            continue
        if not quote and (not line or line[-1].isspace()):
            words.append("")
        return words, bool(quote)
    return line.split(), False  # a backslash at the end


def after_breaks(word: str, breaks: str) -> int:
    """Where the part of a word begins that bash replaces."""
    return max((word.rfind(mark) + 1 for mark in "=:" if mark in breaks), default=0)
