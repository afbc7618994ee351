"""A composition of solvers in words: "gradient then lbfgs" is the solver `then` with these two."""

from .._origin import Spec
from ..errors import PlugaxError, did_you_mean

JOINS = "then"
"""The word between two solvers, and the name of the solver that it stands for."""


def in_words(text: str) -> tuple[str, Spec]:
    """The name of the solver that a text names, and the options that are part of the text.

    "A then B" has the options `first="A"` and `second="B"`; in "A then B then C" the second is
    "B then C". A text of one word is a name.

    Errors: `PlugaxError` for several words of any other form.
    """
    words = text.split()
    if len(words) < 2:
        return text, {}
    between = words[1::2]
    if len(words) % 2 == 0 or any(word != JOINS for word in between) or JOINS in words[::2]:
        wrong = next((word for word in between if word != JOINS), "")
        raise PlugaxError(
            f"{text!r} names no solver. Solvers one after the other are written 'A then B', as in "
            f"'gradient then lbfgs'.{did_you_mean(wrong, [JOINS])}"
        )
    first, _, *rest = words
    second: str | Spec = rest[0]
    if len(rest) > 1:
        name, options = in_words(" ".join(rest))
        second = {"name": name, **options}
    return JOINS, {"first": first, "second": second}
