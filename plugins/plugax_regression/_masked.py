"""Masked arrays: NumPy drops their mask when it converts them, so they are checked before."""

from typing import Any

import numpy as np

from plugax import PlugaxError


def check_unmasked(name: str, values: Any) -> None:
    """Raise if an entry is masked.

    Arguments:
        name: the name of the values.
        values: an array of any kind.

    Errors: `PlugaxError` that names the first masked entry.
    """
    if not np.ma.is_masked(values):
        return
    masked = np.argwhere(np.ma.getmaskarray(values))
    index = ", ".join(str(int(i)) for i in masked[0])
    raise PlugaxError(
        f"{name}{f'[{index}]' * bool(index)} is masked, the first of {len(masked)}. Leave out "
        "masked entries in all arrays; what a missing value means is for you to decide."
    )
