"""Texts as sequences of tokens, one for each character.

Token 0 stands for every character that is not in the alphabet. Characters of one text alone are
left out of it, so that a model learns in training what it means that a character is rare.
"""

import collections
import unicodedata
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from jaxtyping import Int


class Alphabet(NamedTuple):
    """Characters by number, from 1.

    Attributes:
        characters: in the order of their code points.
    """

    characters: str

    @property
    def size(self) -> int:
        """How many tokens there are, that of unknown characters included."""
        return 1 + len(self.characters)

    def tokens(self, texts: Iterable[str]) -> list[Int[np.ndarray, "_"]]:
        """The tokens of each text."""
        number = {character: place for place, character in enumerate(self.characters, 1)}
        return [
            np.asarray([number.get(character, 0) for character in composed(text)], np.int32)
            for text in texts
        ]


def alphabet_of(texts: Iterable[str]) -> Alphabet:
    """The characters that occur in at least two texts."""
    counts = collections.Counter(c for text in texts for c in set(composed(text)))
    return Alphabet("".join(sorted(c for c, count in counts.items() if count > 1)))


def composed(text: str) -> str:
    """A text in which an accented letter is one character, however it was typed (Unicode's NFC)."""
    return unicodedata.normalize("NFC", text.strip())
