"""NumPy arrays by name in an `.npz` file, with the SHA-256 of each kept elsewhere.

An `.npz` is an uncompressed zip archive of `.npy` files, so every NumPy reads it. It is written and
read here array by array, with no copy of the whole in memory. Types, shapes and digests are known
before a file is read: nothing in the file decides how much memory is taken or what is believed.

The short floats of machine learning (bfloat16, float8) have no NumPy format of their own. Their
bytes are stored as whole numbers.
"""

import hashlib
import math
import os
import pathlib
import struct
import zipfile
from collections.abc import Mapping
from typing import IO, Any

import numpy as np

from ..errors import DamagedRunError, PlugaxError

Entry = Mapping[str, Any]
"""What is known of an array: its `dtype`, its `shape` and the `sha256` of its bytes."""

BLOCK = 2**24
LOCAL_HEADER = 30


def write_arrays(path: pathlib.Path, arrays: Mapping[str, np.ndarray]) -> dict[str, Entry]:
    """Write arrays into a new file, and return what is known of each."""
    entries = {}
    with path.open("xb") as file:
        with zipfile.ZipFile(file, "w") as archive:
            for name, values in arrays.items():
                array = np.asarray(values, order="C")
                stored = as_bytes(array)
                info = zipfile.ZipInfo(f"{name}.npy")
                with archive.open(info, "w", force_zip64=True) as member:
                    header = np.lib.format.header_data_from_array_1_0(stored)
                    np.lib.format.write_array_header_1_0(member, header)
                    digest = hashlib.sha256()
                    for block in _blocks(stored):
                        digest.update(block)
                        member.write(block)
                entries[name] = {
                    "dtype": dtype_name(array.dtype),
                    "shape": list(array.shape),
                    "sha256": digest.hexdigest(),
                }
        file.flush()
        os.fsync(file.fileno())
    return entries


def replace_arrays(path: pathlib.Path, arrays: Mapping[str, np.ndarray]) -> dict[str, Entry]:
    """As `write_arrays`, in place of the file that is there, when the new one is complete."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        entries = write_arrays(temporary, arrays)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    return entries


def read_arrays(path: pathlib.Path, entries: Mapping[str, Entry]) -> dict[str, np.ndarray]:
    """The arrays of a file, if they are those that were written.

    Errors: `PlugaxError` if the file is missing or damaged, or holds other arrays.
    """
    try:
        with path.open("rb") as file, zipfile.ZipFile(file) as archive:
            members = {info.filename.removesuffix(".npy"): info for info in archive.infolist()}
            if members.keys() != entries.keys():
                raise damaged(path, "it holds other arrays")
            return {
                name: _read(file, members[name].header_offset, entry, path, name)
                for name, entry in entries.items()
            }
    except FileNotFoundError:
        raise DamagedRunError(
            f"{path} is missing. Put the file back as it was saved, or solve again."
        ) from None
    except PlugaxError:
        raise
    except OSError as error:
        raise PlugaxError(f"{path} cannot be read: {error.strerror or error}.") from error
    # A damaged archive makes its reader fail in many ways.
    except Exception as error:
        raise damaged(path, f"it cannot be read ({type(error).__name__})") from error


def damaged(path: pathlib.Path, why: str) -> DamagedRunError:
    """The error for a file whose content is not what was written."""
    return DamagedRunError(
        f"{path} is damaged or of another run: {why}. Put the file back as it was saved, or solve "
        "again."
    )


def as_bytes(array: np.ndarray) -> np.ndarray:
    """The array itself, or its bytes as whole numbers if NumPy's format lacks the dtype."""
    if array.dtype.kind == "V":
        return np.ascontiguousarray(array).view(f"u{array.dtype.itemsize}").reshape(array.shape)
    return array


def dtype_name(dtype: np.dtype) -> str:
    """A dtype as text, from which `dtype_of` makes it."""
    return dtype.name if dtype.kind == "V" else dtype.str


def dtype_of(name: str) -> np.dtype:
    """The dtype of a name."""
    try:
        return np.dtype(name)
    except TypeError:
        # NumPy knows the short floats by name once this is imported, which JAX brings and imports.
        import ml_dtypes  # noqa: F401

        return np.dtype(name)


def size_of(entry: Entry) -> int:
    """The number of bytes of an array."""
    return math.prod(entry["shape"]) * dtype_of(entry["dtype"]).itemsize


def _read(file: IO[bytes], offset: int, entry: Entry, path: pathlib.Path, name: str) -> np.ndarray:
    file.seek(offset + LOCAL_HEADER - 4)
    name_length, extra_length = struct.unpack("<HH", file.read(4))
    file.seek(name_length + extra_length, os.SEEK_CUR)
    version = np.lib.format.read_magic(file)
    read = {(1, 0): np.lib.format.read_array_header_1_0}[version]
    shape, by_columns, stored = read(file)
    dtype = dtype_of(entry["dtype"])
    wanted = np.dtype(f"u{dtype.itemsize}") if dtype.kind == "V" else dtype
    if (*shape,) != (*entry["shape"],) or stored != wanted or by_columns:
        raise damaged(path, f"{name} is {stored}{list(shape)}")
    left = os.fstat(file.fileno()).st_size - file.tell()
    if size_of(entry) > left:
        raise damaged(path, f"{name} ends too early")
    array = np.empty(shape, stored)
    digest = hashlib.sha256()
    for block in _blocks(array):
        if file.readinto(block) != len(block):  # pyright: ignore[reportAttributeAccessIssue]
            raise damaged(path, f"{name} ends too early")
        digest.update(block)
    if digest.hexdigest() != entry["sha256"]:
        raise damaged(path, f"the SHA-256 of {name} is another one")
    return array.view(dtype) if dtype.kind == "V" else array


def _blocks(array: np.ndarray) -> list[memoryview]:
    whole: Any = array.reshape(-1).view(np.uint8).data
    return [whole[at : at + BLOCK] for at in range(0, len(whole), BLOCK)]
