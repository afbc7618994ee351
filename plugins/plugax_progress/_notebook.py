"""The bar in a notebook: one output of the cell, which is replaced as the run goes on.

IPython can replace an output by itself, in JupyterLab, VS Code and all others that show notebooks;
rich needs ipywidgets for that. What stays in the saved notebook is one line of text.
"""

import sys
import time
from html import escape
from typing import Any

REFRESHES_PER_SECOND = 4


def in_notebook() -> bool:
    """Whether this process is the kernel of a notebook."""
    # If IPython is not imported, this is no notebook: then it need not be installed either.
    ipython = sys.modules.get("IPython")
    return ipython is not None and hasattr(ipython.get_ipython(), "kernel")


class NotebookLine:
    """A line with a bar in the output of the cell that runs; at the end, a line without.

    Arguments:
        steps: the number of steps of the run.
    """

    def __init__(self, steps: int):
        from IPython.display import display

        self._steps = steps
        self._step = 0
        self._began = self._drawn = time.monotonic()
        self._output: Any = display(self._line("compiling", bar=True), raw=True, display_id=True)

    def move(self, step: int, figures: str) -> None:
        """Show how far the run is, unless the last time is too short ago.

        Arguments:
            step: the number of steps done.
            figures: loss and rate.
        """
        first, self._step = self._step == 0, step
        now = time.monotonic()
        if first or now - self._drawn > 1 / REFRESHES_PER_SECOND:
            self._drawn = now
            self._output.update(self._line("running", figures, bar=True), raw=True)

    def end(self, outcome: str, figures: str) -> None:
        """Leave a line that says how the run ended.

        Arguments:
            outcome: the name of its status, or of an exception; empty if that is not known.
            figures: the last loss and rate.
        """
        self._output.update(self._line(outcome, figures), raw=True)

    def _line(self, word: str, figures: str = "", *, bar: bool = False) -> dict[str, str]:
        """The line as text and as HTML, in the colours of what surrounds it."""
        steps = f"{self._step}/{self._steps} steps"
        seconds = f"{time.monotonic() - self._began:.1f} s"
        told = "  ".join(filter(None, (steps, figures, seconds)))
        # Without a value the bar moves to and fro.
        value = f' value="{self._step}"' if self._step else ""
        drawn = f'<progress max="{self._steps}"{value} style="width:12em"></progress> '
        html = (
            '<div class="plugax-progress" style="color:inherit;white-space:pre-wrap;'
            f'font-variant-numeric:tabular-nums">{escape(word)} {drawn * bar}{escape(told)}</div>'
        )
        return {"text/plain": f"{word} {told}", "text/html": html}
