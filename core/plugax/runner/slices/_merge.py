"""The slices of a population, put together by the places of their members in the grid."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from ...solution import Population
from ...solution._status import completed
from ..loop._outcome import joint_summary_of, plain_metrics
from ..run._job import Job
from ..run._provenance import plain
from ..run._result import parts_of
from ._slices import Box


def merge(job: Job, boxes: Sequence[Box], slices: Sequence[Population], chunk: Any) -> Population:
    """The population of which these are the slices.

    Arguments:
        job: the job of the whole population.
        boxes: the places of the slices in its grid.
        slices: the slices, each run to its end.
        chunk: the `chunk` that was asked for.
    """
    first = slices[0]
    provenance = first.provenance | {"run": plain(job.asked | {"chunk": chunk})}
    task = job.task()
    parts = parts_of(job, task, provenance)
    whole = _merged(job, boxes, slices, provenance, parts)
    if job.swept and job.swept.keys() <= {"seed", "start"}:
        axes = len(job.shape)
        series = {n: x.reshape((job.members, *x.shape[axes:])) for n, x in whole.series.items()}
        joint = joint_summary_of(job.problem, job.solver, series)
        whole = dataclasses.replace(whole, joint_metrics=plain_metrics(joint))
    if all(one.bests is None for one in slices):
        return whole
    bests = [_without_best(one) if one.bests is None else one.bests for one in slices]
    return dataclasses.replace(whole, bests=_merged(job, boxes, bests, provenance, parts))


def _merged(
    job: Job,
    boxes: Sequence[Box],
    slices: Sequence[Population],
    provenance: Mapping[str, Any],
    parts: Any,
) -> Population:
    grid = _Grid(job.shape, boxes)
    metrics = [one.metrics for one in slices]
    common = [name for name in metrics[0] if all(name in own for own in metrics)]
    places = [one.place for one in slices if one.place is not None]
    return Population(
        unknowns=grid.trees([one.unknowns for one in slices]),
        status=grid.arrays([one.status for one in slices]),
        metrics={name: grid.values([own[name] for own in metrics]) for name in common},
        joint_metrics={},
        steps=grid.arrays([one.steps for one in slices]),
        compile_seconds=sum(one.compile_seconds for one in slices),
        run_seconds=sum(one.run_seconds for one in slices),
        provenance=dict(provenance),
        series=grid.series([one.series for one in slices]),
        evaluation_series=_evaluations(grid, [one.evaluation_series for one in slices]),
        state=grid.trees([one.state for one in slices]),
        recoveries={
            name: grid.arrays([one.recoveries[name] for one in slices])
            for name in slices[0].recoveries
        },
        problem=job.problem,
        solver=job.solver,
        swept=job.swept or {},
        parts=parts,
        wait_seconds=sum(one.wait_seconds for one in slices),
        place=max(places, key=lambda place: place["step"], default=None),
    )


@dataclasses.dataclass(frozen=True)
class _Grid:
    """Puts arrays that have the axes of a slice in front where they belong.

    Attributes:
        shape: the lengths of the axes of the whole.
        boxes: the place of every slice.
    """

    shape: tuple[int, ...]
    boxes: Sequence[Box]

    def arrays(self, pieces: Sequence[np.ndarray]) -> np.ndarray:
        """Arrays that agree in all but the axes of the slices."""
        whole = np.empty((*self.shape, *pieces[0].shape[len(self.shape) :]), pieces[0].dtype)
        for box, piece in zip(self.boxes, pieces, strict=True):
            whole[tuple(slice(*bounds) for bounds in box)] = piece
        return whole

    def values(self, pieces: Sequence[Any]) -> Any:
        """Arrays, or a value that is the same for all."""
        return self.arrays(pieces) if isinstance(pieces[0], np.ndarray) else pieces[0]

    def trees(self, pieces: Sequence[Any]) -> Any:
        """Pytrees of JAX's arrays; what is no array is the same for all."""

        def joined(*leaves: Any) -> Any:
            if not eqx.is_array(leaves[0]):
                return leaves[0]
            if jnp.issubdtype(leaves[0].dtype, jax.dtypes.prng_key):
                data = self.arrays([np.asarray(jax.random.key_data(leaf)) for leaf in leaves])
                kind = jax.random.key_impl(leaves[0])
                return jax.random.wrap_key_data(jnp.asarray(data), impl=kind)
            return jnp.asarray(self.arrays([np.asarray(leaf) for leaf in leaves]))

        return jax.tree.map(joined, *pieces)

    def series(self, pieces: Sequence[Mapping[str, np.ndarray]]) -> dict[str, np.ndarray]:
        """Histories of different lengths, with NaN (or 0) after the end of a shorter one."""
        axis = len(self.shape)
        most = max((x.shape[axis] for own in pieces for x in own.values()), default=0)
        rows = [np.arange(next((x.shape[axis] for x in own.values()), 0)) for own in pieces]
        return self.spread(pieces, rows, most)

    def spread(
        self,
        pieces: Sequence[Mapping[str, np.ndarray]],
        rows: Sequence[np.ndarray],
        count: int,
    ) -> dict[str, np.ndarray]:
        """Histories whose rows are these of `count` rows; NaN (or 0) stands in all others."""
        axis, found = len(self.shape), {}
        for name in dict.fromkeys(name for own in pieces for name in own):
            like = next(own[name] for own in pieces if name in own)
            empty = np.nan if np.issubdtype(like.dtype, np.inexact) else 0
            whole = np.full((*self.shape, count, *like.shape[axis + 1 :]), empty, like.dtype)
            for box, own, at in zip(self.boxes, pieces, rows, strict=True):
                if name in own:
                    where = tuple(slice(*bounds) for bounds in box)
                    whole[where][(*(slice(None),) * axis, at)] = own[name]
            found[name] = whole
        return found


def _evaluations(grid: _Grid, pieces: Sequence[Mapping[str, np.ndarray]]) -> dict[str, np.ndarray]:
    """The evaluations of all slices, after all numbers of steps at which one has any."""
    made = [own["step"] for own in pieces if "step" in own]
    if not made:
        return {}
    steps = np.unique(np.concatenate(made))
    figures = [{name: x for name, x in own.items() if name != "step"} for own in pieces]
    rows = [np.searchsorted(steps, own.get("step", steps[:0])) for own in pieces]
    return grid.spread(figures, rows, len(steps)) | {"step": steps}


def _without_best(one: Population) -> Population:
    """Stands for the best of members that have none: themselves, with 0 steps."""
    status = np.full(one.status.shape, completed(0), object)
    nothing = np.zeros_like(one.steps)
    return dataclasses.replace(one, status=status, steps=nothing, series={}, evaluation_series={})
