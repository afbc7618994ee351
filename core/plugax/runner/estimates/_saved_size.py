"""How large a run becomes on disk: the format itself is asked, with short histories.

The run is saved into a temporary directory, with a few steps in its history and with twice as many,
both times without state and unknowns. What a step takes is the difference; what state and unknowns
take is the size of their arrays.
"""

import dataclasses
import pathlib
import shutil
import tempfile
from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import PyTree

from ...solution import MOST_EXPORTED, Population, Solution
from ...solution._claim import nearest
from ..loop._compile import size_of

SAMPLE = 2**20  # bytes of the history that is written as a sample, of at most so many steps:
MOST = 64


@dataclasses.dataclass(frozen=True)
class SavedSize:
    """The size of all files of a run [bytes].

    Attributes:
        total: when the run has ended.
        largest: while the newest snapshot is written beside the one that it replaces.
    """

    total: int
    largest: int


def saved_size(
    result: Solution | Population, *, rows: int, evaluations: int, best: bool, snapshots: int
) -> SavedSize:
    """The size of all files of a run.

    Arguments:
        result: the run after a few steps.
        rows: the number of steps that the history of the whole run keeps.
        evaluations: the number of evaluations during the whole run.
        best: whether the run is also kept as it was at its best.
        snapshots: the number of snapshots that are kept besides the newest.
    """
    row = sum(x.nbytes for x in _rows(result, result.series, 1).values())
    sample = int(np.clip(SAMPLE // max(row, 1), 1, MOST))
    few = sample if evaluations else 0
    base = _written(result, sample, few)
    of_rows = (_written(result, 2 * sample, few) - base) / sample
    history = rows * of_rows
    none = base - sample * of_rows
    if evaluations:
        of_evaluations = (_written(result, sample, 2 * few) - base) / few
        history = history + evaluations * of_evaluations
        none = none - few * of_evaluations
    in_rows, exported = history
    if rows * row > MOST_EXPORTED:
        exported = 0.0
    one = sum(none) + _size(result.state) + _size(result.unknowns)
    total = in_rows + (1 + best) * exported + (1 + best + snapshots) * one
    return SavedSize(round(total), round(total + one))


def free_on_disk(directory: pathlib.Path) -> int:
    """The free space where a directory is, or would be made [bytes]."""
    return shutil.disk_usage(nearest(directory)).free


def _written(result: Solution | Population, rows: int, evaluations: int) -> np.ndarray:
    """The size of a run with such histories, and with neither state nor unknowns.

    Returns:
        the size of the rows of the histories, and that of all other files.
    """
    evaluated = dict(result.evaluation_series)
    evaluated.pop("step", None)
    series = _rows(result, evaluated, evaluations)
    if series:
        series["step"] = np.arange(evaluations)
    short = dataclasses.replace(
        result,
        state=jax.tree.map(_empty, result.state),
        unknowns=jax.tree.map(_empty, result.unknowns),
        series=_rows(result, result.series, rows),
        evaluation_series=series,
    )
    with tempfile.TemporaryDirectory() as directory:
        short.save(directory)
        files = [file for file in pathlib.Path(directory).rglob("*") if file.is_file()]
        in_rows = sum(file.stat().st_size for file in files if file.suffix == ".rows")
        return np.asarray([in_rows, sum(file.stat().st_size for file in files) - in_rows], float)


def _rows(
    result: Solution | Population, series: Mapping[str, np.ndarray], count: int
) -> dict[str, np.ndarray]:
    """Series of zeros with so many rows, the axes of members in front."""
    axes = result.status.ndim if isinstance(result, Population) else 0
    return {
        name: np.zeros((*x.shape[:axes], count, *x.shape[axes + 1 :]), x.dtype)
        for name, x in series.items()
    }


def _empty(leaf: Any) -> Any:
    return np.zeros(0, _plain(leaf).dtype) if hasattr(leaf, "dtype") else leaf


def _size(tree: PyTree) -> int:
    return size_of([_plain(leaf) for leaf in jax.tree.leaves(tree) if hasattr(leaf, "dtype")])


def _plain(leaf: Any) -> Any:
    """What is saved of a leaf: of a random key, its numbers."""
    is_key = jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key)
    return jax.eval_shape(jax.random.key_data, leaf) if is_key else leaf
