"""Resuming what ended badly, or beyond what there is."""

import jax.numpy as jnp
import numpy as np
import pytest

import plugax as px


def test_resuming_a_failed_run_repeats_no_row_of_its_history(cliff, descent, tmp_path):
    parts = {"problem": cliff(), "solver": descent(0.25)}
    failed = px.solve(*parts.values(), steps=50, out=tmp_path)
    for _ in range(2):
        again = px.resume(tmp_path, **parts)
        assert (again.status, again.steps) == (failed.status, failed.steps)
        np.testing.assert_array_equal(again.series["loss"], failed.series["loss"])


def test_a_failure_at_the_first_step_resumed_gives_back_what_was_resumed(cliff, descent, tmp_path):
    # u grows by 0.25 a step from 1, so the loss after 5 steps is NaN, which no step has seen yet.
    parts = {"problem": cliff(), "solver": descent(0.25)}
    before = px.solve(*parts.values(), steps=5, out=tmp_path)
    after = px.resume(tmp_path, steps=10, **parts)
    assert after.status.name == "non-finite"
    assert "step 5; it was not finite at the start already" in after.status.message
    assert after.steps == before.steps == 5
    np.testing.assert_array_equal(after.unknowns, before.unknowns)
    np.testing.assert_array_equal(after.series["loss"], before.series["loss"])


def test_a_run_cannot_be_resumed_beyond_its_data(descent, tmp_path):
    class Track(px.AbstractProblem):
        @property
        def data(self):
            return px.Sequence(jnp.arange(6.0))

        def init(self, key):
            return jnp.zeros(1)

        def loss(self, unknowns, batch, key):
            return jnp.sum((unknowns - batch) ** 2), {}

    px.solve(Track(), descent(), steps=3, out=tmp_path)
    with pytest.raises(px.PlugaxError, match="9 steps were asked for, but the data last for 6"):
        px.resume(tmp_path, steps=9, problem=Track(), solver=descent())
