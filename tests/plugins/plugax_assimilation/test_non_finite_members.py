"""A member that is no longer finite stops the run, or is replaced and counted."""

import jax.numpy as jnp
import jax.random as jr
import numpy as np
import pytest

import plugax as px
from plugax_assimilation._etkf import ETKF
from plugax_assimilation._replacement import replaced

pytestmark = pytest.mark.usefixtures("x64")


def fragile():
    """A model that runs away where the state is large, as time steps do that are too long."""
    return px.StateSpace(
        lambda t, x: jnp.where(jnp.max(jnp.abs(x)) > 2.5, jnp.inf, 1.1 * x[::-1]),
        np.arange(1.0, 31.0),
        np.random.default_rng(0).normal(size=(30, 2)),
        lambda t, x: x,
        px.ScalarCovariance(1.0, 2),
        px.Gaussian(jnp.zeros(2), px.ScalarCovariance(1.2, 2)),
        dt=1.0,
        integrator="map",
    )


def test_the_run_stops_and_says_where():
    solution = px.solve(fragile(), ETKF(members=30))
    assert not solution.status.success
    assert solution.steps < 30
    # The message names the step and the metric.
    assert "step" in solution.status.message
    assert "loss" in solution.status.message
    assert np.isfinite(solution.unknowns).all()


@pytest.mark.parametrize("lag", [0, 2])
def test_members_are_replaced_and_counted(lag):
    solution = px.solve(fragile(), ETKF(members=30, non_finite="replace", lag=lag, keep="members"))
    assert solution.status.success
    assert solution.steps == 30
    assert np.isfinite(solution.series["analysis"]).all()
    counts = solution.series["replaced_members"]
    assert counts[0] > 0
    assert solution.metrics["replaced_members"] == counts.sum()
    # Copies part again, by rotation.
    last = solution.series["analysis"][-1]
    assert len(np.unique(np.round(last, 9), axis=0)) == 30


def test_unsound_members_become_copies_of_sound_ones():
    ensemble = jr.normal(jr.key(0), (8, 3))
    ensemble = ensemble.at[1, 0].set(jnp.nan).at[4].set(jnp.inf).at[6, 2].set(1e200)
    found, count = replaced(ensemble, jr.key(1))
    assert int(count) == 3  # the square of the last overflows
    sound = [0, 2, 3, 5, 7]
    np.testing.assert_array_equal(found[np.array(sound)], ensemble[np.array(sound)])
    for row in (1, 4, 6):
        assert any((found[row] == ensemble[one]).all() for one in sound)


def test_where_no_member_is_sound_the_run_stops():
    lost = jnp.full((4, 3), jnp.nan)
    found, count = replaced(lost, jr.key(0))
    assert int(count) == 4
    assert np.isnan(found).all()
