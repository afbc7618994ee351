"""The answer to a <TAB>: one line that says what kind of words follow, then the words.

    words         complete words
    part          words that more may follow at once, as in `--solvers etkf,letkf`
    files         none: the shell knows the files
    directories   none: the shell knows the directories

`--line LINE POINT BREAKS` is asked by bash, `--words WORD…` by zsh and fish, which show a
description after a tab.
"""

import os
import sys
from collections.abc import Sequence

from ._candidates import Candidates, candidates
from ._known import known
from ._line import after_breaks, split

ASKED = ("--line", "--words")


def answer(arguments: Sequence[str]) -> int:
    """Print the answer; nothing at all if anything goes wrong, since a user is typing."""
    try:
        if arguments[0] == "--line":
            line, point, breaks = arguments[1:]
            words, quoted = split(line, int(point))
            found = candidates(words[1:], known())
            cut = 0 if quoted else after_breaks(words[-1], breaks)
            _print(found, [word[cut:] for word, _ in found.words])
        else:
            found = candidates(arguments[1:], known())
            _print(found, [f"{word}\t{text}".rstrip() for word, text in found.words])
    except Exception:
        if os.environ.get("PLUGAX_TRACEBACK", "0") not in ("", "0"):
            import traceback

            traceback.print_exc()
        return 1
    return 0


def _print(found: Candidates, lines: list[str]) -> None:
    text, encoding = "\n".join([found.kind, *lines, ""]), sys.stdout.encoding or "utf-8"
    # A description that the terminal cannot show must not cost the word.
    sys.stdout.write(text.encode(encoding, "replace").decode(encoding))
    sys.stdout.flush()
