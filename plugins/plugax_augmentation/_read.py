"""Augmentations as users write them: `shift=2` on the command line, `Shift(2)` in Python."""

from collections.abc import Callable, Sequence
from typing import Any

from plugax import PlugaxError
from plugax.errors import UnknownNameError, did_you_mean

from ._affine import Crop, Rotate, Scale, Shift
from ._augment import Augmentation
from ._pixels import Cutout, Noise

NAMES: dict[str, tuple[type[Any], Callable[[str], Any]]] = {
    "shift": (Shift, int),
    "rotate": (Rotate, float),
    "scale": (Scale, float),
    "crop": (Crop, float),
    "noise": (Noise, float),
    "cutout": (Cutout, int),
}
"""What each name makes, and of which kind of number."""


def read_augmentations(
    given: str | Augmentation | Sequence[str | Augmentation],
) -> tuple[Augmentation, ...]:
    """Augmentations from functions `(picture, key) -> picture` and texts `NAME=STRENGTH`.

    Errors: `UnknownNameError` for a name that does not exist; `PlugaxError` for a text of another
    form, or what is neither a text nor a function; `ValueError` for a strength out of bounds.
    """
    return tuple(map(_read, (given,) if isinstance(given, str) or callable(given) else given))


def _read(given: Any) -> Augmentation:
    if not isinstance(given, str):
        if callable(given):
            return given
        raise PlugaxError(
            "augment takes functions (picture, key) -> picture such as Shift(2), and texts such "
            f"as 'shift=2'; got {given!r}."
        )
    name, _, strength = given.partition("=")
    if name not in NAMES:
        raise UnknownNameError(
            f"There is no augmentation {name!r}.{did_you_mean(name, list(NAMES))} There are "
            f"{', '.join(NAMES)}, each with its strength, as in shift=2."
        )
    make, number = NAMES[name]
    try:
        value = number(strength)
    except ValueError as error:
        kind = "a whole number of pixels" if number is int else "a number"
        raise PlugaxError(
            f"The augmentation {name} needs {kind}, as in {name}={2 if number is int else 0.1:g}; "
            f"got {given!r}."
        ) from error
    return make(value)
