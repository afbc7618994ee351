"""The summary of a run or of several, written as text and as HTML."""

import dataclasses
from collections.abc import Mapping
from typing import Literal

from .._terminal import paragraph, width
from ._html import block, heading, pairs, sentences


@dataclasses.dataclass(frozen=True)
class Summary:
    """What a user wants to know at first sight.

    Attributes:
        name: what was run, such as `Solution of valley by bfgs`.
        outcome: how it ended, in a word or a few.
        mark: whether that is good; the colour of the dot before it.
        sentences: the message of the status, and what else has to be said.
        facts: unknowns, metrics and the like, each in a line by its name.
        footer: time, device and the place where it is saved.
    """

    name: str
    outcome: str
    mark: Literal["good", "doubtful", "bad"]
    sentences: tuple[str, ...]
    facts: Mapping[str, str]
    footer: tuple[str, ...]

    def text(self) -> str:
        """The summary as lines of text."""
        size = max(map(len, self.facts), default=0)
        facts = [f"  {name.ljust(size)}  {value}" for name, value in self.facts.items()]
        told = self.sentences if width() is None else map(paragraph, self.sentences)
        return "\n".join([f"{self.name}: {self.outcome}", *told, *facts, *self.footer])

    def html(self, *parts: str) -> str:
        """The summary as HTML.

        Arguments:
            parts: further HTML below it.
        """
        head = heading(self.name, f": {self.outcome}", self.mark)
        footer = f'<div class="plugax-note">{sentences(self.footer)}</div>'
        return block(head, sentences(self.sentences), pairs(self.facts), footer, *parts)
