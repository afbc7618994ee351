"""Pipelines of grain as data; slow, since its import takes seconds and workers start Python."""

import multiprocessing

import grain
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from absl import flags

import plugax as px
from plugax.data import Iterated

pytestmark = pytest.mark.slow
X = np.random.default_rng(0).normal(size=(50, 3)).astype("float32")
BATCH, FOUR = 16, 4 * 4 * 16 * 3 * 4  # blocks of four batches


class Mean(px.AbstractProblem):
    """The mean of the rows."""

    batches: px.AbstractData

    def init(self, key):
        return jnp.zeros(3)

    @property
    def data(self):
        return self.batches

    def loss(self, unknowns, batch, key):
        return jnp.mean((batch - unknowns[None]) ** 2), {}


def maps():
    batches = grain.MapDataset.source(X).shuffle(seed=2).batch(BATCH, drop_remainder=True)
    return batches.repeat()


def loader():
    return grain.DataLoader(
        data_source=X,
        sampler=grain.samplers.IndexSampler(len(X), shuffle=True, seed=1, num_epochs=20),
        operations=[grain.transforms.Batch(BATCH, drop_remainder=True)],
        worker_count=0,
    )


def workers():
    flags.FLAGS.mark_as_parsed()  # the workers of grain look at the flags of absl
    options = grain.multiprocessing.MultiprocessingOptions(num_workers=1)
    rows = grain.MapDataset.source(X).shuffle(seed=2).repeat().to_iter_dataset()
    return rows.batch(BATCH, drop_remainder=True).mp_prefetch(options)


@pytest.mark.parametrize("make", [maps, lambda: maps().to_iter_dataset(), loader, workers])
def test_a_pipeline_is_resumed_exactly_and_leaves_no_process(descent, tmp_path, make):
    problem, solver = Mean(Iterated(make(), memory=FOUR)), descent(0.1)
    whole = px.solve(problem, solver, steps=20)
    px.solve(problem, solver, steps=6, out=tmp_path)
    resumed = px.resume(tmp_path, steps=20, problem=problem, solver=solver)
    np.testing.assert_array_equal(resumed.series["loss"], whole.series["loss"])
    by_hand = jax.tree.leaves([batch for batch, _ in zip(make(), range(20), strict=False)])
    listed = px.solve(Mean(Iterated(by_hand)), solver, steps=20)
    np.testing.assert_array_equal(listed.unknowns, whole.unknowns)
    assert not multiprocessing.active_children()
