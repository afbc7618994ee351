"""What `NEW_name` promises besides the laws of its kind."""

import plugax as px

NAME = "NEW_plugin:NEW_name"


def test_it_is_solved_by_name():
    solution = px.solve(NAME, seed=0)
    assert solution.status.success
    assert solution.metrics["distance"] < 1e-2
