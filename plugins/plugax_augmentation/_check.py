"""Numbers that say how strong an augmentation is."""

import math
from typing import Any


def check_number(
    name: str,
    argument: str,
    value: Any,
    *,
    whole: bool = False,
    most: float | int = math.inf,
    below: float | int = math.inf,
) -> None:
    """Raise if this is no number from 0 up to a limit.

    Arguments:
        name: of the augmentation.
        argument: of its argument.
        value: what was given for it.
        whole: whether it must be a whole number.
        most: the largest value.
        below: what it must be less than.

    Errors: `ValueError`.
    """
    kinds = int if whole else int | float
    good = isinstance(value, kinds) and not isinstance(value, bool)
    if good and 0 <= value <= most and value < below:
        return
    kind = "a whole number" if whole else "a number"
    limit = "or more" if most == below == math.inf else f"to {most:g}"
    if below < math.inf:
        limit = f"to below {below:g}"
    raise ValueError(f"{name}: {argument} must be {kind}, 0 {limit}; got {value!r}.")
