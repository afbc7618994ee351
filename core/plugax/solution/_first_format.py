"""The first format of saved runs, which is still read: digests of whole files, and no numbers.

All of the history was in `history.npz`, the evaluations in `evaluations.npz`, and the dtypes of
short floats in `solution.json`.
"""

import hashlib
import io
import pathlib
from collections.abc import Mapping
from typing import Any

import numpy as np

from ..errors import DamagedRunError, PlugaxError
from ._npz import damaged, dtype_of


def read_first_format(
    path: pathlib.Path, name: str, summary: Mapping[str, Any]
) -> dict[str, np.ndarray]:
    """The arrays of one file.

    Errors: `PlugaxError` if the file is missing or damaged.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise DamagedRunError(f"{path} is missing. Put the file back as it was saved.") from None
    except OSError as error:
        raise PlugaxError(f"{path} cannot be read: {error.strerror}.") from error
    if hashlib.sha256(content).hexdigest() != summary["files"][f"{name}.npz"]:
        raise damaged(path, "its SHA-256 is another one")
    with np.load(io.BytesIO(content), allow_pickle=False) as stored:
        arrays = {each: stored[each] for each in stored.files}
    dtypes = summary["dtypes"].get(name, {})
    return {each: a.view(dtype_of(dtypes.get(each, a.dtype.str))) for each, a in arrays.items()}
