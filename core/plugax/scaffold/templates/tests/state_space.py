"""What the problem `NEW_name` promises besides the laws of every state-space problem."""

import jax
import plugax as px


def test_a_filter_is_closer_to_the_truth_than_observations_are():
    with jax.enable_x64(True):
        solution = px.solve("NEW_plugin:NEW_name", "etkf", members=20, seed=0)
    assert solution.status.success
    assert solution.metrics["analysis_rmse"] < 0.5
