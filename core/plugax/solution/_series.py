"""NumPy arrays by name in one `.npz` file, without pickle and without JAX.

The short floats of machine learning (bfloat16, float8) have no NumPy format of their own and are
stored as their bytes; their dtypes are kept beside the file.
"""

import io
import zipfile
from collections.abc import Mapping

import numpy as np


def series_bytes(series: Mapping[str, np.ndarray]) -> bytes:
    """Arrays by name as one `.npz`; `series_from` reads them with the dtypes of `dtypes_of`."""
    return zip_arrays({name: as_bytes(np.asarray(values)) for name, values in series.items()})


def dtypes_of(series: Mapping[str, np.ndarray]) -> dict[str, str]:
    """The dtypes of arrays by name, as plain data."""
    return {name: np.asarray(values).dtype.name for name, values in series.items()}


def series_from(content: bytes, dtypes: Mapping[str, str]) -> dict[str, np.ndarray]:
    """The arrays that `dtypes` names, from the bytes that `series_bytes` made."""
    with np.load(io.BytesIO(content), allow_pickle=False) as stored:
        return {name: stored[name].view(_dtype(dtype)) for name, dtype in dtypes.items()}


def as_bytes(array: np.ndarray) -> np.ndarray:
    """The array itself, or its bytes as whole numbers if NumPy's format lacks the dtype."""
    if array.dtype.kind == "V":
        array = np.ascontiguousarray(array)
        return array.view(f"u{array.dtype.itemsize}")
    return array


def zip_arrays(arrays: Mapping[str, np.ndarray]) -> bytes:
    """An `.npz`, written by hand since `np.savez` does not allow an array called `file`."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, array in arrays.items():
            with archive.open(zipfile.ZipInfo(f"{name}.npy"), "w", force_zip64=True) as member:
                np.lib.format.write_array(member, array, allow_pickle=False)
    return buffer.getvalue()


def _dtype(name: str) -> np.dtype:
    try:
        return np.dtype(name)
    except TypeError:
        # NumPy knows the short floats by name once this is imported, which JAX brings and imports.
        import ml_dtypes  # noqa: F401

        return np.dtype(name)
