"""What `NEW_name` promises besides the laws of its kind."""

import jax
import plugax as px

NAME = "NEW_plugin:NEW_name"


def test_a_filter_is_closer_to_the_truth_than_observations_are():
    with jax.enable_x64(True):
        solution = px.solve(NAME, "etkf", members=20, seed=0)
    assert solution.status.success
    assert solution.metrics["analysis_rmse"] < 0.5
